// Lets a request through as often as its bucket allows, and says so in the headers of its answer. It is counted before
// anything but the route and the caller is judged, so what is refused for another reason counts as well.
//
// Misses are what a guesser of codes pays with. He shall not have more of them by asking for many at once, and nobody
// else shall notice: see `Bucket.misses` and the two ways below.

import { isCode } from '../../invite/code.js';
import { isSnowflake } from '../../invite/id.js';
import { rateLimited } from '../problem.js';
import { addLines, type Reply } from '../reply.js';
import { BUCKETS, type Bucket, MISSES } from './buckets.js';
import { Limiter, type LimiterOptions, type Standing } from './limiter.js';

/** Whose request, and what it is about. */
export interface Asker {
  /** A caller's id, or what stands for an address. */
  readonly name: string;
  /** false: it is an address. */
  readonly isCaller: boolean;
  /** The code or channel in the path; whatever stands there. */
  readonly subject: string;
}

/** What a request that is let through leads to; never rejects. */
type Work = () => Promise<Reply>;

export interface RateLimits {
  /** Works, unless the asker has done so too often. */
  run(bucket: Bucket, asker: Asker, work: Work): Promise<Reply>;
}

export function createRateLimits(options: LimiterOptions): RateLimits {
  const misses = new Limiter(MISSES, null, options);
  const limiters = new Map<Bucket, Limiter>(
    Object.values<Bucket>(BUCKETS).map((bucket) => [
      bucket,
      new Limiter(bucket, bucket.misses === undefined ? null : MISSES, options),
    ]),
  );

  /**
   * A look-up is judged behind itself once more: what it found is told only if there is a miss left even then. So nobody
   * learns more than if all his look-ups had come one after the other, however many are under way.
   */
  const judgeBehind = async (name: string, work: Work): Promise<Reply> => {
    const reply = await work();
    // Nothing was looked up, or nobody knows what came of it.
    if (reply.status !== 404 && reply.status >= 400) return reply;
    const missed = await (reply.status === 404 ? misses.take(name) : misses.look(name));
    return missed.isOver ? refuse(MISSES, missed) : reply;
  };

  /**
   * A miss is taken before, and given back where it was none. Not for the first request of a window of somebody who has
   * no miss at all, which are nearly all: it could be at most one look-up too many.
   */
  const reserveBefore = async (name: string, own: Standing, missed: Standing, work: Work): Promise<Reply> => {
    const isReserved = own.count > 1 || missed.count > 0;
    if (isReserved) {
      const reserved = await misses.take(name);
      if (reserved.isOver) return refuse(MISSES, reserved);
    }
    const reply = await work();
    if (reply.status !== 404) {
      if (isReserved) misses.giveBack(name);
    } else if (!isReserved) {
      const behind = await misses.take(name);
      if (behind.isOver) return refuse(MISSES, behind);
    }
    return reply;
  };

  return {
    async run(bucket, asker, work) {
      const { name } = asker;
      const known = bucket.misses === undefined ? null : misses.remembered(name);
      if (known !== null) return refuse(MISSES, known);
      const own = await limiters.get(bucket)?.take(keyOf(bucket, asker));
      if (own === undefined) throw new RangeError(`no bucket ${bucket.name}`);
      if (own.isOver) return refuse(bucket, own);
      if (bucket.misses === undefined) return addLines(await work(), linesOf(bucket, own));
      // Where Redis is away they are counted here, bucket by bucket.
      const missed = own.beside ?? (await misses.look(name));
      if (missed.remaining === 0) return refuse(MISSES, misses.remember(name, missed));
      const reply = await (bucket.misses === 'reserved'
        ? reserveBefore(name, own, missed, work)
        : judgeBehind(name, work));
      return reply.status === 429 ? reply : addLines(reply, linesOf(bucket, own));
    },
  };
}

/**
 * Whose bucket: the asker's alone, or his and of something in the path. How many one can have is bounded: codes that
 * differ in case only share one, what could not be a code or an id at all shares another, and so do the creations of
 * nobody, which come to nothing.
 */
function keyOf({ each }: Bucket, { name, isCaller, subject }: Asker): string {
  if (each === undefined) return name;
  if (each === 'code') return `${name}|${isCode(subject) ? subject.toLowerCase() : ''}`;
  return `${name}|${isCaller && isSnowflake(subject) ? subject : ''}`;
}

function refuse(bucket: Bucket, standing: Standing): Reply {
  return addLines(rateLimited(standing.msLeft), linesOf(bucket, standing));
}

/** Those who stand alike share a standing (limiter.ts), and so its lines. */
const ready = new WeakMap<Standing, string>();

function linesOf(bucket: Bucket, standing: Standing): string {
  const known = ready.get(standing);
  if (known !== undefined) return known;
  const { remaining, msLeft, endsAtMs } = standing;
  const fields = [
    ['Limit', bucket.limit],
    ['Remaining', remaining],
    // Rounded up: at that second the window has ended.
    ['Reset', Math.ceil(endsAtMs / 1000)],
    ['Reset-After', (msLeft / 1000).toFixed(3)],
    ['Bucket', bucket.name],
  ];
  const lines = fields.map(([name, value]) => `\r\nX-RateLimit-${name}: ${value}`).join('');
  ready.set(standing, lines);
  return lines;
}
