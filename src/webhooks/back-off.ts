// How long to pause after a failure: twice as long each time, up to a cap, and spread, so that what failed together doesn't come back
// together.

export interface Growth {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** @param failures so far, from 1 @param random from 0 to 1 */
export function pauseAfterMs({ firstMs, maxMs }: Growth, failures: number, random: number): number {
  // Beyond 2^30 it is over the cap whatever it began with.
  const grownMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), maxMs);
  return grownMs * (0.5 + random / 2);
}
