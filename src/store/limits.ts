// The batched script limits-take.lua: what all who come at the same time take from their buckets is counted by one call.

import { type Partition, partitionOfId } from '../invite/partition.js';
import { type Batcher, createBatcher, SOMEBODY } from './batcher.js';
import type { Argument, Scripts } from './scripts.js';
import { StoreBug, StoreUnavailable } from './unavailable.js';

/** A bucket, and what is done with it: one object for all takes of a kind, which are counted together. */
export interface TakeKind {
  readonly bucket: string;
  /** 1 takes one, 0 only looks, -1 gives one back. */
  readonly points: 1 | 0 | -1;
  /** How many a window holds. */
  readonly limit: number;
  readonly windowMs: number;
}

/** What somebody has taken. By the clock of Redis; a count beyond the limit was refused. */
export interface Taken {
  readonly count: number;
  readonly nowMs: number;
  readonly endsAtMs: number;
}

export interface LimitStore {
  /**
   * @param caller whose bucket; without white space
   * @throws StoreUnavailable, StoreBug
   */
  take(kind: TakeKind, caller: string): Promise<Taken>;
}

interface Take {
  readonly kind: TakeKind;
  readonly caller: string;
}

/** Takes in one call, of which a request makes two at most. */
const BATCH_MAX = 512;
/** How long Redis is not asked after it could not be had: a request that waited for it here waits for it once more in its verb. */
const AWAY_MS = 1000;

/** @param waitingMax takes that may wait for Redis */
export function createLimitStore(scripts: Scripts, isCluster: boolean, waitingMax: number): LimitStore {
  const partition = ({ caller }: Take): Partition => (isCluster ? partitionOfId(caller) : 0);
  let awayUntil: number | null = null;
  const isAway = (): boolean => {
    if (awayUntil !== null && performance.now() >= awayUntil) awayUntil = null;
    return awayUntil !== null;
  };
  const takes: Batcher<Take, Taken> = createBatcher({
    laneOf: partition,
    shareKey: () => null,
    async send(requests) {
      try {
        const [first] = requests;
        return await takeAll(scripts, first === undefined ? 0 : partition(first), requests);
      } catch (error) {
        if (error instanceof StoreUnavailable) awayUntil = performance.now() + AWAY_MS;
        throw error;
      }
    },
    batchMax: BATCH_MAX,
    callsMax: 1,
    waitingMax,
  });
  return {
    take: (kind, caller) =>
      // Whoever goes before he is answered has taken all the same.
      isAway() ? Promise.reject(new StoreUnavailable('down')) : takes.submit({ kind, caller }, SOMEBODY),
  };
}

async function takeAll(
  scripts: Scripts,
  partition: Partition,
  takes: readonly Take[],
): Promise<readonly Taken[]> {
  const groups = new Map<TakeKind, { callers: string; readonly places: number[] }>();
  takes.forEach(({ kind, caller }, place) => {
    const group = groups.get(kind);
    if (group === undefined) {
      groups.set(kind, { callers: caller, places: [place] });
    } else {
      group.callers += ` ${caller}`;
      group.places.push(place);
    }
  });
  const args: Argument[] = [];
  for (const [{ bucket, points, limit, windowMs }, { callers }] of groups) {
    args.push(bucket, points, limit, windowMs, callers);
  }
  const reply = await scripts.run('limits-take', partition, args);
  const [status, nowMs, ...texts] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  if (status !== 'taken' || typeof nowMs !== 'number') throw new StoreBug('limits-take: an unknown reply');
  const taken: Taken[] = new Array(takes.length);
  let group = 0;
  for (const { places } of groups.values()) {
    readTaken(texts[group], nowMs, places, taken);
    group += 1;
  }
  return taken;
}

/** `<count> <ms> <count> <ms> …`, two for each place. */
function readTaken(text: unknown, nowMs: number, places: readonly number[], taken: Taken[]): void {
  const words = typeof text === 'string' ? text.split(' ') : [];
  if (words.length !== 2 * places.length) throw new StoreBug('limits-take: not two numbers a take');
  places.forEach((place, at) => {
    const count = Number(words[2 * at]);
    const endsAtMs = Number(words[2 * at + 1]);
    if (!(count >= 0 && endsAtMs > nowMs)) throw new StoreBug('limits-take: no count, or no time');
    taken[place] = { count, nowMs, endsAtMs };
  });
}
