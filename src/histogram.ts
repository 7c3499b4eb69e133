// Counts values by size, for so little that every request can afford it: a few comparisons and two additions, and no object.

export class Histogram {
  /** Upper bounds, each included, growing. */
  readonly bounds: readonly number[];
  /** How many fell under each bound and above the one before; behind them, how many above all. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
  }
}

/** Seconds, of what is answered within milliseconds when all is well. */
export const DURATION_BOUNDS_S = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
