// Ids for requests that bring none: ULIDs, made so cheaply that a request doesn't notice. Those of one millisecond count up
// from a random one, and the random bytes are drawn in blocks: drawn one by one they cost more than all else of a request.

import { randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';

const pool = new Uint8Array(4096);
let at = pool.length;

/** In 0 … 1 − 1/256: enough for the 32 characters that ulid draws with it. */
function pooledRandom(): number {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const byte = pool[at] ?? 0;
  at += 1;
  return byte / 256;
}

export const newRequestId: () => string = monotonicFactory(pooledRandom);
