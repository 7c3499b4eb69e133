// Redis loses everything under load: emptied, or killed and started empty; and the jobs process may die while it fills it
// again. Meanwhile everyone is told to come back, and nobody that a live code is unknown. What may be lost is what was
// answered in the last moments and not yet copied, and no more can be sold twice than was lost.

import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO } from '../../src/demo/demo.js';
import { partitionOfId } from '../../src/invite/partition.js';
import { journalKey, partitionKey } from '../../src/store/journals.js';
import { dump } from '../support/dump.js';
import { isRunning, signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { IS_LONG, say } from './seed.js';
import { BACK_MAX_MS, FaultWorld, POSTGRES_PROGRAMS, START_MAX_MS } from './world.js';

const FILLING = IS_LONG ? { guilds: 125, capped: 799 } : { guilds: 20, capped: 150 };
const RESTORED_MAX_MS = IS_LONG ? 60_000 : 30_000;
const FILLED_MAX_MS = IS_LONG ? 300_000 : 60_000;
const TEST_MAX_MS = FILLED_MAX_MS + RESTORED_MAX_MS + 120_000;
const BEFORE_ANSWERS = 2000;
const EPOCH = journalKey(0, 'epoch');

describe.skipIf(POSTGRES_PROGRAMS === null)('a Redis that loses everything', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.open();
  }, START_MAX_MS);
  afterAll(() => world.close());
  afterEach(({ task }) => world.tellIfFailed(task.result?.state));

  /** All is filled and copied, and nobody asks yet. */
  const filled = async (): Promise<void> => {
    await world.fill(FILLING);
    const { code, out } = await world.verify('--watch', '--timeout', `${FILLED_MAX_MS / 1000}s`);
    expect(code, out).toBe(0);
  };

  /** Loses everything under load, by `lose`, and gets it back; what is said of it holds for each way. */
  const loseUnderLoad = async (what: string, lose: () => Promise<void>): Promise<void> => {
    await filled();
    // Invites that were made in the last moments could be lost with their codes.
    const load = world.startLoad({ renew: async () => null, repeats: false });
    await world.copiesOn();
    const enough = load.answered + BEFORE_ANSWERS + world.chance.below(500);
    await until('some load', () => load.answered >= enough, BACK_MAX_MS);
    const restoresBefore = world.logLines('restored from Postgres').length;
    await lose();
    const lostAt = Date.now();
    const isRestored = () => world.logLines('restored from Postgres').length > restoresBefore;
    await until('it is restored', isRestored, RESTORED_MAX_MS);
    await until('it is served again', () => world.isReady(), RESTORED_MAX_MS);
    say(`${what}: served again after ${Date.now() - lostAt} ms`);
    const more = load.answered + BEFORE_ANSWERS;
    await until('more load', () => load.answered >= more, BACK_MAX_MS);
    await load.stop();

    const sum = await world.settle(what);
    expect([...world.accounts.unknowns.keys()]).toEqual(['503']);
    expect(sum.oversold).toBeLessThanOrEqual(sum.lost.length);
    // Only what was asked before, and only what is newer than what Postgres said it has.
    const newestMs = Number(
      /"newestMs":(\d+)/.exec(world.logLines('restored from Postgres').at(-1) ?? '')?.[1],
    );
    expect(sum.lost.filter(({ sentAtMs }) => sentAtMs > lostAt)).toEqual([]);
    expect(sum.lost.filter(({ answeredAtMs }) => answeredAtMs < newestMs)).toEqual([]);
    expect(world.vanity).not.toBeNull();
    if (world.vanity !== null) {
      expect(await world.guildBehind(world.vanity.code)).toBe(world.vanity.guildId);
    }
  };

  const flush = (): Promise<void> => world.redis(async (redis) => void (await redis.flushall()));

  it(
    'has everything as it was before, when it was quiet, and no demo',
    async () => {
      await filled();
      const load = world.startLoad();
      await until('some load', () => load.answered >= BEFORE_ANSWERS, BACK_MAX_MS);
      await load.stop();
      await world.settle('before a quiet FLUSHALL');
      const before = await world.redis(dump);
      const epoch = await world.redis((redis) => redis.get(EPOCH));
      await flush();
      const isOpen = () => world.redis(async (redis) => (await redis.get(EPOCH)) === epoch);
      await until('the same epoch', isOpen, RESTORED_MAX_MS);
      const after = await world.redis(dump);
      expect(Object.keys(before).length).toBeGreaterThan(FILLING.guilds * FILLING.capped);
      const differing = Object.keys({ ...before, ...after }).filter(
        (key) => !isDeepStrictEqual(before[key], after[key]),
      );
      say(`restored against a dump: ${Object.keys(before).length} keys, ${differing.length} differ`);
      expect(differing.map((key) => [key, before[key], after[key]])).toEqual([]);
      await world.settle('after a quiet FLUSHALL');
      // One that would load the demo finds that this is somebody's.
      const other = await world.startHost({ INVITED_DEMO: '1' });
      try {
        for (const code of [DEMO.openCode, DEMO.vanityCode]) {
          expect((await other.api.get(`/api/v1/invites/${code}`)).status).toBe(404);
        }
      } finally {
        await other.stop();
      }
    },
    TEST_MAX_MS,
  );

  it(
    'by FLUSHALL, is filled from Postgres; no live code is called unknown, no more oversold than lost',
    () => loseUnderLoad('FLUSHALL', flush),
    TEST_MAX_MS,
  );

  it(
    'by kill -9 and an empty one in its place, is filled as well',
    () => loseUnderLoad('Redis killed and started empty', () => world.replaceRedis()),
    TEST_MAX_MS,
  );

  it(
    'is filled by the next jobs process, where one is killed half-way',
    () =>
      loseUnderLoad('jobs process killed while it restores', async () => {
        const guildId = world.open[0]?.guildId ?? '';
        const guild = `${partitionKey(partitionOfId(guildId))}guild:${guildId}`;
        const pid = await world.jobsPid();
        await world.session(async (client) => {
          // The invites come last: until this lets go of them, the restore stands in the middle.
          await client.query('begin');
          await client.query('lock table invited.invites in access exclusive mode');
          await flush();
          await until(
            'it is half full',
            () => world.redis((redis) => redis.exists(`${guild}:members`)),
            20_000,
          );
          const restoring = async () => (await world.metric('invited_recovery_state')) === 2;
          await until('the metrics say so', restoring, 10_000);
          expect(await world.redis((redis) => redis.exists(`${guild}:invites`, EPOCH))).toBe(0);
          expect(signal(pid, 'SIGKILL')).toBe(true);
          await until('it is gone', async () => !(await isRunning(pid)));
          await client.query('rollback');
        });
      }),
    TEST_MAX_MS,
  );
});
