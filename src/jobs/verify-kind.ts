// What a kind of entities must tell of itself, so that Redis and Postgres can be compared in it (verify-kinds.ts has all of them): both
// sides are brought to one form. Where Redis keeps an entity as one text, that is looked at first: nearly always it says that all
// is well, at a tenth of the work.

import { type Partition, partitionOfId } from '../invite/partition.js';
import type { SqlSession } from '../postgres/connection.js';
import type { Entities, Present } from '../postgres/entities.js';
import type { Key } from '../postgres/read-some.js';
import type { Peek } from '../store/peek.js';

export type Value = string | number | boolean | null;

/** An entity by its name (as marks have it), where it lies in Redis, and its values in the order of its kind's fields. */
export interface Entry {
  readonly name: string;
  readonly partition: Partition;
  readonly values: readonly Value[];
}

/** A page of Postgres. */
export interface Page {
  readonly length: number;
  /** Those that are not seen at once to be the same in Redis: they are to be compared. */
  readonly suspects: readonly Entry[];
}

export interface Kind {
  /** For people, such as 'group DMs'. */
  readonly plural: string;
  /** What the names of its entities begin with. */
  readonly word: string;
  readonly fields: readonly string[];
  /** All that Postgres has, page by page; the next is read while one is looked at. Of invites those that live at `nowMs`. */
  pages(sql: SqlSession, peek: Peek, nowMs: number): AsyncIterable<Page>;
  /** Those of these names that Postgres has. */
  some(sql: SqlSession, names: readonly string[], nowMs: number): Promise<readonly Entry[]>;
  /** Those that were read from Redis. */
  inRedis(read: Entities, nowMs: number): readonly Entry[];
}

export interface Form<State, Stored extends State> {
  readonly plural: string;
  readonly word: string;
  readonly fields: Readonly<Record<string, (state: State) => Value>>;
  keyOf(state: State): string;
  /** The id that says where it lies. */
  placeOf(state: State): string;
  page(
    sql: SqlSession,
    after: Stored | null,
    limit: number,
    nowMs: number,
  ): Promise<readonly Present<Stored>[]>;
  some(sql: SqlSession, keys: readonly Key[], nowMs: number): Promise<readonly Present<Stored>[]>;
  inRedis(read: Entities): readonly { readonly state: State | null }[];
  isThere?(state: State, nowMs: number): boolean;
  /** What stands in Redis of each, and whether that is all as it is here. */
  peek?(peek: Peek, states: readonly Stored[]): Promise<readonly (string | null)[]>;
  isSame?(state: Stored, stored: string): boolean;
}

/** Larger ones cost more, not less: they outlive the young generation of the heap. */
const PAGE = 1000;

export function kind<State, Stored extends State = State>(form: Form<State, Stored>): Kind {
  const getters = Object.values(form.fields);
  const entryOf = (state: State): Entry => ({
    name: `${form.word}:${form.keyOf(state)}`,
    partition: partitionOfId(form.placeOf(state)),
    values: getters.map((get) => get(state)),
  });
  return {
    plural: form.plural,
    word: form.word,
    fields: Object.keys(form.fields),

    async *pages(sql, peek, nowMs) {
      let reading: Promise<readonly Present<Stored>[]> | null = form.page(sql, null, PAGE, nowMs);
      while (reading !== null) {
        const rows: readonly Present<Stored>[] = await reading;
        const last = rows.length < PAGE ? undefined : rows.at(-1);
        reading = last === undefined ? null : form.page(sql, last.state, PAGE, nowMs);
        // Whoever looks at this page may fail before it asks for the next.
        reading?.catch(() => {});
        const states = rows.map(({ state }) => state);
        const stored = form.peek === undefined ? null : await form.peek(peek, states);
        const suspects = states.filter((state, at) => {
          const text = stored?.[at];
          return typeof text !== 'string' || form.isSame?.(state, text) !== true;
        });
        yield { length: states.length, suspects: suspects.map(entryOf) };
      }
    },

    async some(sql, names, nowMs) {
      const keys = names.map((name) => keyOf(name.slice(form.word.length + 1)));
      return (await form.some(sql, keys, nowMs)).map(({ state }) => entryOf(state));
    },

    inRedis: (read, nowMs) =>
      form
        .inRedis(read)
        .flatMap(({ state }) =>
          state === null || form.isThere?.(state, nowMs) === false ? [] : [entryOf(state)],
        ),
  };
}

/** The first id ends at the first colon; addresses have colons of their own. */
function keyOf(text: string): Key {
  const end = text.indexOf(':');
  return end === -1 ? [text] : [text.slice(0, end), text.slice(end + 1)];
}
