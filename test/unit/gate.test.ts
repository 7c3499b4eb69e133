// Which data a process serves, learned from a real Redis. Only the clock of the process is ours: it stands still unless
// a test moves it.

import { Redis } from 'ioredis';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  type MockInstance,
  vi,
} from 'vitest';
import { createGate, type Gate } from '../../src/store/gate.js';
import { StoreUnavailable } from '../../src/store/unavailable.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const EPOCH = 'invited:{0}:epoch';
const ASK_EVERY_MS = 50;
const ADOPT_AFTER_MS = 5000;

let server: LocalRedis;
let redis: Redis;
let asked: MockInstance;
let gate: Gate;

beforeAll(async () => {
  server = await startLocalRedis([]);
  redis = new Redis(server.url, { protocol: 2 });
  await redis.ping();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  vi.useFakeTimers({ toFake: ['performance'] });
  asked = vi.spyOn(redis, 'get');
  gate = createGate(redis);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (ms: number) => vi.advanceTimersByTime(ms);
const outcome = (learned: Promise<string>) =>
  learned.catch((error: unknown) => (error instanceof StoreUnavailable ? error.kind : error));

/** A script was answered "closed"; the epoch that is served once Redis has been asked about it. */
async function closed(): Promise<string | null> {
  const questions = asked.mock.results.length;
  gate.noteClosed(0);
  for (const { value } of asked.mock.results.slice(questions)) await value;
  // What follows upon the answer is done in the turns right behind it.
  await new Promise((resolve) => setImmediate(resolve));
  return gate.epoch;
}

describe('a gate', () => {
  it('learns the epoch of its Redis, once', async () => {
    await redis.set(EPOCH, 'one');
    expect(gate.epoch).toBeNull();
    expect(await gate.learn(0)).toBe('one');
    expect(gate.epoch).toBe('one');
    later(60_000);
    expect(await gate.learn(0)).toBe('one');
    expect(asked).toHaveBeenCalledTimes(1);
    expect(asked).toHaveBeenCalledWith(EPOCH);
  });

  it('asks once for all who come at the same time', async () => {
    await redis.set(EPOCH, 'one');
    expect(await Promise.all([gate.learn(0), gate.learn(0), gate.learn(0)])).toEqual(['one', 'one', 'one']);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('is closed where there is no epoch, and asks again 50 ms behind the answer, not before', async () => {
    expect(await outcome(gate.learn(0))).toBe('down');
    expect(gate.epoch).toBeNull();
    await redis.set(EPOCH, 'one');
    later(ASK_EVERY_MS - 1);
    expect(await Promise.all([gate.learn(0), gate.learn(0)].map(outcome))).toEqual(['down', 'down']);
    expect(asked).toHaveBeenCalledTimes(1);
    later(1);
    expect(await outcome(gate.learn(0))).toBe('one');
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('says so where Redis is away, and asks again', async () => {
    const away = new Redis(server.url, { protocol: 2, enableOfflineQueue: false, lazyConnect: true });
    const gateOfIt = createGate(away);
    expect(await outcome(gateOfIt.learn(0))).toBe('down');
    await redis.set(EPOCH, 'one');
    await until('the client is connected', () => away.status === 'ready');
    later(ASK_EVERY_MS);
    expect(await outcome(gateOfIt.learn(0))).toBe('one');
    away.disconnect();
  });

  it('serves its epoch on while the journal is closed, and asks every 50 ms at most', async () => {
    await redis.set(EPOCH, 'one');
    await gate.learn(0);
    await redis.del(EPOCH);
    expect(await closed()).toBe('one');
    expect(asked).toHaveBeenCalledTimes(1);
    later(ASK_EVERY_MS);
    for (let at = 0; at < 3; at += 1) expect(await closed()).toBe('one');
    expect(asked).toHaveBeenCalledTimes(2);
    for (let passed = 0; passed <= 3 * ADOPT_AFTER_MS; passed += 500) {
      later(500);
      expect(await closed()).toBe('one');
    }
    expect(await gate.learn(0)).toBe('one');
  });

  it('adopts another epoch when that has been there for more than 5 s, and no sooner', async () => {
    await redis.set(EPOCH, 'one');
    await gate.learn(0);
    await redis.set(EPOCH, 'two');
    later(ASK_EVERY_MS);
    expect(await closed()).toBe('one');
    later(ADOPT_AFTER_MS);
    expect(await closed()).toBe('one');
    later(ASK_EVERY_MS);
    expect(await closed()).toBe('two');
    expect(await gate.learn(0)).toBe('two');
  });

  it.each([
    ['closed', null],
    ['its own again', 'one'],
    ['a third one', 'three'],
  ])('begins anew to wait where another epoch was %s in between', async (_, between) => {
    await redis.set(EPOCH, 'one');
    await gate.learn(0);
    await redis.set(EPOCH, 'two');
    later(ASK_EVERY_MS);
    expect(await closed()).toBe('one');
    later(ADOPT_AFTER_MS - ASK_EVERY_MS);
    if (between === null) await redis.del(EPOCH);
    else await redis.set(EPOCH, between);
    expect(await closed()).toBe('one');
    await redis.set(EPOCH, 'two');
    later(ASK_EVERY_MS);
    expect(await closed()).toBe('one');
    later(ADOPT_AFTER_MS);
    expect(await closed()).toBe('one');
    later(ASK_EVERY_MS);
    expect(await closed()).toBe('two');
  });

  it('is not troubled by a Redis that goes while it asks about another epoch', async () => {
    const other = await startLocalRedis([]);
    const client = new Redis(other.url, {
      protocol: 2,
      enableOfflineQueue: false,
      retryStrategy: () => null,
    });
    client.on('error', () => {});
    await until('the client is connected', () => client.status === 'ready');
    await client.set(EPOCH, 'one');
    const gateOfIt = createGate(client);
    await gateOfIt.learn(0);
    await other.stop();
    later(ASK_EVERY_MS);
    gateOfIt.noteClosed(0);
    await until('the connection has ended', () => client.status === 'end');
    later(ASK_EVERY_MS);
    gateOfIt.noteClosed(0);
    // A rejection that nobody handles would fail the run.
    await new Promise((resolve) => setImmediate(resolve));
    expect(gateOfIt.epoch).toBe('one');
  });
});
