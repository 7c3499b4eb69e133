// Chance that can be had again: INVITED_FAULT_SEED, else a seed of its own, which every test file prints.

import { randomInt } from 'node:crypto';

export const SEED = Number(process.env['INVITED_FAULT_SEED'] || randomInt(2 ** 31));

/** The full length, instead of the one that CI has time for. */
export const IS_LONG = process.env['FAULT_LONG'] === '1';

export interface Chance {
  /** 0 ≤ n < below. */
  below(below: number): number;
  pick<T>(from: readonly T[]): T;
  /** true so many times in a hundred. */
  percent(percent: number): boolean;
}

/** mulberry32: small, and good enough to choose with. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  return {
    below,
    pick<T>(from: readonly T[]): T {
      const picked = from[below(from.length)];
      if (picked === undefined) throw new Error('nothing to choose from');
      return picked;
    },
    percent: (percent) => next() * 100 < percent,
  };
}

/** A line of a test for those who read the run. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
