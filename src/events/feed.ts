// The feed: the events of all journals, page by page behind a cursor. Keeps nothing; whoever reads says where he stands.

import type { Snowflake } from '../invite/id.js';
import { isoTime } from '../invite/invite-json.js';
import type { EventStore } from '../store/event-store.js';
import type { Journal } from '../store/journals.js';
import type { UserStore } from '../store/users.js';
import { type Change, countOf } from './change.js';
import { readEntry } from './entry.js';
import { eventsOf, namesIn, type OutboxEvent } from './event-json.js';
import {
  eventId,
  type Position,
  type Positions,
  positionBehind,
  readCursor,
  readPosition,
  writeCursor,
} from './position.js';

export interface FeedSource {
  readonly events: EventStore;
  readonly users: UserStore;
  readonly journals: readonly Journal[];
  readonly isCluster: boolean;
}

const BEFORE_EVERYTHING = '0-0';
/** As much as the script takes. */
const ENOUGH_MAX = 10_000;

/** Some events of one journal, in their order. */
export interface JournalEvents {
  readonly events: readonly OutboxEvent[];
  /** Behind the last of them; null: there never was anything. */
  readonly position: Position;
}

/** Some events: of each journal in their order. */
export interface FeedPage {
  readonly events: readonly OutboxEvent[];
  /** Behind the last of them. */
  readonly next: string;
}

/**
 * Reads on in one journal: up to `limit` events. Entries that can't be read are passed over.
 * @returns `expired`: events behind the position are gone
 * @throws StoreUnavailable
 */
export async function readJournal(
  source: FeedSource,
  journal: Journal,
  after: Position,
  limit: number,
): Promise<JournalEvents | 'expired'> {
  const place = after === null ? null : readPosition(after);
  const isWithin = place !== null && place.had !== null;
  const enough = Math.min(limit + (place?.had ?? 0), ENOUGH_MAX);
  const page = await source.events.read(journal, place?.entryId ?? null, isWithin, enough);
  if (page === 'expired') return page;
  const found: Found[] = [];
  let count = 0;
  let position = after ?? page.trimmedTo;
  for (const entry of page.entries) {
    const changes = readEntry(entry) ?? [];
    const all = changes.reduce((sum, change) => sum + countOf(change), 0);
    const had = entry.id === place?.entryId ? (place.had ?? 0) : 0;
    // Damaged, or had as a whole.
    if (all <= had) position = entry.id;
    let passed = 0;
    for (const change of changes) {
      const own = countOf(change);
      const from = Math.min(Math.max(0, had - passed), own);
      const to = Math.min(own, from + limit - count);
      if (to > from) {
        found.push({ change, from, to, entryId: entry.id, passed, all });
        count += to - from;
        position = positionBehind(entry.id, passed + to - 1, all);
      }
      passed += own;
    }
    if (count >= limit) break;
  }
  const names = await source.users.read(new Set<Snowflake>(found.flatMap(({ change }) => namesIn(change))));
  const idAt = ({ entryId, passed, all }: Found, index: number): string =>
    eventId(journal, source.isCluster, positionBehind(entryId, passed + index, all));
  const events = found.flatMap((one) => eventsOf(one.change, one, (index) => idAt(one, index), names));
  return { events, position };
}

/** Some events of a change, which is one of those of an entry. */
interface Found {
  readonly change: Change;
  readonly from: number;
  readonly to: number;
  readonly entryId: string;
  /** How many events of the entry come before those of the change. */
  readonly passed: number;
  /** How many the entry has. */
  readonly all: number;
}

export class Feed {
  readonly #source: FeedSource;
  /** Where the next page begins, so that a busy journal doesn't keep the others from being read. */
  #turn = 0;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  /** Is the id of an event a cursor too? On a cluster only what a page says is. */
  get idsAreCursors(): boolean {
    return !this.#source.isCluster;
  }

  isCursor(text: string): boolean {
    return readCursor(text, this.#source.isCluster) !== null;
  }

  /**
   * Up to `limit` events behind a cursor; null: from the oldest that are kept.
   * @throws StoreUnavailable
   */
  async read(after: string | null, limit: number): Promise<FeedPage | 'expired'> {
    const { journals, isCluster } = this.#source;
    const positions = new Map(after === null ? [] : (readCursor(after, isCluster) ?? []));
    const events: OutboxEvent[] = [];
    this.#turn = (this.#turn + 1) % journals.length;
    for (const journal of [...journals.slice(this.#turn), ...journals.slice(0, this.#turn)]) {
      if (events.length >= limit) break;
      const read = await readJournal(
        this.#source,
        journal,
        positions.get(journal) ?? null,
        limit - events.length,
      );
      if (read === 'expired') return read;
      // Before everything is a place too: should what comes there be gone before he reads it, he is told so.
      positions.set(journal, read.position ?? BEFORE_EVERYTHING);
      for (const event of read.events) events.push(event);
    }
    return { events, next: writeCursor(positions, isCluster) };
  }

  /**
   * Notes that a consumer came and has everything before this cursor; null: he goes on where he stood, or begins with the oldest.
   * @returns where he stands; null: there are too many consumers
   */
  async note(consumer: string, cursor: string | null): Promise<string | null> {
    const { events, journals, isCluster } = this.#source;
    const given: Positions = new Map(cursor === null ? [] : (readCursor(cursor, isCluster) ?? []));
    const positions = new Map<Journal, string>();
    const noted = await Promise.all(
      journals.map(async (journal) => {
        const position = given.get(journal);
        const at =
          position === undefined
            ? await events.begin(journal, consumer, 'oldest')
            : await events.note(journal, consumer, position);
        if (at !== null) positions.set(journal, at);
        return at !== null;
      }),
    );
    return noted.includes(false) ? null : writeCursor(positions, isCluster);
  }

  /**
   * Where a reader begins: where he says; else, with a name, where he stood; else null. Notes who gave a name.
   * @returns `too_many`: there are too many consumers; `expired`: events behind his place are gone
   */
  async begin(
    consumer: string | null,
    after: string | null,
  ): Promise<string | null | 'too_many' | 'expired'> {
    if (consumer === null) return after;
    // A place that is gone is never noted; one that was, and is gone, is forgotten, so that he can begin anew.
    if (after !== null && (await this.read(after, 1)) === 'expired') return 'expired';
    const noted = await this.note(consumer, after);
    if (noted === null) return 'too_many';
    if (after === null && (await this.read(noted, 1)) === 'expired') {
      await this.forget(consumer);
      return 'expired';
    }
    return after ?? noted;
  }

  /** Who gave a name: the oldest place where each stands, in whichever journal, and when he came last. */
  async consumers(): Promise<
    readonly { readonly name: string; readonly seen_at: string; readonly cursor: string }[]
  > {
    const { events, journals, isCluster } = this.#source;
    const found = new Map<string, { seenAtMs: number; readonly positions: Map<Journal, string> }>();
    const listed = await Promise.all(journals.map((journal) => events.consumers(journal)));
    listed.forEach((consumers, at) => {
      for (const { name, position, seenAtMs } of consumers) {
        const known = found.get(name) ?? { seenAtMs: 0, positions: new Map() };
        known.seenAtMs = Math.max(known.seenAtMs, seenAtMs);
        known.positions.set(journals[at] ?? 0, position);
        found.set(name, known);
      }
    });
    return [...found].map(([name, { seenAtMs, positions }]) => ({
      name,
      seen_at: isoTime(seenAtMs),
      cursor: writeCursor(positions, isCluster),
    }));
  }

  /** Nothing is kept for this consumer any more. false: nobody of that name. */
  async forget(consumer: string): Promise<boolean> {
    const { events, journals } = this.#source;
    const forgotten = await Promise.all(journals.map((journal) => events.forget(journal, consumer)));
    return forgotten.includes(true);
  }
}
