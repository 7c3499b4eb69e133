// Thousands of invites expire in one second: each is announced once, soon, and whoever accepts others hardly notices. So it is where
// the sweeper is killed half-way, and where Redis lost everything meanwhile.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accept } from '../support/directory.js';
import { snowflake, unusedCode } from '../support/ids.js';
import { isRunning, signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { allEvents, endsOf, KEEP_EVENTS, type SeenEvent } from './events.js';
import { IS_LONG, say } from './seed.js';
import { BACK_MAX_MS, FaultWorld, POSTGRES_PROGRAMS, START_MAX_MS } from './world.js';

const INVITES = IS_LONG ? 10_000 : 3000;
const GUILDS = 20;
/** From before the import to the end; the accepts before are measured in the last of it. */
const LIFE_MS = IS_LONG ? 20_000 : 5500;
const MAX_AGE_S = 60;
const LIFE_MAX_MS = MAX_AGE_S * 1000 - 1000;
/** Invites by which the import is timed. */
const TRIED = 200;
const READY_FIRST_MS = 7000;
/** Leaves the machine something to sweep with: all processes share its cores. */
const THINK_MS = 5;
const BEFORE_MS = 2000;
const SWEPT_MAX_MS = 20_000;
const EXPIRING = 'invited:{0}:expiring';
const TEST_MAX_MS = LIFE_MS + SWEPT_MAX_MS + 3 * BACK_MAX_MS;

describe.skipIf(POSTGRES_PROGRAMS === null)('invites that expire in one second', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.open(1, KEEP_EVENTS);
    await world.fill({ guilds: 10, capped: 0 });
  }, START_MAX_MS);
  afterAll(() => world.close());
  afterEach(({ task }) => world.tellIfFailed(task.result?.state));

  /** Imports them, all to end at one moment; gives codes and moment. */
  const makeAll = async (count: number, lifeMs: number) => {
    const guilds = Array.from({ length: GUILDS }, () => ({ id: snowflake(), channelId: snowflake() }));
    await world.import(
      guilds.flatMap(({ id, channelId }) => [
        { put: 'guild', id, name: 'A guild', owner_id: snowflake() },
        { put: 'channel', id: channelId, guild_id: id, name: 'general', type: 0, position: 0 },
      ]),
    );
    // None may end before all are there, however slow the machine is just now.
    const line = { put: 'invite', inviter_id: snowflake(), max_uses: 0, uses: 0, temporary: false };
    const triedAt = Date.now();
    await world.import(
      Array.from({ length: TRIED }, (_, index) => ({
        ...{ ...line, code: unusedCode(), channel_id: guilds[index % GUILDS]?.channelId, max_age: 0 },
        created_at: new Date(triedAt).toISOString(),
      })),
    );
    const neededMs = BEFORE_MS + (3 * count * (Date.now() - triedAt)) / TRIED;
    const endAtMs = Date.now() + Math.min(Math.max(lifeMs, neededMs), LIFE_MAX_MS);
    const codes = Array.from({ length: count }, () => unusedCode());
    await world.import(
      codes.map((code, index) => ({
        ...{ ...line, code, channel_id: guilds[index % GUILDS]?.channelId, max_age: MAX_AGE_S },
        created_at: new Date(endAtMs - MAX_AGE_S * 1000).toISOString(),
      })),
    );
    return { codes, endAtMs };
  };

  const reach = (ms: number): Promise<unknown> =>
    until('the moment', () => Date.now() >= ms, Math.max(0, ms - Date.now()) + 5000);
  /** Waits until so many are left to be swept, on one connection. */
  const untilLeft = (count: number): Promise<unknown> =>
    world.redis((redis) =>
      until(`${count} are left`, async () => (await redis.zcard(EXPIRING)) === count, SWEPT_MAX_MS),
    );

  const expectOnceEach = (codes: readonly string[], events: readonly SeenEvent[]): readonly SeenEvent[] => {
    const ends = endsOf(events);
    const own = codes.map((code) => ends.get(code) ?? []);
    expect(own.filter((of) => of.length !== 1)).toEqual([]);
    const flat = own.flat();
    expect(flat.filter(({ data }) => data['reason'] !== 'expired' || data['by'] !== null)).toEqual([]);
    return flat;
  };
  const lastAtMs = (events: readonly SeenEvent[]): number =>
    Math.max(...events.map(({ at }) => Date.parse(at)));

  it(
    'are all swept, once each, while others are accepted',
    async () => {
      const { codes, endAtMs } = await makeAll(INVITES, LIFE_MS);
      const load = world.startLoad({ connections: 16, thinkMs: THINK_MS, repeats: false });
      await reach(endAtMs - BEFORE_MS);
      const atStart = load.answered;
      load.enter('before');
      await reach(endAtMs);
      const atEnd = load.answered;
      load.enter('during');
      await untilLeft(0);
      const [sweptMs, during] = [Date.now() - endAtMs, load.answered - atEnd];
      await load.stop();
      const ends = expectOnceEach(codes, (await allEvents(world.host)).events);
      expect(ends.filter(({ at }) => Date.parse(at) < endAtMs)).toEqual([]);
      const [before, meanwhile] = [(atEnd - atStart) / BEFORE_MS, during / sweptMs];
      say(
        `${INVITES} invites expired in one moment: the last was announced after ${lastAtMs(ends) - endAtMs} ms, the first after ` +
          `${Math.min(...ends.map(({ at }) => Date.parse(at))) - endAtMs} ms; accepts ${(before * 1000).toFixed(0)}/s before, ` +
          `${(meanwhile * 1000).toFixed(0)}/s until then: ${(meanwhile / before).toFixed(2)} times; ` +
          `p99 ${load.p99Ms('before').toFixed(1)} ms before, ${load.p99Ms('during').toFixed(1)} ms until then`,
      );
      expect((await accept(world.host, codes[0] ?? '', snowflake())).status).toBe(404);
      await world.settle('while invites expired');
    },
    TEST_MAX_MS,
  );

  it(
    'are swept once each where the jobs process is killed half-way',
    async () => {
      const { codes, endAtMs } = await makeAll(INVITES, LIFE_MS / 2);
      await reach(endAtMs - 100);
      const pid = await world.jobsPid();
      const leftAtKill = await world.redis(async (redis) => {
        const deadline = endAtMs + SWEPT_MAX_MS;
        // As often as it can: a sweep takes a tenth of a second.
        while (Date.now() < deadline) {
          if ((await redis.zcard(EXPIRING)) === codes.length) continue;
          expect(signal(pid, 'SIGKILL')).toBe(true);
          await until('it is gone', async () => !(await isRunning(pid)));
          return redis.zcard(EXPIRING);
        }
        return null;
      });
      await untilLeft(0);
      const ends = expectOnceEach(codes, (await allEvents(world.host)).events);
      say(
        `jobs process killed in a sweep: ${leftAtKill} of ${codes.length} were left, ` +
          `the last was announced ${lastAtMs(ends) - endAtMs} ms after its end`,
      );
      expect(leftAtKill, 'it was killed too late').toBeGreaterThan(0);
      await world.settle('killed in a sweep');
    },
    TEST_MAX_MS,
  );

  it(
    'are announced once each where Redis was emptied meanwhile, and filled from Postgres',
    async () => {
      const { next } = await allEvents(world.host);
      const early = await makeAll(GUILDS * 5, 2000);
      const live = await makeAll(GUILDS, LIFE_MAX_MS);
      await reach(early.endAtMs);
      await untilLeft(live.codes.length);
      /** Those that end while Redis is empty, and the events before that. */
      const getReady = async (lifeMs: number): Promise<readonly [typeof live, readonly SeenEvent[]]> => {
        const made = await makeAll(GUILDS * 25, lifeMs);
        const { code, out } = await world.verify('--watch', '--timeout', '30s');
        expect(code, out).toBe(0);
        const { events } = await allEvents(world.host, next);
        // It took too long.
        if (Date.now() > made.endAtMs - 1000) return getReady(lifeMs * 2);
        return [made, events];
      };
      const [late, before] = await getReady(READY_FIRST_MS);
      expectOnceEach(early.codes, before);

      const restores = world.logLines('restored from Postgres').length;
      await world.session(async (client) => {
        // It can't be restored before they have ended.
        await client.query('begin');
        await client.query('lock table invited.invites in access exclusive mode');
        await world.redis((redis) => redis.flushall());
        await reach(late.endAtMs + 100);
        await client.query('rollback');
      });
      const isRestored = () => world.logLines('restored from Postgres').length > restores;
      await until('it is restored', isRestored, BACK_MAX_MS);
      await until('it is served again', () => world.isReady(), BACK_MAX_MS);
      await untilLeft(live.codes.length);
      const after = (await allEvents(world.host)).events;
      expectOnceEach([...early.codes, ...late.codes], [...before, ...after]);
      const ofLive = endsOf([...before, ...after]);
      expect(live.codes.filter((code) => ofLive.has(code))).toEqual([]);
      for (const code of live.codes.slice(0, 5)) {
        expect((await accept(world.host, code, snowflake())).status).toBe(200);
      }
      say(
        `${late.codes.length} invites that ended while Redis was empty: announced once each, ` +
          `and none of ${early.codes.length} again that had ended before`,
      );
    },
    TEST_MAX_MS,
  );
});
