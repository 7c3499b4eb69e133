// How often anybody may do what (contract §4), in one table. A bucket is counted for each caller, or for the address of
// who is none, in a window that begins with his first request.

export interface Bucket {
  /** As `X-RateLimit-Bucket` tells it, and as Redis has it. */
  readonly name: string;
  /** Requests that a window holds. */
  readonly limit: number;
  readonly windowS: number;
  /** Has everybody one for each code, or channel, in the path? */
  readonly each?: 'code' | 'channel';
  /**
   * Where a 404 says that a code is none: how it is made sure that nobody learns of more codes than his misses allow,
   * however many he asks for at once. `withheld`: what was found is not told if they have been used up meanwhile.
   * `reserved`: a miss is taken before, since what is done can't be withheld, and given back behind it.
   */
  readonly misses?: 'withheld' | 'reserved';
}

export const BUCKETS = {
  read: { name: 'read', limit: 100, windowS: 10, each: 'code', misses: 'withheld' },
  accept: { name: 'accept', limit: 10, windowS: 10, misses: 'reserved' },
  /** DELETE and PATCH of an invite. */
  delete: { name: 'delete', limit: 20, windowS: 10, misses: 'reserved' },
  create: { name: 'create', limit: 20, windowS: 60, each: 'channel' },
  list: { name: 'list', limit: 40, windowS: 10 },
  vanityGet: { name: 'vanity-get', limit: 100, windowS: 10 },
  vanityPatch: { name: 'vanity-patch', limit: 10, windowS: 60 },
} as const satisfies Record<string, Bucket>;

/** Codes that somebody asked for and that are none, whichever route he asked. */
export const MISSES: Bucket = { name: 'miss', limit: 30, windowS: 60 };
