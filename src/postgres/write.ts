// What one journal has to tell, written in one transaction with the place in the journal up to which it tells it: so what
// is copied is copied once, whatever is killed in between. Must cost the same few statements for one event as for ten
// thousand, and write nothing for a writer whose journal has passed on to another.

import type { LedgerEvent } from '../invite/ledger-events.js';
import type { Sql } from './connection.js';
import type { Entities } from './entities.js';
import { lockJournal, moveJournal, type Position } from './journals.js';
import { writeEntities } from './write-entities.js';
import { writeGuilds } from './write-guilds.js';
import { writeInvites } from './write-invites.js';
import { removeMembers, writeJoins } from './write-joins.js';

/** For one statement of a large batch, on a slow disk. */
const WRITE_MAX_MS = 30_000;

export interface JournalBatch {
  readonly journal: number;
  /** The fencing number this writer was given (claimJournal). */
  readonly fence: string;
  /** Where the stream of the journal was read to; null: it was not read. */
  readonly position: Position | null;
  /** In the stream's order. */
  readonly events: readonly LedgerEvent[];
  /** What the directory's marks stand for, as read after those events. */
  readonly entities: Entities;
  /** All there is, rather than what has changed: joins of before may have been lost, and are not counted on. */
  readonly isFullCopy?: boolean;
}

/**
 * Writes a batch: all of it, or nothing.
 * @returns `fenced`: the journal has another writer, or isn't known here; `stale`: Postgres has this position already, or a later one.
 *   Neither wrote anything.
 * @throws PostgresUnavailable: it is written whole or not at all; send it again, and if it was, that is `stale`. PostgresBug
 */
export function writeBatch(sql: Sql, batch: JournalBatch): Promise<'written' | 'fenced' | 'stale'> {
  return sql.transaction(async (session) => {
    const { journal, fence, position, events, entities } = batch;
    const claim = await lockJournal(session, journal, fence, position);
    if (claim !== 'mine') return claim;
    await writeJoins(
      session,
      journal,
      events.filter((event) => event.kind === 'joins'),
    );
    await removeMembers(
      session,
      events.filter((event) => event.kind === 'member_remove'),
    );
    await writeInvites(session, events, entities.invites);
    // Read after the events, so they may undo them: a guild that is gone takes its new members along.
    await writeGuilds(session, entities.guilds, batch.isFullCopy ?? false);
    await writeEntities(session, entities);
    await moveJournal(session, journal, fence, position);
    return 'written';
  }, WRITE_MAX_MS);
}
