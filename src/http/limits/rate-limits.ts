// Lets a request through as often as its bucket allows, and says so in the headers of its answer. It is counted before
// anything but the route and the caller is judged, so what is refused for another reason counts as well.
//
// Misses are what a guesser of codes pays with. That he can't have more by asking for many at once is ensured in two
// ways (buckets.ts): a look-up is judged behind itself once more, so its finder is told nothing if the misses have been
// used up meanwhile, as if all of his look-ups had come one after the other; what changes something takes a miss before.

import { isCode } from '../../invite/code.js';
import { isSnowflake } from '../../invite/id.js';
import { rateLimited } from '../problem.js';
import { addLines, type Reply } from '../reply.js';
import { BUCKETS, type Bucket, type RouteLimit } from './buckets.js';
import { Limiter, type LimiterOptions, type Standing } from './limiter.js';

export interface RateLimits {
  /**
   * Works, unless `who` has done so too often.
   * @param who a caller's id, or what stands for an address
   * @param subject of the code or channel in the path; whatever stands there
   * @param isCaller false: `who` is an address
   * @param work never rejects
   */
  run(
    limit: RouteLimit,
    who: string,
    isCaller: boolean,
    subject: string | undefined,
    work: () => Promise<Reply>,
  ): Promise<Reply>;
}

export function createRateLimits(options: LimiterOptions): RateLimits {
  const limiters = new Map(Object.values(BUCKETS).map((bucket) => [bucket, new Limiter(bucket, options)]));
  const limiterOf = (bucket: Bucket): Limiter => {
    const limiter = limiters.get(bucket);
    if (limiter === undefined) throw new RangeError(`no bucket ${bucket.name}`);
    return limiter;
  };
  const misses = limiterOf(BUCKETS.miss);

  return {
    async run({ bucket, each, misses: kind }, who, isCaller, subject, work) {
      const taking = limiterOf(bucket).take(keyOf(each, who, isCaller, subject));
      // Both are under way, and counted by the same call.
      const missing = kind === null ? null : kind === 'reserved' ? misses.take(who) : misses.look(who);
      const own = await taking;
      const missed = missing === null ? null : await missing;
      if (own.isOver) {
        if (kind === 'reserved' && missed?.isOver === false) misses.giveBack(who);
        return tooMany(bucket, own);
      }
      if (missed?.isOver === true) return tooMany(BUCKETS.miss, missed);
      const reply = await work();
      if (kind === 'reserved' && reply.status !== 404) misses.giveBack(who);
      if (kind === 'withheld' && tellsOfCode(reply)) {
        const behind = await (reply.status === 404 ? misses.take(who) : misses.look(who));
        if (behind.isOver) return tooMany(BUCKETS.miss, behind);
      }
      return addLines(reply, linesOf(bucket, own));
    },
  };
}

/** Does this answer say whether there is such a code? */
function tellsOfCode({ status }: Reply): boolean {
  return status < 500;
}

/**
 * Whose bucket: of `who` alone, or of him and something in the path. What that can be is bounded: codes that differ in
 * case only share one, what could not be a code or an id shares another, and nobody's creations, which come to
 * nothing, are one for all channels.
 */
function keyOf(each: RouteLimit['each'], who: string, isCaller: boolean, subject = ''): string {
  switch (each) {
    case null:
      return who;
    case 'code':
      return `${who}/${isCode(subject) ? subject.toLowerCase() : ''}`;
    case 'channel':
      return `${who}/${isCaller && isSnowflake(subject) ? subject : ''}`;
  }
}

function tooMany(bucket: Bucket, standing: Standing): Reply {
  return addLines(rateLimited(standing.msLeft), linesOf(bucket, standing));
}

/** The lines of the last answer of a bucket: those who come at the same time for the first time get the same. */
const last = new Map<Bucket, { readonly standing: Standing; readonly lines: string }>();

function linesOf(bucket: Bucket, standing: Standing): string {
  const { remaining, msLeft, endsAtMs } = standing;
  const known = last.get(bucket);
  if (
    known !== undefined &&
    known.standing.remaining === remaining &&
    known.standing.msLeft === msLeft &&
    known.standing.endsAtMs === endsAtMs
  ) {
    return known.lines;
  }
  const lines = [
    ['Limit', bucket.limit],
    ['Remaining', remaining],
    // Rounded up: at that second the window has ended.
    ['Reset', Math.ceil(endsAtMs / 1000)],
    ['Reset-After', (msLeft / 1000).toFixed(3)],
    ['Bucket', bucket.name],
  ]
    .map(([name, value]) => `\r\nX-RateLimit-${name}: ${value}`)
    .join('');
  last.set(bucket, { standing, lines });
  return lines;
}
