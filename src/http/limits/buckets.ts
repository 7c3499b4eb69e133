// How often anybody may do what (contract §4), in one table. A bucket is counted for each caller, or for the address of
// who is none, in a window that begins with his first request.

export interface Bucket {
  /** As `X-RateLimit-Bucket` tells it, and as Redis has it. */
  readonly name: string;
  /** Requests that a window holds. */
  readonly limit: number;
  readonly windowS: number;
}

const bucket = (name: string, limit: number, windowS: number): Bucket => ({ name, limit, windowS });

export const BUCKETS = {
  read: bucket('read', 100, 10),
  /** Codes that were asked for and are none, over all routes that look one up. */
  miss: bucket('miss', 30, 60),
  accept: bucket('accept', 10, 10),
  create: bucket('create', 20, 60),
  /** DELETE and PATCH of an invite. */
  delete: bucket('delete', 20, 10),
  list: bucket('list', 40, 10),
  vanityGet: bucket('vanity-get', 100, 10),
  vanityPatch: bucket('vanity-patch', 10, 60),
} as const satisfies Record<string, Bucket>;

/** How a route is limited. */
export interface RouteLimit {
  readonly bucket: Bucket;
  /** Is there a bucket of its own for each code, or channel, in the path? */
  readonly each: 'code' | 'channel' | null;
  /**
   * Where a 404 says that a code is none, how it is made sure that nobody learns of more codes than the misses allow, however
   * many he asks for at once. `withheld`: what was found is not told once they are used up. `reserved`: a miss is
   * taken before, since what is done can't be withheld, and given back behind it.
   */
  readonly misses: 'withheld' | 'reserved' | null;
}

/** What the routes name. */
export const LIMITS = {
  read: { bucket: BUCKETS.read, each: 'code', misses: 'withheld' },
  accept: { bucket: BUCKETS.accept, each: null, misses: 'reserved' },
  change: { bucket: BUCKETS.delete, each: null, misses: 'reserved' },
  create: { bucket: BUCKETS.create, each: 'channel', misses: null },
  list: { bucket: BUCKETS.list, each: null, misses: null },
  vanityGet: { bucket: BUCKETS.vanityGet, each: null, misses: null },
  vanityPatch: { bucket: BUCKETS.vanityPatch, each: null, misses: null },
} as const satisfies Record<string, RouteLimit>;
