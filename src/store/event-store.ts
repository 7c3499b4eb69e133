// The scripts for those who read the events of a journal: reading on, and what is noted of readers who gave a name. Decides nothing.

import { type JournalEntry, readEntries } from './journal-store.js';
import type { Journal } from './journals.js';
import { ReplyReader } from './reply.js';
import type { Argument, Scripts } from './scripts.js';

export interface EventsPage {
  /** Entries up to this one are gone; null: none is. */
  readonly trimmedTo: string | null;
  readonly entries: readonly JournalEntry[];
}

export interface Consumer {
  readonly name: string;
  /** As lua/lib/consumers.lua has it. */
  readonly position: string;
  readonly seenAtMs: number;
}

/** Where one begins who isn't known: with what comes from now on, or with the oldest that is kept. */
export type Beginning = 'newest' | 'oldest';

export interface EventStore {
  /**
   * @param after id of an entry; null: from the oldest that is kept
   * @param isInclusive that entry as well
   * @param enough events, 1–10,000; a few more may come, since entries come whole
   */
  read(
    journal: Journal,
    after: string | null,
    isInclusive: boolean,
    enough: number,
  ): Promise<EventsPage | 'expired'>;
  /** Notes that a consumer came, and where he stands now; null: there are too many consumers. */
  note(journal: Journal, consumer: string, position: string): Promise<string | null>;
  /** The same, unless he stands further on already. */
  advance(journal: Journal, consumer: string, position: string): Promise<void>;
  /** Where a consumer stands; one who isn't known is noted. null: there are too many consumers. */
  begin(journal: Journal, consumer: string, from: Beginning): Promise<string | null>;
  consumers(journal: Journal): Promise<readonly Consumer[]>;
  /** By name: age in ms of the oldest event that he doesn't have; 0: he has all. */
  behind(journal: Journal): Promise<ReadonlyMap<string, number>>;
  /** false: nobody of that name. */
  forget(journal: Journal, consumer: string): Promise<boolean>;
}

export function createEventStore(scripts: Scripts): EventStore {
  const ask = async (name: string, journal: Journal, args: readonly Argument[]) =>
    new ReplyReader(await scripts.run(name, journal, args), name);
  const tell = async (journal: Journal, consumer: string, where: string, mayGoBack: boolean) => {
    const reply = await ask('consumer-note', journal, [consumer, where, mayGoBack ? 1 : 0]);
    return reply.oneOf(['noted', 'too_many']) === 'noted' ? reply.text() : null;
  };

  return {
    async read(journal, after, isInclusive, enough) {
      const reply = await ask('events-read', journal, [after ?? '', isInclusive ? 1 : 0, enough]);
      if (reply.oneOf(['read', 'expired']) === 'expired') return 'expired';
      const trimmedTo = reply.text();
      return { trimmedTo: trimmedTo === '' ? null : trimmedTo, entries: readEntries(reply.inner()) };
    },

    note: (journal, consumer, position) => tell(journal, consumer, position, true),
    begin: (journal, consumer, from) => tell(journal, consumer, from, true),

    async advance(journal, consumer, position) {
      await tell(journal, consumer, position, false);
    },

    async consumers(journal) {
      const reply = await ask('consumers-list', journal, []);
      reply.oneOf(['listed']);
      const consumers: Consumer[] = [];
      while (!reply.atEnd()) {
        consumers.push({ name: reply.text(), position: reply.text(), seenAtMs: reply.integer() });
      }
      return consumers;
    },

    async behind(journal) {
      const reply = await ask('consumers-lag', journal, []);
      reply.oneOf(['behind']);
      const ages = new Map<string, number>();
      while (!reply.atEnd()) ages.set(reply.text(), reply.integer());
      return ages;
    },

    async forget(journal, consumer) {
      const reply = await ask('consumer-forget', journal, [consumer]);
      return reply.oneOf(['forgotten', 'unknown_consumer']) === 'forgotten';
    },
  };
}
