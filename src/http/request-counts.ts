// Counts the requests of one process: by what they asked for, how they were answered, and how long that took. Each of them pays for it,
// whether somebody watches or not, so it writes into arrays of numbers and does nothing else; whoever is asked for the metrics reads it.

import { DURATION_BOUNDS_S, Histogram } from '../histogram.js';
import { OUTCOMES_MAX, outcomeNames } from './outcomes.js';
import { VERBS } from './verbs.js';

const STATUSES = 600;

/** Whoever asked was gone before he was answered: no status of ours, but what nginx counts it as. */
export const CLIENT_GONE = 499;

export interface Count {
  readonly verb: string;
  /** A status or an outcome. */
  readonly of: string;
  readonly count: number;
}

export class RequestCounts {
  readonly #byStatus = new Float64Array(VERBS.length * STATUSES);
  readonly #byOutcome = new Float64Array(VERBS.length * OUTCOMES_MAX);
  readonly #durations = VERBS.map(() => new Histogram(DURATION_BOUNDS_S));
  readonly #inFlight = new Map<string, () => number>();

  /** One request was answered, or its client had gone. `verb` and `outcome` are numbers of verbs.ts and outcomes.ts. */
  note(verb: number, status: number, outcome: number, seconds: number): void {
    const statusAt = verb * STATUSES + status;
    this.#byStatus[statusAt] = (this.#byStatus[statusAt] ?? 0) + 1;
    const outcomeAt = verb * OUTCOMES_MAX + outcome;
    this.#byOutcome[outcomeAt] = (this.#byOutcome[outcomeAt] ?? 0) + 1;
    this.#durations[verb]?.observe(seconds);
  }

  /** From now on a listener of this name says how many requests are under way in it. */
  watch(listener: string, inFlight: () => number): void {
    this.#inFlight.set(listener, inFlight);
  }

  /** Those that are not 0; likewise below. */
  statuses(): readonly Count[] {
    return nonZero(this.#byStatus, STATUSES, String);
  }

  outcomes(): readonly Count[] {
    return nonZero(this.#byOutcome, OUTCOMES_MAX, (outcome) => outcomeNames[outcome] ?? '');
  }

  durations(): readonly { readonly verb: string; readonly histogram: Histogram }[] {
    return this.#durations.flatMap((histogram, verb) =>
      histogram.counts.some((count) => count > 0) ? [{ verb: VERBS[verb] ?? '', histogram }] : [],
    );
  }

  inFlight(): readonly { readonly listener: string; readonly requests: number }[] {
    return [...this.#inFlight].map(([listener, read]) => ({ listener, requests: read() }));
  }
}

function nonZero(counts: Float64Array, width: number, nameOf: (at: number) => string): readonly Count[] {
  const found: Count[] = [];
  counts.forEach((count, at) => {
    if (count === 0) return;
    found.push({ verb: VERBS[Math.floor(at / width)] ?? '', of: nameOf(at % width), count });
  });
  return found;
}
