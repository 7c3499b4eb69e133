// Takes expired invites out of the indexes and announces their end. Nothing depends on when it does: whether an invite
// has expired is decided by Redis' clock at each request. Several processes may sweep at once.

import { PARTITIONS } from '../invite/partition.js';
import type { InviteStore } from '../store/invites.js';

const INTERVAL_MS = 1000;
/** Invites ended by one script run; keeps it short. */
const BATCH_MAX = 100;
/** Runs in one partition before the next round; the rest waits a second. */
const BATCHES_MAX = 20;
/** Partitions asked side by side. */
const SIDE_BY_SIDE = 32;

export interface Sweeper {
  stop(): Promise<void>;
}

/** `onProblem` is told of anything but an outage, which the next round sees through. */
export function startSweeper(
  invites: InviteStore,
  isOutage: (error: unknown) => boolean,
  onProblem: (error: unknown) => void,
): Sweeper {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sweepAll(invites, stopping.signal).catch((error: unknown) => {
        if (!isOutage(error)) onProblem(error);
      });
      await pause(INTERVAL_MS, stopping.signal);
    }
  };
  const running = run();
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}

async function sweepAll(invites: InviteStore, stopping: AbortSignal): Promise<void> {
  for (let from = 0; from < PARTITIONS && !stopping.aborted; from += SIDE_BY_SIDE) {
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, (_, at) => sweepPartition(invites, from + at)));
  }
}

async function sweepPartition(invites: InviteStore, partition: number): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    if ((await invites.sweep(partition, BATCH_MAX)) < BATCH_MAX) return;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
