// Where there is no Postgres, nobody needs the marks, and nobody but the readers of events the stream: what they don't need goes,
// so that Redis doesn't fill.

import type { JournalStore, Kept } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { pause } from './pause.js';

export interface ForgetterOptions {
  readonly store: JournalStore;
  readonly journals: readonly Journal[];
  readonly intervalMs: number;
  readonly kept: Kept;
  readonly isOutage: (error: unknown) => boolean;
  readonly onProblem: (error: unknown) => void;
  /** As for the copier. */
  readonly onReaderCut: () => void;
}

export function startForgetter(options: ForgetterOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const journal of options.journals) {
        try {
          const { isReaderCut } = await options.store.forget(journal, options.kept);
          if (isReaderCut) options.onReaderCut();
        } catch (error) {
          if (!options.isOutage(error)) options.onProblem(error);
        }
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
