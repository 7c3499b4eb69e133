// The relay against a receiver on a real socket: order, retries, dead letters, half-open, the window, and how it ends. Random runs print
// their seed; SEED=… runs one again.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { OutboxEvent } from '../../src/events/event-json.js';
import { until } from '../support/until.js';
import { outboxFor, Receiver, type RelayWorld, relayTo, seeded } from './world.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function receiver(...args: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const started = await Receiver.start(...args);
  cleanups.push(() => started.stop());
  return started;
}

function relay(...args: Parameters<typeof relayTo>): RelayWorld {
  const world = relayTo(...args);
  cleanups.push(() => world.relay.stop());
  return world;
}

function seedOf(): number {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  return seed;
}

const laneOf = ({ guildId, channelId }: OutboxEvent): string => guildId ?? `channel ${channelId}`;

/** By lane, each id once, at its first place. */
function firstsByLane(ids: readonly string[], events: readonly OutboxEvent[]) {
  const laneById = new Map(events.map((event) => [event.id, laneOf(event)]));
  const lanes: Record<string, string[]> = {};
  for (const id of new Set(ids)) {
    const lane = laneById.get(id) ?? 'unknown';
    lanes[lane] ??= [];
    lanes[lane].push(id);
  }
  return lanes;
}

const inOrder = (events: readonly OutboxEvent[]) =>
  firstsByLane(
    events.map(({ id }) => id),
    events,
  );

describe('a relay', () => {
  it('delivers what comes, notes it, and begins a new consumer with what comes from then on', async () => {
    const to = await receiver();
    const outbox = await outboxFor();
    outbox.add('1');
    const { relay: started, consumer, log } = relay(to.url, outbox);
    await until('it stands at the end', () => outbox.noted(consumer) === 1);
    outbox.add('1');
    outbox.add(null);
    await until('both are noted', () => outbox.noted(consumer) === 3);
    expect([...to.taken].sort()).toEqual(['2-0', '3-0']);
    expect(started.figures()).toEqual({ delivered: 2, failedAttempts: 0, outstanding: 0 });
    expect(log.lines).toEqual([]);
  });

  it('keeps the order of each guild under random failures and delays, and one at a time of each', async () => {
    const random = seeded(seedOf());
    const underWay = new Set<string>();
    const together: string[] = [];
    const to = await receiver(async ({ guildId }) => {
      const lane = guildId ?? 'group';
      if (underWay.has(lane)) together.push(lane);
      underWay.add(lane);
      await sleep(random() * 4);
      underWay.delete(lane);
      return random() < 0.2 ? ([500, 429, 302, 410][Math.floor(random() * 4)] ?? 500) : 200;
    });
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 600; at += 1) outbox.add(random() < 0.1 ? null : String(Math.floor(random() * 30)));
    const { consumer, letters } = relay(to.url, outbox, { attemptsMax: 100, random });
    await until('all are noted', () => outbox.noted(consumer) === 600, 20_000);
    expect(firstsByLane(to.taken, outbox.events)).toEqual(inOrder(outbox.events));
    expect(to.taken.length).toBe(600);
    expect(together).toEqual([]);
    expect(letters.kept).toEqual([]);
    const most = Math.max(...to.arrivals.map(({ atOnce }) => atOnce));
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(4);
  });

  it('lets no guild wait for another whose event fails', async () => {
    const to = await receiver(({ guildId }) => (guildId === '1' ? 500 : 204));
    const outbox = await outboxFor(to.url);
    for (const guildId of ['1', '1', '2', '3', '2']) outbox.add(guildId);
    relay(to.url, outbox, {
      attemptsMax: 4,
      pause: (_ms, stopping) => sleep(20, undefined, { signal: stopping }).catch(() => {}),
    });
    await until('the others have theirs', () => to.taken.length === 3);
    expect(to.taken.filter((id) => ['1-0', '2-0'].includes(id))).toEqual([]);
  });

  it('tries again after pauses that double, and goes on with the next event when it is taken', async () => {
    let failures = 4;
    const to = await receiver(() => {
      failures -= 1;
      return failures >= 0 ? 500 : 204;
    });
    const outbox = await outboxFor(to.url);
    outbox.add('1');
    outbox.add('1');
    const { consumer, pauses, relay: started } = relay(to.url, outbox, { random: () => 1 });
    await until('both are noted', () => outbox.noted(consumer) === 2);
    expect(to.arrivals.map(({ id }) => id)).toEqual(['1-0', '1-0', '1-0', '1-0', '1-0', '2-0']);
    // Looking for new events pauses for a second at most.
    expect(pauses.filter((ms) => ms > 1000)).toEqual([2000, 4000, 8000]);
    expect(started.figures()).toMatchObject({ delivered: 2, failedAttempts: 4 });
  });

  it('pauses for as long as the receiver asks, up to five minutes', async () => {
    const asks = ['7', '100000', 'Fri, 31 Dec 1999 23:59:59 GMT'];
    const to = await receiver((_, response) => {
      const retryAfter = asks.shift();
      if (retryAfter === undefined) return 204;
      response.writeHead(asks.length === 1 ? 503 : 429, { 'retry-after': retryAfter }).end();
      return null;
    });
    const outbox = await outboxFor(to.url);
    outbox.add('1');
    const { consumer, pauses } = relay(to.url, outbox, { random: () => 1 });
    await until('it is noted', () => outbox.noted(consumer) === 1);
    expect(pauses.filter((ms) => ms > 1000)).toEqual([7000, 300_000, 4000]);
  });

  it('gives an event up after its last attempt, keeps it first, and its guild goes on', async () => {
    const to = await receiver(({ id }) => (id === '1-0' ? 410 : 204));
    const outbox = await outboxFor(`${to.url}?token=canary`);
    const bad = outbox.add('1');
    outbox.add('1');
    const {
      consumer,
      letters,
      log,
      relay: started,
    } = relay(`${to.url}?token=canary`, outbox, { attemptsMax: 3 });
    letters.isAway = true;
    await until('it has been sent as often as it may', () => to.arrivals.length === 3);
    await sleep(50);
    expect([to.arrivals.length, outbox.noted(consumer), letters.kept]).toEqual([3, 0, []]);
    letters.isAway = false;
    await until('both are noted', () => outbox.noted(consumer) === 2);
    expect(letters.kept).toEqual([
      {
        ...{ consumer, url: to.url, eventId: bad.id, type: bad.type, guildId: '1', json: bad.json },
        ...{ attempts: 3, reason: 'status 410' },
      },
    ]);
    expect(log.lines).toEqual(['gave up 1-0 3 status 410']);
    expect(started.figures()).toEqual({ delivered: 1, failedAttempts: 3, outstanding: 0 });
    expect(JSON.stringify([letters.kept, log.lines])).not.toContain('canary');
  });

  it('sends one at a time while the URL fails as a whole, and many again once it does not', async () => {
    let isWell = false;
    const to = await receiver(async () => {
      await sleep(3);
      return isWell ? 204 : 500;
    });
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 100; at += 1) outbox.add(String(at));
    const { consumer, log, pauses } = relay(to.url, outbox, { attemptsMax: 100, random: () => 1 });
    await until('it has been tried for long', () => to.arrivals.length >= 30, 20_000);
    // Up to the fifth failure each that ended made room for another.
    const later = to.arrivals.slice(16 + 4);
    expect(Math.max(...later.map(({ atOnce }) => atOnce))).toBe(1);
    // Between them it rests, for half a minute at most: longer than that pauses only what has failed often by itself.
    expect(pauses).toEqual(expect.arrayContaining([8000, 16_000, 30_000]));
    isWell = true;
    const before = to.arrivals.length;
    await until('all are noted', () => outbox.noted(consumer) === 100, 20_000);
    expect(Math.max(...to.arrivals.slice(before + 1).map(({ atOnce }) => atOnce))).toBeGreaterThan(4);
    expect(log.lines).toEqual(['fails status 500', 'recovers']);
  });

  it('holds no more than a thousand events, however much there is', async () => {
    let isOpen = false;
    const to = await receiver(async ({ id }) => {
      if (id === '1-0') await until('it opens', () => isOpen, 20_000);
      return 204;
    });
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 1500; at += 1) outbox.add(String(at % 50));
    const { consumer, relay: started } = relay(to.url, outbox, { timeoutMs: 20_000 });
    // Every fiftieth is behind the one that hangs.
    await until('all that may go have gone', () => to.taken.length === 980, 20_000);
    await sleep(100);
    expect(to.taken.length).toBe(980);
    expect(started.figures().outstanding).toBe(20);
    expect(outbox.noted(consumer)).toBe(0);
    isOpen = true;
    await until('all are noted', () => outbox.noted(consumer) === 1500, 20_000);
    expect(to.taken.length).toBe(1500);
  });

  it('holds no more than 4 MiB, but lets one through that is larger', async () => {
    let isOpen = false;
    const to = await receiver(async () => {
      await until('it opens', () => isOpen, 20_000);
      return 204;
    });
    const outbox = await outboxFor(to.url);
    const json = (guildId: string, bytes: number) =>
      JSON.stringify({ guild_id: guildId, pad: 'x'.repeat(bytes) });
    for (let at = 0; at < 8; at += 1) outbox.add(String(at), { json: json(String(at), 1_000_000) });
    outbox.add('9', { json: json('9', 5_000_000) });
    outbox.add('9');
    const { consumer, relay: started } = relay(to.url, outbox, { timeoutMs: 20_000 });
    await until('what fits is under way', () => to.arrivals.length === 4);
    await sleep(100);
    expect([to.arrivals.length, started.figures().outstanding]).toEqual([4, 4]);
    isOpen = true;
    await until('all are noted', () => outbox.noted(consumer) === 10, 20_000);
  });

  it('has room again for what is delivered, although nothing can be noted yet', async () => {
    let isOpen = false;
    const to = await receiver(async ({ id }) => {
      if (id === '1-0') await until('it opens', () => isOpen, 20_000);
      return 204;
    });
    const outbox = await outboxFor(to.url);
    outbox.add('0');
    const pad = 'x'.repeat(1_000_000);
    for (let at = 1; at <= 12; at += 1) {
      outbox.add(String(at), { json: JSON.stringify({ guild_id: String(at), pad }) });
    }
    const { consumer } = relay(to.url, outbox, { timeoutMs: 20_000 });
    await until('all others are delivered', () => to.taken.length === 12);
    expect(outbox.noted(consumer)).toBe(0);
    isOpen = true;
    await until('all are noted', () => outbox.noted(consumer) === 13);
  });

  it('waits for Redis, and goes on where it was', async () => {
    const to = await receiver();
    const outbox = await outboxFor(to.url);
    outbox.isAway = true;
    outbox.add('1');
    const { consumer, log } = relay(to.url, outbox);
    await sleep(50);
    outbox.isAway = false;
    await until('the first is noted', () => outbox.noted(consumer) === 1);
    outbox.isAway = true;
    outbox.add('1');
    await sleep(50);
    expect(to.taken).toEqual(['1-0']);
    outbox.isAway = false;
    await until('the second is noted', () => outbox.noted(consumer) === 2);
    expect([to.taken, log.lines]).toEqual([['1-0', '2-0'], []]);
  });

  it('says that events were lost to it, and goes on behind them', async () => {
    const to = await receiver();
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 5; at += 1) outbox.add('1');
    outbox.trim(3);
    const { consumer, log } = relay(to.url, outbox);
    await until('all are noted', () => outbox.noted(consumer) === 5);
    expect([to.taken, log.lines]).toEqual([['4-0', '5-0'], [`gap ${to.url} 0`]]);
  });

  it('of one URL does not wait for a slow one of another', async () => {
    const slow = await receiver(() => null);
    const quick = await receiver();
    const outbox = await outboxFor(slow.url, quick.url);
    for (let at = 0; at < 300; at += 1) outbox.add(String(at % 40));
    const stuck = relay(slow.url, outbox);
    const { consumer } = relay(quick.url, outbox);
    await until('the quick one has all', () => outbox.noted(consumer) === 300);
    expect(quick.taken.length).toBe(300);
    expect(outbox.noted(stuck.consumer)).toBe(0);
  });
});

describe('the end of a relay', () => {
  it('waits for the requests under way, and notes them', async () => {
    const to = await receiver(async () => {
      await sleep(300);
      return 204;
    });
    const outbox = await outboxFor(to.url);
    outbox.add('1');
    outbox.add('1');
    const { relay: started, consumer } = relay(to.url, outbox);
    await until('it is under way', () => to.arrivals.length === 1);
    await started.stop();
    expect([to.taken, outbox.noted(consumer)]).toEqual([['1-0'], 1]);
    const before = [outbox.reads, outbox.notes, to.arrivals.length];
    await sleep(50);
    expect([outbox.reads, outbox.notes, to.arrivals.length]).toEqual(before);
  });

  it('comes within five seconds, whatever hangs, and nothing counts as dealt with that was not', async () => {
    const to = await receiver(({ id }) => (id === '1-0' ? 204 : null));
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 20; at += 1) outbox.add(String(at));
    const {
      relay: started,
      consumer,
      letters,
      log,
    } = relay(to.url, outbox, { timeoutMs: 60_000, attemptsMax: 1 });
    await until('all are under way', () => to.arrivals.length === 17);
    await until('the first is noted', () => outbox.noted(consumer) === 1);
    outbox.note = () => new Promise(() => {});
    const startedAt = performance.now();
    await started.stop();
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect([letters.kept, outbox.noted(consumer), log.lines]).toEqual([[], 1, []]);
  });

  it('leaves an event that could not be kept as a dead letter to whoever comes next', async () => {
    const to = await receiver(({ id }) => (id === '2-0' ? 500 : 204));
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 3; at += 1) outbox.add(String(at));
    const { relay: started, consumer, letters, log } = relay(to.url, outbox, { attemptsMax: 1 });
    letters.isAway = true;
    await until(
      'all were sent, and the first is noted',
      () => to.arrivals.length === 3 && outbox.noted(consumer) === 1,
    );
    await started.stop();
    expect([outbox.noted(consumer), log.lines]).toEqual([1, []]);
    letters.isAway = false;
    const next = relay(to.url, outbox, { attemptsMax: 1 });
    await until('all are noted', () => outbox.noted(consumer) === 3);
    expect([next.letters.kept.map(({ eventId }) => eventId), [...to.taken].sort()]).toEqual([
      ['2-0'],
      ['1-0', '3-0', '3-0'],
    ]);
  });

  it('comes at once while it pauses', async () => {
    const to = await receiver(() => 500);
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 10; at += 1) outbox.add(String(at));
    const { relay: started } = relay(to.url, outbox, {
      pause: (_, stopping) => sleep(600_000, undefined, { signal: stopping, ref: false }).catch(() => {}),
    });
    await until('it pauses', () => started.figures().failedAttempts === 10);
    const startedAt = performance.now();
    await started.stop();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe('a relay that is killed', () => {
  it('is followed by one that sends again at most its window, in order, and skips nothing', async () => {
    const random = seeded(seedOf());
    const to = await receiver(async () => {
      await sleep(random() * 3);
      return random() < 0.1 ? 500 : 204;
    });
    const outbox = await outboxFor(to.url);
    for (let at = 0; at < 1500; at += 1) outbox.add(String(Math.floor(random() * 25)));
    outbox.onNote = (_, events) => {
      const taken = new Set(to.taken);
      const early = events.filter(({ id }) => !taken.has(id));
      if (early.length > 0) throw new Error(`noted before it was taken: ${early[0]?.id}`);
    };
    const problems: string[] = [];
    let noted = 0;
    for (let round = 0; noted < 1500; round += 1) {
      if (round > 200) throw new Error('too many rounds');
      // From then on nothing that it does has an effect, nor does it hear of any.
      let isDead = false;
      const unlessDead = async <Result>(work: () => Promise<Result>): Promise<Result> =>
        isDead ? new Promise<never>(() => {}) : work();
      const {
        log,
        relay: killed,
        consumer,
      } = relayTo(
        to.url,
        {
          position: (name) => unlessDead(() => outbox.position(name)),
          read: (after, limit) => unlessDead(() => outbox.read(after, limit)),
          note: (name, upTo) => unlessDead(() => outbox.note(name, upTo)),
        },
        { attemptsMax: 100, random },
      );
      const takenBefore = to.taken.length;
      const dies = takenBefore + 50 + random() * 300;
      await until(
        'it dies or ends',
        () => to.taken.length >= dies || outbox.noted(consumer) === 1500,
        20_000,
      );
      isDead = true;
      problems.push(...log.lines.filter((line) => line.startsWith('failed')));
      // What is under way may still arrive; nobody notes it.
      await killed.stop();
      noted = outbox.noted(consumer);
      const again = to.taken.length - new Set(to.taken).size;
      expect(again).toBeLessThanOrEqual(1000 * round);
    }
    expect(firstsByLane(to.taken, outbox.events)).toEqual(inOrder(outbox.events));
    expect(problems).toEqual([]);
  }, 60_000);
});
