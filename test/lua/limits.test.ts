// Buckets: what a window holds, when it begins and ends, and that nothing of it stays. The clock is the test's.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLimitStore, type LimitStore } from '../../src/store/limits.js';
import { createScripts } from '../../src/store/scripts.js';
import { newId, type Reply, World, worlds } from './world.js';

const WINDOW_MS = 10_000;
const LIMIT = 3;
/** In the middle of a window of the clock, and of an hour to come: what ends then is still there. */
const NOON_MS = Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 1_805_000;

describe.each(worlds)('limits-take.lua on a %s server', (kind) => {
  let world: World;
  let limits: LimitStore;
  let who: string;
  beforeAll(async () => {
    world = await World.open(kind, false);
    limits = createLimitStore(createScripts(world.redis, kind !== 'single'), kind !== 'single', 10_000);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.redis.flushall();
    who = newId();
  });

  const at = (nowMs: number, points: 1 | 0 | -1, callers = who, times = ''): Promise<Reply> =>
    world.atTime(nowMs, who, 'limits-take', 'test', points, LIMIT, WINDOW_MS, '', 0, callers, times);
  /** What one had taken before, and when his window ends. */
  const counted = (nowMs: number, ...entries: readonly string[]) => ['counted', nowMs, entries.join(' '), ''];

  it('begins a window with the first request, and counts to the limit and no further', async () => {
    const ends = NOON_MS + WINDOW_MS;
    expect(await at(NOON_MS, 1)).toEqual(counted(NOON_MS));
    for (const [later, before] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 3],
      [9_999, 3],
    ] as const) {
      expect(await at(NOON_MS + later, 1)).toEqual(counted(NOON_MS + later, `1:${before}:${ends}`));
    }
  });

  it('begins the next window when that has ended, to the millisecond, wherever the clock stands', async () => {
    for (const begins of [NOON_MS, NOON_MS + 4_999, NOON_MS + 5_000, NOON_MS + 5_001]) {
      await world.redis.flushall();
      for (const earlier of [0, 1, 2]) await at(begins + earlier, 1);
      const ends = begins + WINDOW_MS;
      expect(await at(ends - 1, 0)).toEqual(counted(ends - 1, `1:3:${ends}`));
      expect(await at(ends, 0)).toEqual(counted(ends));
      expect(await at(ends, 1)).toEqual(counted(ends));
      expect(await at(ends, 1)).toEqual(counted(ends, `1:1:${ends + WINDOW_MS}`));
    }
  });

  it('only looks, and leaves nothing of that', async () => {
    expect(await at(NOON_MS, 0)).toEqual(counted(NOON_MS));
    expect(await world.redis.dbsize()).toBe(0);
  });

  it('gives back down to nothing, and never below', async () => {
    expect(await at(NOON_MS, -1)).toEqual(counted(NOON_MS));
    await at(NOON_MS, 1, who, '2');
    expect(await at(NOON_MS + 1, -1)).toEqual(counted(NOON_MS + 1, `1:2:${NOON_MS + WINDOW_MS}`));
    await at(NOON_MS + 2, -1, who, '5');
    expect(await at(NOON_MS + 3, 0)).toEqual(counted(NOON_MS + 3));
  });

  it('gives back what was taken in the last window of the clock', async () => {
    await at(NOON_MS, 1);
    const later = NOON_MS + WINDOW_MS - 1;
    expect(await at(later, -1)).toEqual(counted(later, `1:1:${NOON_MS + WINDOW_MS}`));
    expect(await at(later, 0)).toEqual(counted(later));
  });

  it('takes for many at once, for each as often as told', async () => {
    const [other, third] = [`${who}|b`, `${who}|c`];
    const ends = NOON_MS + WINDOW_MS;
    await at(NOON_MS, 1, other);
    expect(await at(NOON_MS, 1, `${who} ${other} ${third}`, '2 1 7')).toEqual(
      counted(NOON_MS, `2:1:${ends}`),
    );
    expect(await at(NOON_MS, 0, `${who} ${other} ${third}`)).toEqual(
      counted(NOON_MS, `1:2:${ends}`, `2:2:${ends}`, `3:3:${ends}`),
    );
  });

  it('looks into another bucket of the same one in the same step', async () => {
    const take = (beside: string, callers: string) =>
      world.atTime(NOON_MS, who, 'limits-take', 'test', 1, LIMIT, WINDOW_MS, beside, 60_000, callers, '');
    expect(await take('other', `${who}|a`)).toEqual(['counted', NOON_MS, '', '']);
    await world.atTime(NOON_MS, who, 'limits-take', 'other', 1, 9, 60_000, '', 0, who, '4');
    const stands = `1:4:${NOON_MS + 60_000}`;
    expect(await take('other', `${who}|b`)).toEqual(['counted', NOON_MS, '', stands]);
    expect(await take('', `${who}|c`)).toEqual(['counted', NOON_MS, '', '']);
    // It only looked.
    expect(await take('other', `${who}|d`)).toEqual(['counted', NOON_MS, '', stands]);
  });

  it('has two hashes of a bucket at most, and each of them ends by itself', async () => {
    const nowMs = Date.now();
    for (let window = 0; window < 5; window += 1) {
      await at(nowMs + window * WINDOW_MS, 1, newId());
      const keys = await world.redis.keys('*');
      expect(keys.length).toBe(Math.min(2, window + 1));
      for (const key of keys) {
        expect(key).toMatch(/^invited:\{\d+\}:limits:test:\d+$/);
        expect(await world.redis.pexpiretime(key)).toBeLessThanOrEqual(nowMs + (window + 5) * WINDOW_MS);
        expect(await world.redis.pttl(key)).toBeGreaterThan(0);
      }
    }
  });

  it('is asked while the journal is closed too, and writes nothing that tells of it', async () => {
    // Since beforeEach there is no epoch.
    await at(NOON_MS, 1);
    expect((await world.redis.keys('*')).filter((key) => !key.includes(':limits:'))).toEqual([]);
  });

  it('lets exactly as many through as a window holds, whoever of many asks at the same time', async () => {
    const take = { bucket: 'exact', points: 1, limit: 100, windowMs: 60_000, beside: null } as const;
    const second = createLimitStore(createScripts(world.redis, kind !== 'single'), kind !== 'single', 10_000);
    const callers = [newId(), newId(), newId()];
    const asked = Array.from({ length: 900 }, (_, number) => {
      const caller = callers[number % 3] ?? '';
      const store = number % 2 === 0 ? limits : second;
      return store.take(take, caller).then(({ count }) => ({ caller, count }));
    });
    const all = await Promise.all(asked);
    for (const caller of callers) {
      const counts = all.filter((one) => one.caller === caller).map(({ count }) => count);
      expect(counts.filter((count) => count <= 100).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 100 }, (_, number) => number + 1),
      );
      expect(counts.filter((count) => count > 100)).toEqual(new Array(200).fill(101));
    }
  });
});
