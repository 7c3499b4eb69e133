// Invite codes: their shape, and new ones from the operating system's random source.
// A code must never be predictable from earlier ones, and never one of the reserved words.

import { randomBytes } from 'node:crypto';
import { CODE_ALPHABET, type Partition, pairsOfPartition } from './partition.js';
import { isReserved } from './vanity.js';

/** What could be a code at all, generated or vanity or imported; anything else is unknown without a look-up. */
const SHAPE = /^[A-Za-z0-9-]{1,64}$/;

export const CODE_LENGTH_MIN = 6;
export const CODE_LENGTH_MAX = 10;

/** How often a new code is drawn before giving up; reserved words are rare enough that two never happen. */
const DRAWS_MAX = 16;

export function isCode(text: string): boolean {
  return SHAPE.test(text);
}

/**
 * A new code of `length` characters (6–10) that lies in `partition`: the first two characters are one of the
 * partition's pairs, the others are free. 8 characters leave 15 · 62^6 ≈ 8.5e11 codes in each partition.
 */
export function generateCode(partition: Partition, length: number): string {
  const pairs = pairsOfPartition[partition];
  if (pairs === undefined) throw new RangeError(`no partition ${partition}`);
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    let code = pairs[randomBelow(pairs.length)] ?? '';
    while (code.length < length) code += CODE_ALPHABET[randomBelow(CODE_ALPHABET.length)];
    if (!isReserved(code.toLowerCase())) return code;
  }
  throw new Error('no free code drawn');
}

// Random bytes are drawn in blocks: one call to the system for many codes.
let pool = randomBytes(4096);
let poolAt = 0;

/** Uniform in 0 … bound − 1 (bound ≤ 256): bytes past the last whole multiple of the bound are thrown away. */
function randomBelow(bound: number): number {
  const fair = 256 - (256 % bound);
  for (let tries = 0; tries < 1000; tries += 1) {
    if (poolAt === pool.length) {
      pool = randomBytes(4096);
      poolAt = 0;
    }
    const byte = pool[poolAt] ?? 0;
    poolAt += 1;
    if (byte < fair) return byte % bound;
  }
  throw new Error('the random source repeats itself');
}
