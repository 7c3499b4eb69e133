// Two servers on one Redis and one Postgres: the jobs process that copies stands still for longer than its lease lasts,
// and goes on when the other has taken over. What it still meant to write must not count any more.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../src/jobs/leases.js';
import { freeze } from '../support/processes.js';
import { until } from '../support/until.js';
import { IS_LONG } from './seed.js';
import { BACK_MAX_MS, FaultWorld, POSTGRES_PROGRAMS, START_MAX_MS } from './world.js';

const FREEZES = IS_LONG ? 8 : 2;
/** Postgres ends a transaction that stands still only after so long; until then its journal is locked. */
const TAKE_OVER_MAX_MS = 45_000;
const MOMENT_MAX_MS = 1500;

describe.skipIf(POSTGRES_PROGRAMS === null)('two jobs processes', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.open(2);
    await world.fill({ guilds: 10, capped: 5 });
  }, START_MAX_MS);
  afterAll(() => world.close());
  afterEach(({ task }) => world.tellIfFailed(task.result?.state));

  /** Of the one that copies. */
  const holderPid = async (): Promise<number | null> => {
    const holder = await world.redis((redis) => redis.get('invited:{0}:lease:writer'));
    return holder === null ? null : Number(holder.split(':').at(-2));
  };

  it(
    'share the work, and one that is frozen beyond its lease spoils nothing when it goes on',
    async () => {
      const pids = await Promise.all(world.hosts.map((host) => world.jobsPid(host)));
      const load = world.startLoad();
      for (let time = 0; time < FREEZES; time += 1) {
        await world.copiesOn();
        const pid = await until('a holder', holderPid, BACK_MAX_MS);
        expect(pids).toContain(pid);
        const at = Date.now() + world.chance.below(MOMENT_MAX_MS);
        await until('the moment', () => Date.now() >= at);
        const thaw = await freeze(pid);
        const frozenAt = Date.now();
        try {
          const holder = async () => ((await holderPid()) ?? pid) !== pid;
          await until('another holder', holder, TAKE_OVER_MAX_MS);
          const from = await world.copiedTo();
          await until('its first copy', async () => (await world.copiedTo()) > from, TAKE_OVER_MAX_MS);
          const beyondLease = () => Date.now() - frozenAt > LEASE_MS + 1000;
          await until('the lease is long over', beyondLease, LEASE_MS * 2);
        } finally {
          thaw();
        }
      }
      await world.copiesOn();
      await load.stop();
      const sum = await world.settle(`jobs process frozen ${FREEZES} times`);
      expect([...world.accounts.unknowns]).toEqual([]);
      expect(sum).toMatchObject({ lost: [], oversold: 0 });
      expect(sum.committed).toBe(sum.acked);
    },
    FREEZES * 2 * TAKE_OVER_MAX_MS + 60_000,
  );
});
