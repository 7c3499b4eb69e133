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
}

/** A count beyond the limit was refused. Both times by the same clock. */
interface Taken {
  readonly count: number;
  readonly nowMs: number;
  readonly endsAtMs: number;
}

export interface LimiterOptions {
  readonly counter: Counter;
  /** Is this error an outage, rather than a bug? */
  readonly isUnavailable: (error: unknown) => boolean;
  readonly onBug: (error: unknown) => void;
}

/** How somebody stands after his request. */
export interface Standing {
  readonly isOver: boolean;
  readonly remaining: number;
  /** Until his window ends. */
  readonly msLeft: number;
  /** When it ends, ms since the epoch. */
  readonly endsAtMs: number;
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
  readonly #taking: TakeKind;
  readonly #looking: TakeKind;
  readonly #givingBack: TakeKind;
  readonly #over = new LRUCache<string, Over>({ max: KEPT_MAX });

  constructor({ name, limit, windowS }: Bucket, options: LimiterOptions) {
    const common = { keyPrefix: '', points: limit, duration: windowS };
    super({ ...common, storeClient: null, insuranceLimiter: new BoundedMemory(common) });
    const kind = { bucket: name, limit, windowMs: windowS * 1000 };
    this.#options = options;
    this.#taking = { ...kind, points: 1 };
    this.#looking = { ...kind, points: 0 };
    this.#givingBack = { ...kind, points: -1 };
  }

  /** Takes one, if there is one. Never rejects. */
  take(caller: string): Promise<Standing> {
    return this.#remembered(caller) ?? this.consume(caller).then(passed, (res) => this.#refused(caller, res));
  }

  /** How he stands, without taking any: over the limit if there is none left. Never rejects. */
  look(caller: string): Promise<Standing> {
    return (
      this.#remembered(caller) ??
      this.get(caller).then((res) => {
        if (res === null) return { isOver: false, ...lasting(this.points, this.msDuration) };
        return res.remainingPoints > 0 ? passed(res) : this.#refused(caller, res);
      })
    );
  }

  /** Gives back one that was taken; nobody waits for it. */
  giveBack(caller: string): void {
    this.reward(caller).catch(this.#options.onBug);
  }

  #remembered(caller: string): Promise<Standing> | null {
    if (this.#over.size === 0) return null;
    const over = this.#over.get(caller);
    const now = performance.now();
    if (over === undefined || now >= over.rememberedUntil) return null;
    return Promise.resolve({
      ...{ isOver: true, remaining: 0, endsAtMs: over.endsAtMs },
      msLeft: over.endsAt - now,
    });
  }

  #refused(caller: string, res: unknown): Standing {
    if (!(res instanceof RateLimiterRes)) throw res;
    const now = performance.now();
    const refused = { ...passed(res), isOver: true, remaining: 0 };
    const endsAt = now + refused.msLeft;
    const rememberedUntil = Math.min(endsAt, now + REMEMBERED_MS);
    this.#over.set(caller, { endsAt, rememberedUntil, endsAtMs: refused.endsAtMs });
    return refused;
  }

  // What the library asks of a store.

  _upsert(caller: string, points: number): Promise<Taken> {
    return this.#options.counter.take(points > 0 ? this.#taking : this.#givingBack, caller);
  }

  _get(caller: string): Promise<Taken> {
    return this.#options.counter.take(this.#looking, caller);
  }

  _getRateLimiterRes(_caller: string, _points: number, taken: Taken): RateLimiterRes {
    return new StoredRes(taken, this.points);
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
  /** By performance.now(). */
  readonly endsAt: number;
  readonly rememberedUntil: number;
  readonly endsAtMs: number;
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
  readonly endsAtMs: number;

  constructor({ count, nowMs, endsAtMs }: Taken, limit: number) {
    super(Math.max(0, limit - count), endsAtMs - nowMs, count, count === 1);
    this.endsAtMs = endsAtMs;
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

function passed(res: RateLimiterRes): Standing {
  if (!(res instanceof StoredRes))
    return { isOver: false, ...lasting(res.remainingPoints, res.msBeforeNext) };
  return {
    ...{ isOver: false, remaining: res.remainingPoints, msLeft: res.msBeforeNext },
    endsAtMs: res.endsAtMs,
  };
}

/** By our own clock. */
function lasting(remaining: number, msLeft: number): Omit<Standing, 'isOver'> {
  return { remaining, msLeft, endsAtMs: Date.now() + msLeft };
}
