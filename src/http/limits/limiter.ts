// One bucket, as rate-limiter-flexible counts it: in Redis for all processes together, in memory while Redis can't be
// had. What is its own here: that many takes are one call (store/limits.ts), and that all it keeps has a maximum.

import { LRUCache } from 'lru-cache';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterStoreAbstract,
} from 'rate-limiter-flexible';
import type { Bucket } from './buckets.js';

// The package exports the type of this class, but itself only as what its limiters are made from.
const StoreLimiter = Object.getPrototypeOf(RateLimiterRedis) as typeof RateLimiterStoreAbstract;

/** Counts what everybody takes, for all processes (store/limits.ts). */
export interface Counter {
  take(kind: TakeKind, caller: string): Promise<Taken>;
}

interface TakeKind {
  readonly bucket: string;
  /** 1 takes one, 0 only looks, -1 gives one back. */
  readonly points: 1 | 0 | -1;
  readonly limit: number;
  readonly windowMs: number;
  /** Another bucket, to be looked into in the same step. */
  readonly beside: { readonly bucket: string; readonly windowMs: number } | null;
}

/** A count beyond the limit was refused. Both times by the same clock. */
interface Count {
  readonly count: number;
  readonly nowMs: number;
  readonly endsAtMs: number;
}

interface Taken extends Count {
  readonly beside: Count | null;
}

export interface LimiterOptions {
  readonly counter: Counter;
  /** Is this error an outage, rather than a bug? */
  readonly isUnavailable: (error: unknown) => boolean;
  readonly onBug: (error: unknown) => void;
}

/** How somebody stands after his request. */
export interface Standing {
  /** He was refused; behind a mere look: he would be. */
  readonly isOver: boolean;
  readonly count: number;
  readonly remaining: number;
  /** Until his window ends. */
  readonly msLeft: number;
  /** When it ends, ms since the epoch. */
  readonly endsAtMs: number;
  /** How he stands in the bucket beside this one; null: that was not looked into. */
  readonly beside: Standing | null;
}

/**
 * Of one bucket a process remembers as many callers who are over its limit, and counts as many itself while Redis is
 * away: of some 300 bytes each. The least recent are forgotten.
 */
const KEPT_MAX = 10_000;
/** How long at most one who is over the limit is refused without asking Redis. */
const REMEMBERED_MS = 1000;

export class Limiter extends StoreLimiter {
  readonly #options: LimiterOptions;
  readonly #beside: Bucket | null;
  readonly #taking: TakeKind;
  readonly #looking: TakeKind;
  readonly #givingBack: TakeKind;
  readonly #over = new LRUCache<string, Over>({ max: KEPT_MAX });
  #lastTaken: Taken | null = null;
  #lastRes: StoredRes | null = null;

  /** @param beside a bucket to be looked into with each take: of the same caller, or of what is before the `|` in his name */
  constructor({ name, limit, windowS }: Bucket, beside: Bucket | null, options: LimiterOptions) {
    const common = { keyPrefix: '', points: limit, duration: windowS };
    super({ ...common, storeClient: null, insuranceLimiter: new BoundedMemory(common) });
    const kind = { bucket: name, limit, windowMs: windowS * 1000, beside: null };
    this.#options = options;
    this.#beside = beside;
    this.#taking = {
      ...{ ...kind, points: 1 },
      beside: beside === null ? null : { bucket: beside.name, windowMs: beside.windowS * 1000 },
    };
    this.#looking = { ...kind, points: 0 };
    this.#givingBack = { ...kind, points: -1 };
  }

  /** Takes one, if there is one. Never rejects. */
  take(caller: string): Promise<Standing> {
    const known = this.remembered(caller);
    if (known !== null) return Promise.resolve(known);
    return this.consume(caller).then(standingOf, (res: unknown) => {
      if (!(res instanceof RateLimiterRes)) throw res;
      return this.remember(caller, { ...standingOf(res), isOver: true });
    });
  }

  /** How he stands, without taking any. Never rejects. */
  async look(caller: string): Promise<Standing> {
    const known = this.remembered(caller);
    if (known !== null) return known;
    const res = (await this.get(caller)) ?? new RateLimiterRes(this.points, this.msDuration);
    const standing = standingOf(res);
    return standing.remaining > 0 ? standing : this.remember(caller, { ...standing, isOver: true });
  }

  /** Gives back one that was taken; nobody waits for it. */
  giveBack(caller: string): void {
    this.reward(caller).catch(this.#options.onBug);
  }

  /** How somebody stands who was over the limit a moment ago: so a flood costs Redis nothing. */
  remembered(caller: string): Standing | null {
    if (this.#over.size === 0) return null;
    const over = this.#over.get(caller);
    const now = performance.now();
    if (over === undefined || now >= over.rememberedUntil) return null;
    return { ...over.standing, msLeft: over.endsAt - now };
  }

  /** Remembers one who is over the limit. */
  remember(caller: string, standing: Standing): Standing {
    const now = performance.now();
    const endsAt = now + standing.msLeft;
    this.#over.set(caller, { standing, endsAt, rememberedUntil: Math.min(endsAt, now + REMEMBERED_MS) });
    return standing;
  }

  // What the library asks of a store.

  _upsert(caller: string, points: number): Promise<Taken> {
    return this.#options.counter.take(points > 0 ? this.#taking : this.#givingBack, caller);
  }

  _get(caller: string): Promise<Taken> {
    return this.#options.counter.take(this.#looking, caller);
  }

  /** Equal takes share theirs: it is never changed. */
  _getRateLimiterRes(_caller: string, _points: number, taken: Taken): RateLimiterRes {
    if (this.#lastRes !== null && taken === this.#lastTaken) return this.#lastRes;
    const beside =
      taken.beside === null ? null : storedStanding(taken.beside, this.#beside?.limit ?? 0, null);
    this.#lastRes = new StoredRes(storedStanding(taken, this.points, beside));
    this.#lastTaken = taken;
    return this.#lastRes;
  }

  /** An outage is what the insurance is for; a bug must not be hidden by it. */
  _handleError(...failed: Parameters<ErrorHandler>): void {
    const [error] = failed;
    const { isUnavailable, onBug } = this.#options;
    if (!(error instanceof RateLimiterRes) && !isUnavailable(error)) onBug(error);
    inherited._handleError.apply(this, failed);
  }
}

interface Over {
  readonly standing: Standing;
  /** By performance.now(). */
  readonly endsAt: number;
  readonly rememberedUntil: number;
}

type ErrorHandler = (
  error: unknown,
  operation: string,
  resolve: (result: unknown) => void,
  reject: (error: unknown) => void,
  args: readonly unknown[],
) => void;

/** Not in the package's types. */
const inherited = StoreLimiter.prototype as unknown as { readonly _handleError: ErrorHandler };

/** With the end of the window by the clock that counts: by ours it would differ from answer to answer. */
class StoredRes extends RateLimiterRes {
  readonly standing: Standing;

  constructor(standing: Standing) {
    super(standing.remaining, standing.msLeft, standing.count, standing.count === 1);
    this.standing = standing;
  }
}

/** Counts in this process alone, and no more callers than it may. */
class BoundedMemory extends RateLimiterMemory {
  readonly #kept = new LRUCache<string, true>({
    max: KEPT_MAX,
    noDisposeOnSet: true,
    dispose: (_, caller) => void this.delete(caller),
  });

  override consume(caller: string, points?: number): Promise<RateLimiterRes> {
    this.#kept.set(caller, true);
    return super.consume(caller, points);
  }

  /** What was taken elsewhere isn't given back here. */
  override async reward(caller: string, points?: number): Promise<RateLimiterRes> {
    const counted = await this.get(caller);
    return counted === null || counted.consumedPoints <= 0
      ? new RateLimiterRes()
      : super.reward(caller, points);
  }
}

function storedStanding(taken: Count, limit: number, beside: Standing | null): Standing {
  const { count, nowMs, endsAtMs } = taken;
  const remaining = Math.max(0, limit - count);
  return { isOver: false, count, remaining, msLeft: endsAtMs - nowMs, endsAtMs, beside };
}

function standingOf(res: RateLimiterRes): Standing {
  if (res instanceof StoredRes) return res.standing;
  // Counted here, by our own clock.
  const { consumedPoints: count, remainingPoints: remaining, msBeforeNext: msLeft } = res;
  return { isOver: false, count, remaining, msLeft, endsAtMs: Date.now() + msLeft, beside: null };
}
