// Waits for the copy: until Postgres has what the journals hold at this moment. For whoever asks Postgres what Redis has answered
// just now. Must never wait longer than it is told.

import type { SqlSession } from '../postgres/connection.js';
import { isLater, journalStates } from '../postgres/journals.js';
import type { JournalStore } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { pause } from './pause.js';

const LOOK_EVERY_MS = 25;

/**
 * @returns false: Postgres did not have all of it within `maxMs`, or `stopping` was aborted
 * @throws StoreUnavailable, PostgresUnavailable
 */
export async function untilCopied(
  store: JournalStore,
  sql: SqlSession,
  journals: readonly Journal[],
  maxMs: number,
  stopping: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const deadline = performance.now() + maxMs;
  const missing = new Map<Journal, string>();
  for (const journal of journals) {
    const { newestId } = await store.figures(journal);
    // An empty stream was trimmed, which is done only behind what Postgres has.
    if (newestId !== null) missing.set(journal, newestId);
  }
  while (missing.size > 0) {
    for (const { journal, position } of await journalStates(sql)) {
      const wanted = missing.get(journal);
      if (wanted !== undefined && position !== null && !isLater(wanted, position.streamId))
        missing.delete(journal);
    }
    if (missing.size === 0) break;
    if (stopping.aborted || performance.now() >= deadline) return false;
    await pause(LOOK_EVERY_MS, stopping);
  }
  return true;
}
