// Where there is no Postgres, nobody needs the marks, and nobody but the readers of events the stream: what is older than they
// may ask for goes, so that Redis doesn't fill.

import type { JournalStore } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { pause } from './pause.js';

export interface ForgetterOptions {
  readonly store: JournalStore;
  readonly journals: readonly Journal[];
  readonly intervalMs: number;
  readonly retentionMs: number;
  readonly isOutage: (error: unknown) => boolean;
  readonly onProblem: (error: unknown) => void;
}

const MARKS_A_STEP = 10_000;
const STEPS_MAX = 100;

export function startForgetter(options: ForgetterOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const journal of options.journals) {
        await forget(options, journal).catch((error: unknown) => {
          if (!options.isOutage(error)) options.onProblem(error);
        });
      }
      await pause(options.intervalMs, stopping.signal);
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

async function forget({ store, retentionMs }: ForgetterOptions, journal: Journal): Promise<void> {
  // That something was thrown away is noted in the journal: a Postgres that comes later knows that it must copy everything.
  const trimTo = `${Math.max(0, Date.now() - retentionMs)}-0`;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const { newestId } = await store.figures(journal);
    const { marks } = await store.read(journal, newestId, 1, MARKS_A_STEP);
    await store.copied(journal, marks, trimTo);
    if (marks.length < MARKS_A_STEP) return;
  }
}
