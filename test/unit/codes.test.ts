import { describe, expect, it } from 'vitest';
import { generateCode, isCode } from '../../src/invite/code.js';
import { PARTITIONS, pairsOfPartition, partitionOfCode, partitionOfId } from '../../src/invite/partition.js';

describe('partitions', () => {
  it('never move: these are stored data', () => {
    expect(['0', '1', '987654321098765432', '9223372036854775807'].map(partitionOfId)).toEqual(PINNED_IDS);
    expect(['AA', 'Welcome1', 'a-b', '99zz', 'z', ''].map(partitionOfCode)).toEqual(PINNED_CODES);
  });

  it('share out sequential ids evenly', () => {
    const counts = new Array<number>(PARTITIONS).fill(0);
    for (let at = 0; at < 256_000; at += 1) {
      const partition = partitionOfId(String(987654321098765432n + BigInt(at) * 4_194_304n));
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(500);
    expect(Math.max(...counts)).toBeLessThan(1500);
  });

  it('have at least 14 pairs of characters each, and every pair is in one', () => {
    expect(pairsOfPartition).toHaveLength(PARTITIONS);
    expect(Math.min(...pairsOfPartition.map((pairs) => pairs.length))).toBeGreaterThanOrEqual(14);
    expect(new Set(pairsOfPartition.flat()).size).toBe(62 * 62);
  });
});

describe('generateCode', () => {
  it('makes codes of the wanted length in the wanted partition', () => {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      for (const length of [6, 8, 10]) {
        const code = generateCode(partition, length);
        expect(code).toMatch(/^[A-Za-z0-9]+$/);
        expect(code).toHaveLength(length);
        expect(partitionOfCode(code)).toBe(partition);
      }
    }
  });

  it('uses every character in every free place, about equally', () => {
    const samples = 62_000;
    const counts = Array.from({ length: 6 }, () => new Map<string, number>());
    for (let at = 0; at < samples; at += 1) {
      [...generateCode(at % PARTITIONS, 8)].slice(2).forEach((character, place) => {
        counts[place]?.set(character, (counts[place]?.get(character) ?? 0) + 1);
      });
    }
    for (const places of counts) {
      expect(places.size).toBe(62);
      const expected = samples / 62;
      const chiSquare = [...places.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
      // 61 degrees of freedom: above 130 once in a million.
      expect(chiSquare).toBeLessThan(130);
    }
  });

  it('does not repeat itself', () => {
    const codes = new Set(Array.from({ length: 50_000 }, () => generateCode(7, 10)));
    expect(codes.size).toBe(50_000);
  });
});

describe('isCode', () => {
  it.each(['a', 'Welcome1', 'my-vanity', 'x'.repeat(64)])('takes %s', (code) => {
    expect(isCode(code)).toBe(true);
  });

  it.each(['', 'x'.repeat(65), 'a_b', 'a.b', 'a b', 'é', 'a%20', 'a/b', 'a\n', '\u0000'])(
    'refuses %j',
    (code) => {
      expect(isCode(code)).toBe(false);
    },
  );
});

const PINNED_IDS: readonly number[] = [62, 131, 66, 249];
const PINNED_CODES: readonly number[] = [0, 136, 164, 64, 203, 128];
