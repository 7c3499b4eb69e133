// Copies all that Redis holds to a Postgres that was not there from the start, or that lost what it had: entity by entity, as each is
// now. Only at its end does Postgres get a place in the journal, so that one which is cut off begins anew; what happened meanwhile
// is copied from the journal afterwards, and finds itself there already.

import type { Sql } from '../postgres/connection.js';
import { endFullCopy } from '../postgres/full-copy.js';
import { writeBatch } from '../postgres/write.js';
import type { EntityAsked, JournalStore } from '../store/journal-store.js';
import { type Journal, journalOf } from '../store/journals.js';
import { type DamageTold, readNow } from './marked-entities.js';

export interface FullCopyOptions {
  readonly store: JournalStore;
  readonly scan: () => AsyncIterable<readonly EntityAsked[]>;
  readonly sql: Sql;
  readonly journal: Journal;
  readonly isCluster: boolean;
  /** The fencing number of the journal's writer. */
  readonly fence: string;
  readonly onDamaged: DamageTold;
  /** It may take minutes: false when the journal has passed on to another process. */
  readonly keepLease: () => Promise<boolean>;
}

/** Entries and marks of the page that tells where the journal begins. */
const ONE = 1;

/** The rows that were written. Stops half-way, without an error, when another writer takes over. */
export async function copyAll(options: FullCopyOptions): Promise<number> {
  const { store, sql, journal, isCluster, fence } = options;
  const start = await store.read(journal, null, ONE, ONE);
  let rows = 0;
  for await (const entities of options.scan()) {
    const ours = entities.filter(({ partition }) => journalOf(partition, isCluster) === journal);
    if (ours.length === 0) continue;
    if (!(await options.keepLease())) return rows;
    const read = await readNow(store, ours, options.onDamaged);
    const batch = { journal, fence, position: null, events: [], entities: read, isFullCopy: true };
    if ((await writeBatch(sql, batch)) === 'fenced') return rows;
    rows += ours.length;
  }
  await endFullCopy(sql, {
    journal,
    fence,
    streamId: start.trimmedTo ?? '0-0',
    // On a cluster the rows of a journal can't be told from those of another.
    forgetOlderThan: isCluster ? null : start.seq,
  });
  if (start.forgotten !== null) await store.recopied(journal, start.forgotten);
  return rows;
}
