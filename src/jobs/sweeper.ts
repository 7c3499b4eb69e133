// Takes expired invites out of the indexes and announces their end. Nothing depends on when it does: whether an invite
// has expired is decided by Redis' clock at each request. Also ends the invites of what was deleted by a process that died
// before it had ended them all. One process sweeps a journal, another one when that is gone.

import type { EndingStore } from '../store/endings.js';
import type { InviteStore } from '../store/invites.js';
import type { JournalStore } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { Lease } from './leases.js';
import { pause } from './pause.js';

export interface SweeperOptions {
  readonly invites: InviteStore;
  readonly endings: EndingStore;
  readonly store: JournalStore;
  readonly journals: readonly Journal[];
  readonly holder: string;
  readonly isOutage: (error: unknown) => boolean;
  /** Told of anything but an outage, which the next round sees through. */
  readonly onProblem: (error: unknown) => void;
}

const INTERVAL_MS = 1000;
/** Invites ended by one script run, which keeps it short; endings looked at in one go. */
const BATCH_MAX = 100;
/** Runs in one journal before the next round; the rest waits a second. */
const BATCHES_MAX = 100;
/** Journals asked side by side. */
const SIDE_BY_SIDE = 32;

export function startSweeper(options: SweeperOptions): { stop(): Promise<void> } {
  const { invites, endings, store, journals, holder } = options;
  const stopping = new AbortController();
  const leases = journals.map((journal) => new Lease(store, journal, 'sweeper', holder));

  const sweep = async (journal: Journal, lease: Lease): Promise<void> => {
    for (let batch = 0; batch < BATCHES_MAX && !stopping.signal.aborted; batch += 1) {
      if (!(await lease.hold())) return;
      const { swept, endings: underWay } = await invites.sweep(journal, BATCH_MAX);
      if (underWay > 0) await endSome(journal);
      if (swept < BATCH_MAX && underWay === 0) return;
    }
  };
  /** Whoever deleted may be at it too: the steps are his as well as ours. */
  const endSome = async (journal: Journal): Promise<void> => {
    for (const ending of await endings.list(journal, BATCH_MAX)) {
      if (stopping.signal.aborted) return;
      await endings.step(ending, BATCH_MAX);
    }
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (let from = 0; from < journals.length && !stopping.signal.aborted; from += SIDE_BY_SIDE) {
        const some = journals.slice(from, from + SIDE_BY_SIDE);
        const done = await Promise.allSettled(
          some.map((journal, at) => sweep(journal, leases[from + at] as Lease)),
        );
        for (const result of done) {
          if (result.status === 'rejected' && !options.isOutage(result.reason))
            options.onProblem(result.reason);
        }
      }
      await pause(INTERVAL_MS, stopping.signal);
    }
    await Promise.allSettled(leases.map((lease) => lease.giveBack()));
  };
  const running = run();
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}
