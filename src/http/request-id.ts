// Ids for requests that bring none: ULIDs, made so cheaply that a request doesn't notice. Those of one millisecond share
// all but their last four characters, which count up; the random bytes are drawn in blocks. Drawn anew for each, they cost
// more than all else of a request (docs/performance.md).

import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const COUNTED_CHARACTERS = 4;
const COUNT_MAX = 32 ** COUNTED_CHARACTERS;

const pool = new Uint8Array(4096);
let poolAt = pool.length;

/** In 0 … 1 − 1/256: enough for the 32 characters that ulid draws with it. */
function pooledRandom(): number {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const byte = pool[poolAt] ?? 0;
  poolAt += 1;
  return byte / 256;
}

let lastMs = 0;
let start = '';
let count = 0;

export function newRequestId(): string {
  const now = Date.now();
  if (now !== lastMs || count === COUNT_MAX) {
    lastMs = now;
    start = ulid(now, pooledRandom).slice(0, -COUNTED_CHARACTERS);
    count = 0;
  }
  const number = count;
  count += 1;
  return start + digit(number >> 15) + digit(number >> 10) + digit(number >> 5) + digit(number);
}

function digit(number: number): string {
  return ALPHABET.charAt(number & 31);
}
