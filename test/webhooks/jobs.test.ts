// The webhooks of the jobs process on a real Redis: who has them, the dead letters there, and how those are sent again. On a server of
// its own, whose dead letters no other test moves.

import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startWebhooks, type Webhooks } from '../../src/jobs/webhooks.js';
import { Secret } from '../../src/secret.js';
import { createStore, type Store } from '../../src/store/store.js';
import { StoreUnavailable } from '../../src/store/unavailable.js';
import { replay } from '../../src/webhooks/replay.js';
import { createSend } from '../../src/webhooks/send.js';
import { createSign } from '../../src/webhooks/sign.js';
import { targetOf } from '../../src/webhooks/target.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { type MemoryOutbox, outboxFor, Receiver, SECRET, type TestLog, testLog } from './world.js';

let server: LocalRedis;
let redis: Redis;
let store: Store;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startLocalRedis([]);
  redis = new Redis(server.url, { protocol: 2 });
});
afterAll(async () => {
  await redis.quit();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  await redis.set('invited:{0}:epoch', 'tests');
  store = createStore(redis, { isCluster: false, waitingMax: 1000 });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function receiver(...args: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const started = await Receiver.start(...args);
  cleanups.push(() => started.stop());
  return started;
}

function targetTo(url: string) {
  const target = targetOf(new Secret(url));
  return {
    target,
    send: createSend({
      url: target.url,
      sign: createSign(SECRET),
      timeoutMs: 2000,
      userAgent: 'invited/test',
    }),
  };
}

function start(holder: string, outbox: MemoryOutbox, urls: readonly string[]): Webhooks & { log: TestLog } {
  const log = testLog();
  const webhooks = startWebhooks({
    ...{ store: store.journal, journals: store.journals, deadLetters: store.deadLetters, holder, log },
    source: () => outbox,
    targets: urls.map(targetTo),
    attemptsMax: 1,
    isOutage: (error) => error instanceof StoreUnavailable,
  });
  cleanups.push(() => webhooks.stop());
  return { ...webhooks, log };
}

const again = (urls: readonly string[], eventId: string | null = null) => {
  const left: string[] = [];
  const replayed = replay({
    deadLetters: store.deadLetters,
    targets: urls.map(targetTo),
    eventId,
    onLeft: ({ eventId: id }, why) => void left.push(`${id} ${why}`),
  });
  return replayed.then((sum) => ({ ...sum, left: left.length === sum.left ? left : ['miscounted'] }));
};

describe('the webhooks of two jobs processes', () => {
  it('are those of one at a time, and of the other when that ends', async () => {
    const [one, two] = [await receiver(), await receiver()];
    const outbox = await outboxFor(one.url, two.url);
    outbox.add('1');
    const first = start('first', outbox, [one.url, two.url]);
    await until('the first has sent to both', () => first.figures().delivered === 2);
    const second = start('second', outbox, [one.url, two.url]);
    outbox.add('1');
    await until('the first has sent to both again', () => first.figures().delivered === 4);
    expect(await redis.get('invited:{0}:lease:webhooks')).toBe('first');
    expect(second.figures()).toEqual({ delivered: 0, failedAttempts: 0, outstanding: 0 });
    await first.stop();
    expect(first.figures().delivered).toBe(4);
    outbox.add('1');
    await until('the second goes on', () => second.figures().delivered === 2);
    expect([one.taken, two.taken]).toEqual(Array(2).fill(['1-0', '2-0', '3-0']));
    expect([first.log.lines, second.log.lines]).toEqual([[], []]);
  });

  it('go over when the lease is lost', async () => {
    const to = await receiver();
    const outbox = await outboxFor(to.url);
    const first = start('first', outbox, [to.url]);
    outbox.add('1');
    await until('it sends', () => first.figures().delivered === 1);
    await redis.set('invited:{0}:lease:webhooks', 'another');
    await until(
      'it has noticed',
      async () => {
        const reads = outbox.reads;
        await new Promise((resolve) => setTimeout(resolve, 1200));
        return outbox.reads === reads;
      },
      10_000,
    );
    outbox.add('1');
    await redis.del('invited:{0}:lease:webhooks');
    await until('it has them again', () => first.figures().delivered === 2);
    expect(to.taken).toEqual(['1-0', '2-0']);
  });

  it('say so, and try again, while there is no source', async () => {
    const log = testLog();
    const webhooks = startWebhooks({
      ...{ store: store.journal, journals: [0], deadLetters: store.deadLetters, holder: 'x', log },
      source: () => {
        throw new Error('not there yet');
      },
      targets: [targetTo('http://127.0.0.1:1/')],
      attemptsMax: 1,
      isOutage: (error) => error instanceof StoreUnavailable,
    });
    await until('it was tried twice', () => log.lines.length === 2);
    await webhooks.stop();
    expect(log.lines[0]).toBe('failed Error: not there yet');
  });
});

describe('dead letters in Redis', () => {
  it('are put there before the event counts as dealt with, and are sent again, signed, as they were', async () => {
    let isWell = false;
    const to = await receiver(({ guildId }) => (isWell || guildId === '2' ? 204 : 500));
    const url = `${to.url}?token=canary`;
    const outbox = await outboxFor(url);
    const { consumer } = targetOf(new Secret(url));
    for (const guildId of ['1', '2', '1']) outbox.add(guildId);
    const early: string[] = [];
    const checks: Promise<void>[] = [];
    outbox.onNote = (_, events) => {
      // Asked before anything that is put from now on.
      const kept = store.deadLetters.list(null, 10);
      const check = async (): Promise<void> => {
        const ids = new Set([...to.taken, ...(await kept).map(({ eventId }) => eventId)]);
        early.push(...events.map(({ id }) => id).filter((id) => !ids.has(id)));
      };
      checks.push(check());
    };
    const webhooks = start('first', outbox, [url]);
    await until('all are dealt with', () => outbox.noted(consumer) === 3, 10_000);
    await webhooks.stop();
    await Promise.all(checks);
    expect([checks.length > 0, early]).toEqual([true, []]);
    const letters = await store.deadLetters.list(null, 10);
    expect(letters.map((letter) => [letter.eventId, letter.reason, letter.url, letter.consumer])).toEqual([
      ['1-0', 'status 500', to.url, consumer],
      ['3-0', 'status 500', to.url, consumer],
    ]);
    const everything = await redis.dumpBuffer('invited:{0}:dead-letters');
    expect(everything?.toString('latin1')).not.toMatch(/canary|whsec/);

    expect(await again([url])).toEqual({ delivered: 0, left: ['1-0 status 500', '3-0 status 500'] });
    isWell = true;
    expect(await again([url], '9-0')).toEqual({ delivered: 0, left: [] });
    expect(await again([url], '3-0')).toEqual({ delivered: 1, left: [] });
    expect(await again([url])).toEqual({ delivered: 1, left: [] });
    expect(await again([url])).toEqual({ delivered: 0, left: [] });
    expect(to.taken).toEqual(['2-0', '3-0', '1-0']);
    expect(to.arrivals.at(-1)?.body).toBe(outbox.events[0]?.json);
  });

  it('stay where the settings name their URL no more, and where it fails, which is not asked for long', async () => {
    const [bad, good] = [await receiver(() => 500), await receiver()];
    const letter = { type: 'T', guildId: '1', json: '{"guild_id":"1"}', attempts: 3, reason: 'timed out' };
    const put = (url: string, eventId: string) => {
      const { consumer, shown } = targetOf(new Secret(url));
      return store.deadLetters.put({ ...letter, consumer, url: shown, eventId });
    };
    for (let at = 0; at < 250; at += 1) await put(bad.url, `bad-${at}`);
    await put(good.url, 'good');
    await put('http://gone.example/', 'gone');
    const { delivered, left } = await again([bad.url, good.url]);
    expect([delivered, left.length, bad.arrivals.length, good.taken]).toEqual([1, 251, 5, ['good']]);
    expect(left[4]).toBe('bad-4 status 500');
    expect(left[5]).toBe('bad-5 not tried: the URL fails');
    expect(left.at(-1)).toBe('gone INVITED_WEBHOOK_URLS has its URL no more');
    expect(await store.deadLetters.count()).toBe(251);
  });

  it('wait until Redis is there again', async () => {
    const to = await receiver(() => 410);
    const outbox = await outboxFor(to.url);
    const { consumer } = targetOf(new Secret(to.url));
    const webhooks = start('first', outbox, [to.url]);
    await until('it is at work', () => outbox.reads > 0);
    // Closed: every script is refused.
    await redis.del('invited:{0}:epoch');
    outbox.add('1');
    await until('it was sent', () => to.arrivals.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(outbox.noted(consumer)).toBe(0);
    await redis.set('invited:{0}:epoch', 'tests');
    await until('it is dealt with', () => outbox.noted(consumer) === 1, 15_000);
    expect((await store.deadLetters.list(null, 10)).map(({ eventId }) => eventId)).toEqual(['1-0']);
    expect([to.arrivals.length, webhooks.log.lines]).toEqual([1, ['gave up 1-0 1 status 410']]);
  });
});
