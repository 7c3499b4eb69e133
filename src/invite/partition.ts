// Partitions: every key carries one of 256 hash tags, so that all of a guild lies in one Redis Cluster slot.
// The number and both functions are part of the stored data: they must never change.

/** How many partitions there are, for ever. */
export const PARTITIONS = 256;

/** 0 … 255. */
export type Partition = number;

const CODE_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
// One more than the alphabet, since a vanity may have a hyphen in its second place.
const PAIR_BASE = CODE_ALPHABET.length + 1;

/** The partition of a guild, group DM, channel or user: FNV-1a over the decimal digits, folded to 8 bits. */
export function partitionOfId(id: string): Partition {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff;
}

/**
 * The partition of a code: chosen by its first two characters, so that a generated code can be made to carry
 * the partition of its guild. Defined for every string; a missing or foreign character counts as a hyphen.
 */
export function partitionOfCode(code: string): Partition {
  return (PAIR_BASE * place(code.charCodeAt(0)) + place(code.charCodeAt(1))) % PARTITIONS;
}

/** The pairs of characters that lead to each partition: about 15 for each of the 256. */
export const pairsOfPartition: readonly (readonly string[])[] = buildPairs();

export { CODE_ALPHABET };

function place(charCode: number): number {
  if (charCode >= 65 && charCode <= 90) return charCode - 65;
  if (charCode >= 97 && charCode <= 122) return charCode - 97 + 26;
  if (charCode >= 48 && charCode <= 57) return charCode - 48 + 52;
  return 62;
}

function buildPairs(): readonly (readonly string[])[] {
  const pairs: string[][] = Array.from({ length: PARTITIONS }, () => []);
  for (const first of CODE_ALPHABET) {
    for (const second of CODE_ALPHABET) {
      const pair = first + second;
      pairs[partitionOfCode(pair)]?.push(pair);
    }
  }
  return pairs;
}
