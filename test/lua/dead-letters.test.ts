// The dead letters: kept once each, bounded, listed by pages, taken away. On servers of their own, which they are emptied on.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDeadLetters, type DeadLetter, type DeadLetters } from '../../src/store/dead-letters.js';
import { createStore } from '../../src/store/store.js';
import { StoreUnavailable } from '../../src/store/unavailable.js';
import { World, worlds } from './world.js';

describe.each(worlds)('dead-letter-put.lua, -list.lua and -remove.lua on a %s server', (kind) => {
  let world: World;
  let letters: DeadLetters;
  let few: DeadLetters;
  beforeAll(async () => {
    world = await World.open(kind, false);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.redis.flushall();
    await world.redis.set('invited:{0}:epoch', 'tests');
    const store = createStore(world.redis, { isCluster: kind !== 'single', waitingMax: 1000 });
    letters = store.deadLetters;
    few = createDeadLetters(store.scripts, 3);
  });

  const letter = (eventId: string, changes: Partial<DeadLetter> = {}): DeadLetter => ({
    ...{
      consumer: 'webhook:1',
      url: 'https://one.example/hook',
      eventId,
      type: 'INVITE_ACCEPT',
      guildId: '7',
    },
    ...{ json: `{"id":"${eventId}","é":"\\u0000"}`, attempts: 10, reason: 'status 500' },
    ...changes,
  });
  const idsIn = async (from: DeadLetters) => (await from.list(null, 1000)).map(({ eventId }) => eventId);
  const known = async () => Object.keys(await world.redis.hgetall('invited:{0}:dead-letter-ids')).sort();

  it('keep each as it was put, with the time', async () => {
    expect(await letters.list(null, 10)).toEqual([]);
    expect(await letters.count()).toBe(0);
    const before = Date.now();
    const put = letter('a', { guildId: null });
    expect(await letters.put(put)).toEqual({ dropped: 0 });
    const [kept, ...others] = await letters.list(null, 10);
    expect(kept).toMatchObject(put);
    expect(others).toEqual([]);
    expect(kept?.atMs).toBeGreaterThanOrEqual(before - 5);
    expect(kept?.atMs).toBeLessThanOrEqual(Date.now() + 5);
    expect(await letters.count()).toBe(1);
  });

  it('keep one event once for each webhook, as it was put first', async () => {
    await letters.put(letter('a'));
    expect(await letters.put(letter('a', { reason: 'timed out' }))).toEqual({ dropped: 0 });
    await letters.put(letter('a', { consumer: 'webhook:2' }));
    const kept = await letters.list(null, 10);
    expect(kept.map(({ consumer, reason }) => [consumer, reason])).toEqual([
      ['webhook:1', 'status 500'],
      ['webhook:2', 'status 500'],
    ]);
  });

  it('are listed oldest first, page by page', async () => {
    const ids = Array.from({ length: 7 }, (_, at) => `event-${at}`);
    for (const id of ids) await letters.put(letter(id));
    const seen: string[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 10; pages += 1) {
      const page = await letters.list(after, 3);
      if (page.length === 0) break;
      seen.push(...page.map(({ eventId }) => eventId));
      after = page.at(-1)?.id ?? null;
    }
    expect(seen).toEqual(ids);
  });

  it('lose the oldest beyond the bound, and it is said', async () => {
    for (const id of ['a', 'b', 'c']) expect(await few.put(letter(id))).toEqual({ dropped: 0 });
    expect(await few.put(letter('b'))).toEqual({ dropped: 0 });
    expect(await few.put(letter('d'))).toEqual({ dropped: 1 });
    expect(await idsIn(few)).toEqual(['b', 'c', 'd']);
    expect(await known()).toEqual(['webhook:1 b', 'webhook:1 c', 'webhook:1 d']);
    // What went may come again.
    expect(await few.put(letter('a'))).toEqual({ dropped: 1 });
    expect(await idsIn(few)).toEqual(['c', 'd', 'a']);
  });

  it('come down to a bound that was larger before', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await letters.put(letter(id));
    expect(await few.put(letter('f'))).toEqual({ dropped: 3 });
    expect(await idsIn(few)).toEqual(['d', 'e', 'f']);
  });

  it('are gone once they are taken away, and may be put again', async () => {
    for (const id of ['a', 'b', 'c']) await letters.put(letter(id));
    const [a, , c] = await letters.list(null, 10);
    const gone = [a?.id ?? '', c?.id ?? '', '1-1'];
    await letters.remove(gone);
    await letters.remove(gone);
    await letters.remove([]);
    expect(await idsIn(letters)).toEqual(['b']);
    expect(await known()).toEqual(['webhook:1 b']);
    await letters.put(letter('a'));
    expect(await idsIn(letters)).toEqual(['b', 'a']);
  });

  it('leave nothing behind when the last is gone', async () => {
    await letters.put(letter('a'));
    await letters.remove((await letters.list(null, 10)).map(({ id }) => id));
    expect(await world.redis.exists('invited:{0}:dead-letter-ids')).toBe(0);
    expect(await letters.count()).toBe(0);
  });

  it('refuse what is out of range, and change nothing', async () => {
    await letters.put(letter('a'));
    const before = await world.everything();
    const at = (name: string, ...args: readonly (string | number)[]) => world.at('0', name, ...args);
    if (kind === 'single') {
      await expect(at('dead-letter-list', '', 1001)).rejects.toThrow('out of range');
      await expect(at('dead-letter-remove')).rejects.toThrow('out of range');
      await expect(at('dead-letter-put', ...Array(8).fill('b'), 0)).rejects.toThrow('out of range');
    }
    expect(await world.everything()).toEqual(before);
  });

  it('can not be had while the journal is closed', async () => {
    await letters.put(letter('a'));
    await world.redis.del('invited:{0}:epoch');
    await expect(letters.put(letter('b'))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(letters.list(null, 1)).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
