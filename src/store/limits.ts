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

/** Those who come first and at the same time get the same object. */
export interface Taken extends Count {
  /** How he stands there; null where nothing was to be looked into. */
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

/** All takes of a kind: each caller once, and where his takes are among those asked for, in order. */
type Group = Map<string, number[]>;

async function takeAll(
  scripts: Scripts,
  partition: Partition,
  takes: readonly Take[],
): Promise<readonly Taken[]> {
  const groups = new Map<TakeKind, Group>();
  takes.forEach(({ kind, caller }, place) => {
    const group = groups.get(kind) ?? new Map<string, number[]>();
    if (group.size === 0) groups.set(kind, group);
    const places = group.get(caller);
    if (places === undefined) group.set(caller, [place]);
    else places.push(place);
  });
  const args: Argument[] = [];
  for (const [{ bucket, points, limit, windowMs, beside }, group] of groups) {
    args.push(bucket, points, limit, windowMs, beside?.bucket ?? '', beside?.windowMs ?? 0);
    args.push([...group.keys()].join(' '), timesOf(group));
  }
  const reply = await scripts.run('limits-take', partition, args);
  const [status, nowMs, ...texts] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  if (status !== 'counted' || typeof nowMs !== 'number' || texts.length !== 2 * groups.size) {
    throw new StoreBug('limits-take: an unknown reply');
  }
  const taken: Taken[] = new Array(takes.length);
  let at = 0;
  for (const [kind, group] of groups) {
    giveOut(kind, group, nowMs, readCounts(texts[at], nowMs), readCounts(texts[at + 1], nowMs), taken);
    at += 2;
  }
  return taken;
}

/** How many takes each has; '' where all have one. */
function timesOf(group: Group): string {
  const times = [...group.values()].map((places) => places.length);
  return times.every((number) => number === 1) ? '' : times.join(' ');
}

/** From what each had before to what each of his takes has come to. */
function giveOut(
  { points, limit, windowMs, beside }: TakeKind,
  group: Group,
  nowMs: number,
  before: ReadonlyMap<number, Count>,
  besides: ReadonlyMap<number, Count>,
  taken: Taken[],
): void {
  const none: Count = { count: 0, nowMs, endsAtMs: nowMs + windowMs };
  const noneBeside = beside === null ? null : { count: 0, nowMs, endsAtMs: nowMs + beside.windowMs };
  const first: Taken = { ...none, count: Math.max(0, points), beside: noneBeside };
  let number = 0;
  for (const places of group.values()) {
    number += 1;
    const own = before.get(number);
    const other = besides.get(number);
    if (own === undefined && other === undefined && places.length === 1) {
      taken[places[0] ?? 0] = first;
      continue;
    }
    const from = own ?? none;
    places.forEach((place, earlier) => {
      const count = Math.min(limit + 1, Math.max(0, from.count + points * (earlier + 1)));
      taken[place] = { ...from, count, beside: other ?? noneBeside };
    });
  }
}

/** `<place>:<count>:<ms> …`, by their place. */
function readCounts(text: unknown, nowMs: number): ReadonlyMap<number, Count> {
  if (text === '') return NOBODY;
  const words = typeof text === 'string' ? text.split(' ') : [''];
  return new Map(
    words.map((word) => {
      const [place = 0, count = 0, endsAtMs = 0] = word.split(':').map(Number);
      if (!(place > 0 && count > 0 && endsAtMs > nowMs)) throw new StoreBug('limits-take: not a count');
      return [place, { count, nowMs, endsAtMs }];
    }),
  );
}

const NOBODY: ReadonlyMap<number, Count> = new Map();
