// The scripts around a journal: reading on in it, what its marks stand for, what was copied, and who does its work. Decides nothing.

import type { Partition } from '../invite/partition.js';
import type { Journal } from './journals.js';
import { ReplyReader } from './reply.js';
import type { Argument, Scripts } from './scripts.js';

/** One entry of the stream as it stands there: its id, and its fields by name. */
export interface JournalEntry {
  /** `ms-n`; grows from entry to entry. */
  readonly id: string;
  readonly fields: ReadonlyMap<string, string>;
}

export interface Mark {
  /** As lua/README.md names entities: `member:<guild>:<user>` … */
  readonly entity: string;
  readonly seq: number;
}

export interface JournalPage {
  /** Of the journal at that moment. */
  readonly seq: number;
  /** Entries up to this one are gone; null: none is. */
  readonly trimmedTo: string | null;
  /** Names when marks were taken away that nobody had copied; null: none was, or all has been copied since. */
  readonly forgotten: string | null;
  /** There was no more at that moment; only then are there marks. */
  readonly isAll: boolean;
  readonly entries: readonly JournalEntry[];
  readonly marks: readonly Mark[];
}

/** What stays in the stream for those who read the events, when the copy has it. */
export interface Kept {
  readonly forMs: number;
  /** Entries; beyond them the oldest go, whoever wants them. */
  readonly entriesMax: number;
}

/** Did entries go that a reader who gave a name had not got? */
export type Trimmed = { readonly isReaderCut: boolean };

export interface EntityAsked {
  readonly entity: string;
  readonly partition: Partition;
}

/** What is stored of an entity: fields, or one value; null: gone. */
export type StoredEntity = string | readonly string[] | null;

export type Work = 'writer' | 'sweeper' | 'restore' | 'webhooks';

export interface JournalFigures {
  readonly entries: number;
  readonly marks: number;
  readonly seq: number;
  readonly newestId: string | null;
}

export interface JournalStore {
  read(journal: Journal, after: string | null, entriesMax: number, marksMax: number): Promise<JournalPage>;
  /** What each of them is now, and the journal's seq at that moment. All of one journal. */
  readEntities(
    asked: readonly EntityAsked[],
  ): Promise<{ readonly seq: number; readonly stored: readonly StoredEntity[] }>;
  /** Forgets marks that were not set anew, and of the entries up to `copiedTo` those that no reader needs. */
  copied(journal: Journal, marks: readonly Mark[], copiedTo: string | null, kept: Kept): Promise<Trimmed>;
  /** Where there is no copy: forgets all marks, and the entries that no reader needs. */
  forget(journal: Journal, kept: Kept): Promise<Trimmed>;
  /** Everything was copied, also what had been forgotten when that began. */
  recopied(journal: Journal, forgotten: string): Promise<void>;
  /** Is the work ours for the next `ttlMs`? */
  lease(journal: Journal, work: Work, holder: string, ttlMs: number): Promise<boolean>;
  giveBack(journal: Journal, work: Work, holder: string): Promise<void>;
  /** How many jobs processes there are, this one included for the next `ttlMs`; 0: no more. */
  countAlive(holder: string, ttlMs: number): Promise<number>;
  setFull(journal: Journal, isFull: boolean): Promise<void>;
  figures(journal: Journal): Promise<JournalFigures>;
}

/** Redis takes some 8,000 arguments apart on its stack; far below it. */
const MARKS_A_CALL = 1000;

export function createJournalStore(scripts: Scripts): JournalStore {
  // The number of a journal is that of a partition of it.
  const ask = async (name: string, journal: Journal, args: readonly Argument[]) =>
    new ReplyReader(await scripts.run(name, journal, args), name);

  return {
    async read(journal, after, entriesMax, marksMax) {
      const reply = await ask('journal-read', journal, [after ?? '', entriesMax, marksMax]);
      reply.oneOf(['read']);
      const seq = reply.integer();
      const trimmedTo = orNull(reply.text());
      const forgotten = orNull(reply.text());
      const isAll = reply.integer() === 1;
      const entries = readEntries(reply.inner());
      const marks = pairs(reply.inner()).map(([entity, at]) => ({ entity, seq: Number(at) }));
      return { seq, trimmedTo, forgotten, isAll, entries, marks };
    },

    async readEntities(asked) {
      const keyOf = new Map<Partition, number>();
      // KEYS[1] is the journal's.
      for (const { partition } of asked) if (!keyOf.has(partition)) keyOf.set(partition, keyOf.size + 2);
      const args = asked.flatMap(({ entity, partition }) => [keyOf.get(partition) ?? 0, entity]);
      const reply = new ReplyReader(await scripts.run('entities', [...keyOf.keys()], args), 'entities');
      reply.oneOf(['read']);
      const seq = reply.integer();
      return { seq, stored: asked.map(() => reply.textOrTexts()) };
    },

    async copied(journal, marks, copiedTo, { forMs, entriesMax }) {
      let isReaderCut = false;
      for (let from = 0; from === 0 || from < marks.length; from += MARKS_A_CALL) {
        const some = marks.slice(from, from + MARKS_A_CALL).flatMap(({ entity, seq }) => [entity, seq]);
        const reply = await ask('journal-copied', journal, [copiedTo ?? '', forMs, entriesMax, ...some]);
        reply.oneOf(['copied']);
        reply.integer();
        isReaderCut ||= reply.integer() === 1;
      }
      return { isReaderCut };
    },

    async forget(journal, { forMs, entriesMax }) {
      const reply = await ask('journal-forget', journal, [forMs, entriesMax]);
      reply.oneOf(['forgotten']);
      return { isReaderCut: reply.integer() === 1 };
    },

    async recopied(journal, forgotten) {
      (await ask('journal-recopied', journal, [forgotten])).oneOf(['noted', 'forgotten']);
    },

    async lease(journal, work, holder, ttlMs) {
      const reply = await ask('lease', journal, [work, holder, ttlMs]);
      return reply.oneOf(['held', 'taken']) === 'held';
    },

    async giveBack(journal, work, holder) {
      (await ask('lease', journal, [work, holder, 0])).oneOf(['released', 'taken']);
    },

    async countAlive(holder, ttlMs) {
      const reply = await ask('jobs-alive', 0, [holder, ttlMs]);
      reply.oneOf(['alive']);
      return reply.integer();
    },

    async setFull(journal, isFull) {
      (await ask('stream-full', journal, [isFull ? 1 : 0])).oneOf(['noted']);
    },

    async figures(journal) {
      const reply = await ask('journal-figures', journal, []);
      reply.oneOf(['figures']);
      const [entries, marks, seq] = [reply.integer(), reply.integer(), reply.integer()];
      return { entries, marks, seq, newestId: orNull(reply.text()) };
    },
  };
}

function pairs(list: ReplyReader): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  while (!list.atEnd()) found.push([list.text(), list.text()]);
  return found;
}

/** Entries as XRANGE gives them. */
export function readEntries(listed: ReplyReader): readonly JournalEntry[] {
  const entries: JournalEntry[] = [];
  while (!listed.atEnd()) {
    const entry = listed.inner();
    const id = entry.text();
    entries.push({ id, fields: new Map(pairs(entry.inner())) });
  }
  return entries;
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
