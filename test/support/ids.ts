// Ids and codes that no other test has: all test files share one Redis. Must never give the same twice.

import { randomBytes, randomInt } from 'node:crypto';

const CODE_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const VANITY_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** The largest id there is: 2^63 - 1. */
export const LARGEST_ID = '9223372036854775807';

/** A random id of 19 digits, so that requests made with different ids have one length. */
export function snowflake(): string {
  const least = 1_000_000_000_000_000_000n;
  const span = 2n ** 63n - least;
  return String(least + (randomBytes(8).readBigUInt64BE() % span));
}

export function snowflakes(count: number): readonly string[] {
  return Array.from({ length: count }, snowflake);
}

/** A well-formed code that nobody has. */
export function unusedCode(length = 8): string {
  return pick(CODE_ALPHABET, length);
}

/** A vanity code that nobody has, with a letter and a digit in it, so that it is no word. */
export function unusedVanity(length = 16): string {
  return `${pick('abcdefghijklmnopqrstuvwxyz', 1)}${pick(VANITY_ALPHABET, length - 2)}${randomInt(10)}`;
}

/** A random IPv4 address of the block that is kept for tests of networks. */
export function ipv4Address(): string {
  return `198.${18 + randomInt(2)}.${randomInt(256)}.${1 + randomInt(254)}`;
}

/** The first four groups of a random IPv6 address: its /64. */
export function ipv6Prefix(): string {
  const group = (): string => (0x1000 + randomInt(0xefff)).toString(16);
  return `2001:db8:${group()}:${group()}`;
}

function pick(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
