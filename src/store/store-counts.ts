// Counts what one process asks of Redis: how long each script takes from here to its reply, why some failed, and how many requests share
// a call. Written with every call, so into plain numbers; read by whoever is asked for the metrics.

import { DURATION_BOUNDS_S, Histogram } from '../histogram.js';
import { StoreUnavailable } from './unavailable.js';

/** `closed`, `full`: Redis answered, but doesn't hold our data, or there is no room in the journal. */
export type CallFailure = 'down' | 'unknown' | 'refused' | 'closed' | 'full';

export const CALL_FAILURES: readonly CallFailure[] = ['down', 'unknown', 'refused', 'closed', 'full'];

const BATCH_BOUNDS = [1, 2, 5, 10, 25, 50, 100, 250, 512];

/** Of one script. */
export class CallCounts {
  /** Seconds, of those too that failed. */
  readonly durations = new Histogram(DURATION_BOUNDS_S);
  readonly failures: Record<CallFailure, number> = { down: 0, unknown: 0, refused: 0, closed: 0, full: 0 };

  fail(error: unknown): void {
    this.failures[error instanceof StoreUnavailable ? error.kind : 'refused'] += 1;
  }
}

/** Of one kind of batched request. */
export interface BatchCounts {
  /** Requests in a call. */
  readonly sizes: Histogram;
  /** Requests that wait for the call under way to end. */
  readonly waiting: () => number;
}

export class StoreCounts {
  readonly calls = new Map<string, CallCounts>();
  readonly batches = new Map<string, BatchCounts>();

  batch(name: string, waiting: () => number): Histogram {
    const sizes = new Histogram(BATCH_BOUNDS);
    this.batches.set(name, { sizes, waiting });
    return sizes;
  }
}
