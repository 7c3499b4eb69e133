// Compares Redis and Postgres, entity by entity and both ways, and the uses of each code with the joins in the ledger. Only reads, page
// by page. What differs while things change may only be on its way: it is looked at again before it counts.
//
// From Postgres to Redis every entity is compared field by field; from Redis to Postgres it is then enough to know that there are no
// others: by name, or where a guild has many, by their number.

import type { Snowflake } from '../invite/id.js';
import type { Sql } from '../postgres/connection.js';
import type { Entities } from '../postgres/entities.js';
import { checkSums, type WrongSum } from '../postgres/read-invites.js';
import { countParts, type PartTable, readKnown } from '../postgres/read-some.js';
import type { EntityAsked } from '../store/journal-store.js';
import { type Journal, journalOf } from '../store/journals.js';
import type { Store } from '../store/store.js';
import type { PartName, Surveyed } from '../store/survey.js';
import { untilCopied } from './copied.js';
import { readNow } from './marked-entities.js';
import { pause } from './pause.js';
import type { Entry, Kind } from './verify-kind.js';
import { KINDS } from './verify-kinds.js';

export interface Difference {
  /** As marks name entities: `member:<guild>:<user>`, `invite:<code>`. */
  readonly name: string;
  /** `unreadable`: what Redis has is damaged. */
  readonly what: 'in Redis only' | 'in Postgres only' | 'different' | 'unreadable';
  /** Of a different one. */
  readonly fields: readonly string[];
}

export interface Verification {
  /** How many were compared, by the plural of their kind. */
  readonly compared: Readonly<Record<string, number>>;
  /** The first of them; `found` says how many there are. */
  readonly differences: readonly Difference[];
  readonly found: number;
  /** Codes whose joins and uses don't add up; the first of them. */
  readonly wrongSums: readonly WrongSum[];
  readonly tookMs: number;
}

export interface VerifyOptions {
  readonly store: Store;
  readonly sql: Sql;
  /** Differences and wrong sums that are told. */
  readonly toldMax: number;
  readonly stopping: AbortSignal;
  /** How long differences may be on their way before they count. */
  readonly settleMaxMs?: number;
}

/** For the copy to catch up before anything is compared. */
const CATCH_UP_MAX_MS = 3000;
const SETTLE_MAX_MS = 3000;
const SETTLE_EVERY_MS = 250;
/** Differences that are remembered, to be looked at again. */
const KEPT_MAX = 100_000;
/** Entities that are looked at by name in one step. */
const STEP = 2000;

/** @throws StoreUnavailable, PostgresUnavailable; the reason of `stopping` when that is aborted */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { store, sql, toldMax, stopping } = options;
  const startedAt = performance.now();
  await untilCopied(store.journal, sql, store.journals, CATCH_UP_MAX_MS, stopping);
  const comparison = new Comparison(options);
  const [wrongSums] = await Promise.all([
    checkSums(sql, toldMax),
    comparison.fromPostgres(),
    comparison.fromRedis(),
  ]);
  await comparison.settle();
  return {
    compared: comparison.compared,
    differences: comparison.first(toldMax),
    found: comparison.found,
    wrongSums,
    tookMs: Math.round(performance.now() - startedAt),
  };
}

interface Kept extends Difference {
  readonly kind: Kind;
  readonly asked: EntityAsked;
}

class Comparison {
  readonly compared: Record<string, number> = {};
  readonly #options: VerifyOptions;
  readonly #kept = new Map<string, Kept>();
  #beyond = 0;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  get found(): number {
    return this.#kept.size + this.#beyond;
  }

  first(count: number): readonly Difference[] {
    return [...this.#kept.values()].slice(0, count).map(({ name, what, fields }) => ({ name, what, fields }));
  }

  async fromPostgres(): Promise<void> {
    const { store, sql, stopping } = this.#options;
    for (const kind of KINDS) {
      const nowMs = Date.now();
      this.compared[kind.plural] = 0;
      for await (const { length, suspects } of kind.pages(sql, store.peek, nowMs)) {
        stopping.throwIfAborted();
        this.compared[kind.plural] = (this.compared[kind.plural] ?? 0) + length;
        if (suspects.length > 0)
          this.#keep(await this.#compare(kind, suspects.map(askedOf), suspects, nowMs));
      }
    }
  }

  async fromRedis(): Promise<void> {
    const { store, stopping } = this.#options;
    for await (const step of store.survey.run()) {
      stopping.throwIfAborted();
      await this.#lookForWhole(step.whole);
      await this.#lookForParts(step.parts);
    }
  }

  /** Looks at what differs again and again, until nothing does or it has taken too long to be on its way. */
  async settle(): Promise<void> {
    const { stopping, settleMaxMs = SETTLE_MAX_MS } = this.#options;
    const deadline = performance.now() + settleMaxMs;
    while (this.#kept.size > 0 && performance.now() < deadline) {
      await pause(SETTLE_EVERY_MS, stopping);
      stopping.throwIfAborted();
      const before = [...this.#kept.values()];
      this.#kept.clear();
      for (const kind of KINDS) {
        const asked = before.filter((one) => one.kind === kind).map((one) => one.asked);
        await this.#lookAt(kind, asked);
      }
    }
  }

  async #lookForWhole(whole: Surveyed['whole']): Promise<void> {
    for (const [word, list] of Object.entries(WHOLE)) {
      const asked = whole.filter(({ entity }) => entity.startsWith(`${word}:`));
      if (asked.length === 0) continue;
      const known = await readKnown(
        this.#options.sql,
        list,
        asked.map(({ entity }) => entity.slice(word.length + 1)),
      );
      await this.#lookAt(
        kindOf(word),
        asked.filter(({ entity }) => !known.has(entity.slice(word.length + 1))),
      );
    }
  }

  async #lookForParts(parts: Surveyed['parts']): Promise<void> {
    const { sql, store } = this.#options;
    for (const [word, table] of Object.entries(PARTS)) {
      const ours = parts.filter(({ name }) => name === word);
      if (ours.length === 0) continue;
      const counts = await countParts(
        sql,
        table,
        ours.map(({ guildId }) => guildId as Snowflake),
      );
      for (const part of ours) {
        if (counts.get(part.guildId) === part.length) continue;
        for await (const asked of store.survey.entitiesOf(part)) await this.#lookAt(kindOf(word), asked);
      }
    }
  }

  /** Compares entities by name, whichever side has them. */
  async #lookAt(kind: Kind, asked: readonly EntityAsked[]): Promise<void> {
    const { sql } = this.#options;
    for (let from = 0; from < asked.length; from += STEP) {
      const some = asked.slice(from, from + STEP);
      const nowMs = Date.now();
      const names = some.map(({ entity }) => entity);
      this.#keep(await this.#compare(kind, some, await kind.some(sql, names, nowMs), nowMs));
    }
  }

  async #compare(
    kind: Kind,
    asked: readonly EntityAsked[],
    inPostgres: readonly Entry[],
    nowMs: number,
  ): Promise<readonly Kept[]> {
    const { read, unreadable } = await this.#readRedis(asked);
    const inRedis = byName(read.flatMap((entities) => kind.inRedis(entities, nowMs)));
    const postgres = byName(inPostgres);
    const damaged = new Set(unreadable.map(({ entity }) => entity));
    return asked.flatMap((one) => {
      const what = damaged.has(one.entity)
        ? { what: 'unreadable' as const, fields: [] }
        : differenceOf(kind, inRedis.get(one.entity), postgres.get(one.entity));
      return what === null ? [] : [{ name: one.entity, kind, asked: one, ...what }];
    });
  }

  async #readRedis(asked: readonly EntityAsked[]) {
    const { store } = this.#options;
    const journals = new Map<Journal, EntityAsked[]>();
    for (const one of asked) {
      const journal = journalOf(one.partition, store.isCluster);
      const group = journals.get(journal);
      if (group === undefined) journals.set(journal, [one]);
      else group.push(one);
    }
    const read: Entities[] = [];
    const unreadable: EntityAsked[] = [];
    for (const group of journals.values())
      read.push(
        await readNow(store.journal, group, (entity) =>
          unreadable.push(...group.filter((one) => one.entity === entity)),
        ),
      );
    return { read, unreadable };
  }

  #keep(differences: readonly Kept[]): void {
    for (const difference of differences) {
      if (this.#kept.size < KEPT_MAX || this.#kept.has(difference.name)) {
        this.#kept.set(difference.name, difference);
      } else {
        this.#beyond += 1;
      }
    }
  }
}

/** What is looked for by name, and what by number. */
const WHOLE = { guild: 'guilds', 'group-dm': 'groupDms', user: 'users', invite: 'invites' } as const;
const PARTS = {
  channel: 'channels',
  member: 'members',
  bans: 'bans',
  'ip-bans': 'ip_bans',
} as const satisfies Record<PartName, PartTable>;

function kindOf(word: string): Kind {
  const kind = KINDS.find((known) => known.word === word);
  if (kind === undefined) throw new Error(`no kind ${word}`);
  return kind;
}

function askedOf({ name, partition }: Entry): EntityAsked {
  return { entity: name, partition };
}

function byName(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

function differenceOf(
  { fields }: Kind,
  inRedis: Entry | undefined,
  inPostgres: Entry | undefined,
): Pick<Difference, 'what' | 'fields'> | null {
  if (inRedis === undefined)
    return inPostgres === undefined ? null : { what: 'in Postgres only', fields: [] };
  if (inPostgres === undefined) return { what: 'in Redis only', fields: [] };
  const differing = fields.filter((_, at) => inRedis.values[at] !== inPostgres.values[at]);
  return differing.length === 0 ? null : { what: 'different', fields: differing };
}
