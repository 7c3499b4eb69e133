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
  /** Another bucket, to be looked into in the same step. */
  readonly beside: { readonly bucket: string; readonly windowMs: number } | null;
}

/** A count beyond the limit was refused. By the clock of Redis. */
export interface Count {
  readonly count: number;
  readonly nowMs: number;
  readonly endsAtMs: number;
}

/** Equal ones of a call are the same object. */
export interface Taken extends Count {
  readonly beside: Count | null;
}

export interface LimitStore {
  /**
   * @param caller whose bucket; without white space. In the one beside it, what is before the first `|` names him
   * @throws StoreUnavailable, StoreBug
   */
  take(kind: TakeKind, caller: string): Promise<Taken>;
}

interface Take {
  readonly kind: TakeKind;
  readonly caller: string;
}

/** Takes in one call. */
const BATCH_MAX = 512;
/** How long Redis is not asked after it could not be had: a request that waited for it here waits for it once more in its verb. */
const AWAY_MS = 1000;

/** @param waitingMax takes that may wait for Redis */
export function createLimitStore(scripts: Scripts, isCluster: boolean, waitingMax: number): LimitStore {
  const partition = ({ caller }: Take): Partition => (isCluster ? partitionOfId(nameOf(caller)) : 0);
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

/** All buckets of somebody lie together. */
function nameOf(caller: string): string {
  const end = caller.indexOf('|');
  return end === -1 ? caller : caller.slice(0, end);
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
  for (const [{ bucket, points, limit, windowMs, beside }, { callers }] of groups) {
    args.push(bucket, points, limit, windowMs, beside?.bucket ?? '', beside?.windowMs ?? 0, callers);
  }
  const reply = await scripts.run('limits-take', partition, args);
  const [status, nowMs, ...texts] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  if (status !== 'taken' || typeof nowMs !== 'number') throw new StoreBug('limits-take: an unknown reply');
  const taken: Taken[] = new Array(takes.length);
  let group = 0;
  for (const [{ beside }, { places }] of groups) {
    readTaken(texts[group], nowMs, beside !== null, places, taken);
    group += 1;
  }
  return taken;
}

/** A word for each place; `=` stands for the one before. */
function readTaken(
  text: unknown,
  nowMs: number,
  hasBeside: boolean,
  places: readonly number[],
  taken: Taken[],
): void {
  const words = typeof text === 'string' ? text.split(' ') : [];
  if (words.length !== places.length) throw new StoreBug('limits-take: not one word a take');
  let before: Taken | null = null;
  words.forEach((word, at) => {
    const numbers: readonly string[] = word === '=' ? [] : word.split(':');
    if (word !== '=') {
      if (numbers.length !== (hasBeside ? 4 : 2))
        throw new StoreBug('limits-take: not the numbers of a take');
      const beside = hasBeside ? countOf(numbers[2], nowMs, numbers[3]) : null;
      before = { ...countOf(numbers[0], nowMs, numbers[1]), beside };
    }
    if (before === null) throw new StoreBug('limits-take: like nothing');
    taken[places[at] ?? 0] = before;
  });
}

function countOf(number: string | undefined, nowMs: number, ends: string | undefined): Count {
  const count = Number(number);
  const endsAtMs = Number(ends);
  if (!(count >= 0 && endsAtMs > nowMs)) throw new StoreBug('limits-take: no count, or no time');
  return { count, nowMs, endsAtMs };
}
