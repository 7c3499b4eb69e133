// One bucket without its Redis: what is remembered of whom, how much of that, and what becomes of outages and bugs. The
// counter here is a plain function, since what is tested is when it is asked at all.

import { describe, expect, it } from 'vitest';
import { type Counter, Limiter } from '../../src/http/limits/limiter.js';

const BUCKET = { name: 'test', limit: 2, windowS: 600 };
const NOW_MS = 1_000_000;

class Outage extends Error {}

/** A limiter whose counter answers with `answer(how often it was asked)`. */
function limiterOver(answer: (asked: number) => ReturnType<Counter['take']>) {
  const bugs: unknown[] = [];
  const asked = { times: 0 };
  const counter: Counter = {
    take() {
      asked.times += 1;
      return answer(asked.times);
    },
  };
  const isUnavailable = (error: unknown): boolean => error instanceof Outage;
  const onBug = (error: unknown): void => void bugs.push(error);
  return { limiter: new Limiter(BUCKET, null, { counter, isUnavailable, onBug }), bugs, asked };
}

const counts = async (count: number) => ({ count, nowMs: NOW_MS, endsAtMs: NOW_MS + 5000, beside: null });
const isOver = async (limiter: Limiter, caller: string) => (await limiter.take(caller)).isOver;

describe('Limiter', () => {
  it('tells how one stands, by the clock of who counts', async () => {
    const { limiter } = limiterOver(counts);
    expect(await limiter.take('a')).toEqual({
      ...{ isOver: false, count: 1, remaining: 1, msLeft: 5000 },
      ...{ endsAtMs: NOW_MS + 5000, beside: null },
    });
    expect(await limiter.take('a')).toMatchObject({ isOver: false, count: 2, remaining: 0 });
    expect(await limiter.take('a')).toMatchObject({ isOver: true, remaining: 0, endsAtMs: NOW_MS + 5000 });
  });

  it('refuses one who is over the limit without asking again, and nobody else', async () => {
    const { limiter, asked } = limiterOver(() => counts(BUCKET.limit + 1));
    expect(await isOver(limiter, 'flood')).toBe(true);
    for (let times = 0; times < 1000; times += 1) expect(await isOver(limiter, 'flood')).toBe(true);
    expect(asked.times).toBe(1);
    await limiter.take('other');
    expect(asked.times).toBe(2);
  });

  it('remembers so for 10,000 of them, the newest', async () => {
    const { limiter, asked } = limiterOver(() => counts(BUCKET.limit + 1));
    for (let caller = 0; caller <= 10_000; caller += 1) await limiter.take(String(caller));
    const before = asked.times;
    await limiter.take('10000');
    expect(asked.times).toBe(before);
    await limiter.take('0');
    expect(asked.times).toBe(before + 1);
  });

  it('counts by itself during an outage, which is no bug', async () => {
    const { limiter, bugs } = limiterOver(() => Promise.reject(new Outage()));
    expect([await isOver(limiter, 'a'), await isOver(limiter, 'a'), await isOver(limiter, 'a')]).toEqual([
      ...[false, false, true],
    ]);
    expect(await isOver(limiter, 'b')).toBe(false);
    expect(await limiter.look('b')).toMatchObject({ isOver: false, count: 1, remaining: 1 });
    expect(bugs).toEqual([]);
  });

  it('counts 10,000 callers by itself and no more: the one who was longest away begins anew', async () => {
    const { limiter } = limiterOver(() => Promise.reject(new Outage()));
    await limiter.take('first');
    await limiter.take('first');
    for (let caller = 0; caller < 10_000; caller += 1) await limiter.take(String(caller));
    expect(await limiter.look('first')).toMatchObject({ isOver: false, count: 0 });
    expect(await limiter.look('9999')).toMatchObject({ count: 1 });
  });

  it('gives nothing back by itself that it did not count', async () => {
    const { limiter } = limiterOver(() => Promise.reject(new Outage()));
    limiter.giveBack('a');
    await limiter.look('a');
    expect([await isOver(limiter, 'a'), await isOver(limiter, 'a'), await isOver(limiter, 'a')]).toEqual([
      ...[false, false, true],
    ]);
  });

  it('tells of a bug, and goes on', async () => {
    const bug = new Error('not a count');
    const { limiter, bugs } = limiterOver(() => Promise.reject(bug));
    expect(await isOver(limiter, 'a')).toBe(false);
    expect(bugs).toEqual([bug]);
  });
});
