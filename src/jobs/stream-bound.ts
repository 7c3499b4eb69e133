// The bound on what waits to be copied: long before it is reached the alarm is raised; at it nothing is changed any more, since
// neither Redis' memory may run out nor a join be thrown away that nobody else knows of.

import type { JournalStore } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { pause } from './pause.js';

export interface StreamBoundOptions {
  readonly store: JournalStore;
  readonly journals: readonly Journal[];
  readonly entriesMax: number;
  readonly isOutage: (error: unknown) => boolean;
  readonly log: {
    /** Half of the room or more is taken; told once a minute at most. */
    fills(journal: Journal, entries: number): void;
    full(journal: Journal, entries: number): void;
    hasRoom(journal: Journal): void;
    failed(error: unknown): void;
  };
}

const LOOK_EVERY_MS = 1000;
const TELL_EVERY_MS = 60_000;
const ALARM_AT = 0.5;
const ROOM_AGAIN_AT = 0.9;

export function startStreamBound(options: StreamBoundOptions): { stop(): Promise<void> } {
  const { store, entriesMax, log } = options;
  const stopping = new AbortController();
  const full = new Map<Journal, boolean>();
  const toldAt = new Map<Journal, number>();

  const look = async (journal: Journal): Promise<void> => {
    const { entries } = await store.figures(journal);
    const wasFull = full.get(journal) ?? null;
    const isFull = entries >= (wasFull === true ? entriesMax * ROOM_AGAIN_AT : entriesMax);
    // What another process noted before this one started may be out of date.
    if (isFull !== wasFull) await store.setFull(journal, isFull);
    full.set(journal, isFull);
    if (isFull && wasFull !== true) log.full(journal, entries);
    else if (!isFull && wasFull === true) log.hasRoom(journal);
    const now = performance.now();
    if (entries < entriesMax * ALARM_AT || now - (toldAt.get(journal) ?? -TELL_EVERY_MS) < TELL_EVERY_MS)
      return;
    toldAt.set(journal, now);
    log.fills(journal, entries);
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const journal of options.journals) {
        await look(journal).catch((error: unknown) => {
          if (!options.isOutage(error)) log.failed(error);
        });
      }
      await pause(LOOK_EVERY_MS, stopping.signal);
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
