// Copies one journal to Postgres: reads on where Postgres says it has it to, writes all of a page in one transaction with the new
// place, and only then lets Redis forget. Whatever dies in between, the next who copies begins where Postgres stands.
// Must never let Redis forget what Postgres does not hold.

import { isLedgerEvent } from '../events/change.js';
import { readEntry } from '../events/entry.js';
import { type LedgerEvent, lastSeq } from '../invite/ledger-events.js';
import type { Sql } from '../postgres/connection.js';
import { type Entities, NO_ENTITIES } from '../postgres/entities.js';
import { claimJournal, isLater, journalStates, type Position } from '../postgres/journals.js';
import { writeBatch } from '../postgres/write.js';
import type { JournalEntry, JournalPage, JournalStore, Kept } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { readMarked } from './marked-entities.js';

/** How a journal stands with this process. */
export interface Claim {
  readonly fence: string;
  readonly position: Position | null;
}

export interface CopierOptions {
  readonly store: JournalStore;
  readonly sql: Sql;
  readonly journal: Journal;
  /** Rows aimed at in one transaction. */
  readonly rowsAimed: number;
  /** What stays for those who read the events, when Postgres has it. */
  readonly kept: Kept;
  /** Told of an entry of the journal, by its id, or an entity, by its name, that can't be read: it is passed over. */
  readonly onDamaged: (what: string) => void;
  /** Told when entries went that a reader who gave a name had not got: there were too many. */
  readonly onReaderCut: () => void;
}

export interface Copied {
  /**
   * `fenced`: another process copies this journal now. `gap`: entries or marks that Postgres never had are gone, or Postgres
   * knows nothing of this journal and was not there from its start: only a full copy helps (full-copy.ts).
   */
  readonly outcome: 'copied' | 'fenced' | 'gap';
  /** Is there more to copy already? */
  readonly hasMore: boolean;
  readonly rows: number;
  /** Of the journal when the page was read; 0 where nothing was. */
  readonly seq: number;
  /** When the oldest of what is still to be copied happened, ms since the epoch; null: nothing is. */
  readonly oldestMissingMs: number | null;
}

const NOTHING = { hasMore: false, rows: 0, seq: 0, oldestMissingMs: null };
const ENTRIES_MIN = 16;
const ENTRIES_MAX = 1000;

export class Copier {
  readonly #options: CopierOptions;
  #claim: Claim | null = null;
  #entriesMax = 64;

  constructor(options: CopierOptions) {
    this.#options = options;
  }

  /** Where this process stands; null: it has not begun, or was fenced. */
  get claim(): Claim | null {
    return this.#claim;
  }

  /** Becomes the one who copies. Whoever did before is refused by Postgres from now on. */
  async begin(): Promise<Claim> {
    const { sql, journal } = this.#options;
    const fence = await claimJournal(sql, journal);
    this.#claim = { fence, position: await this.#positionInPostgres() };
    return this.#claim;
  }

  async #positionInPostgres(): Promise<Position | null> {
    const journal = (await journalStates(this.#options.sql)).find(
      (state) => state.journal === this.#options.journal,
    );
    return journal?.position ?? null;
  }

  /** Forgets where it stands: it must begin anew. */
  end(): void {
    this.#claim = null;
  }

  /** Copies one page. @throws StoreUnavailable, PostgresUnavailable: nothing is lost, and it can be called again */
  async copy(): Promise<Copied> {
    const { store, journal } = this.#options;
    const claim = this.#claim ?? (await this.begin());
    const page = await store.read(
      journal,
      claim.position?.streamId ?? null,
      this.#entriesMax,
      this.#options.rowsAimed,
    );
    if (isGap(page, claim.position)) return { ...NOTHING, outcome: 'gap' };
    const events = this.#eventsOf(page);
    const entities =
      page.marks.length === 0 ? NO_ENTITIES : await readMarked(store, page.marks, this.#options.onDamaged);
    const last = page.entries.at(-1);
    const position = last === undefined ? null : positionOf(last, events, claim.position);
    const rows = rowsOf(events) + page.marks.length;
    if (rows > 0 || position !== null) {
      const outcome = await this.#write(claim, position, events, entities);
      if (outcome === 'fenced') return { ...NOTHING, outcome };
      // An answer was lost, and Postgres is further than we thought: what else is in this page is read again.
      if (outcome === 'stale') return { ...NOTHING, outcome: 'copied', hasMore: true };
    }
    await this.#forget(page);
    const hasMore = !page.isAll || page.marks.length === this.#options.rowsAimed;
    return {
      outcome: 'copied',
      hasMore,
      rows,
      seq: page.seq,
      oldestMissingMs: hasMore ? timeOf(last) : null,
    };
  }

  #eventsOf(page: JournalPage): readonly LedgerEvent[] {
    const events: LedgerEvent[] = [];
    for (const entry of page.entries) {
      const changes = readEntry(entry);
      if (changes === null) this.#options.onDamaged(entry.id);
      else events.push(...changes.filter(isLedgerEvent));
    }
    if (page.entries.length > 0) {
      const each = Math.max(1, rowsOf(events) / page.entries.length);
      const wanted = Math.round(this.#options.rowsAimed / each);
      this.#entriesMax = Math.min(Math.max(wanted, ENTRIES_MIN), ENTRIES_MAX);
    }
    return events;
  }

  async #write(
    claim: Claim,
    position: Position | null,
    events: readonly LedgerEvent[],
    entities: Entities,
  ): Promise<'written' | 'fenced' | 'stale'> {
    const { sql, journal } = this.#options;
    const batch = { journal, fence: claim.fence, position, events, entities };
    const outcome = await writeBatch(sql, batch);
    if (outcome === 'fenced') this.#claim = null;
    else if (outcome === 'stale')
      this.#claim = { fence: claim.fence, position: await this.#positionInPostgres() };
    else this.#claim = { fence: claim.fence, position: position ?? claim.position };
    return outcome;
  }

  async #forget({ marks }: JournalPage): Promise<void> {
    const { store, journal, kept, onReaderCut } = this.#options;
    const copiedTo = this.#claim?.position?.streamId ?? null;
    const { isReaderCut } = await store.copied(journal, marks, copiedTo, kept);
    if (isReaderCut) onReaderCut();
  }
}

function isGap({ trimmedTo, forgotten }: JournalPage, position: Position | null): boolean {
  if (forgotten !== null) return true;
  return trimmedTo !== null && (position === null || isLater(trimmedTo, position.streamId));
}

function positionOf(last: JournalEntry, events: readonly LedgerEvent[], before: Position | null): Position {
  const seqs = events.map(lastSeq);
  return {
    streamId: last.id,
    seq: seqs.reduce((most, seq) => Math.max(most, seq), before?.seq ?? 0),
    newestAtMs: timeOf(last) ?? 0,
  };
}

function rowsOf(events: readonly LedgerEvent[]): number {
  // A join is a row of its own and one for the member.
  return events.reduce((rows, event) => rows + (event.kind === 'joins' ? 2 * event.userIds.length : 1), 0);
}

function timeOf(entry: JournalEntry | undefined): number | null {
  return entry === undefined ? null : Number(entry.id.split('-')[0]);
}
