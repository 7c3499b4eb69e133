// What this jobs process counts, and how far behind the copy is: told through Redis each second, for /metrics of the HTTP workers.
// Must never hold up the work itself, nor claim to know what can't be known now: that is null.

import { type Sql, statement } from '../postgres/connection.js';
import type { EventStore } from '../store/event-store.js';
import type { JournalStore } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import type { RedisMemory } from '../store/memory.js';
import type { ToldFigures } from '../store/told-figures.js';
import type { JobsFigures, WebhookFigures } from './figures-told.js';
import { pause } from './pause.js';
import type { RecoveryState } from './recovery.js';
import type { WriterFigures } from './writer.js';

export interface FiguresOptions {
  readonly store: JournalStore;
  readonly events: EventStore;
  readonly memory: () => Promise<RedisMemory>;
  readonly told: ToldFigures;
  readonly journals: readonly Journal[];
  readonly holder: string;
  /** null: there is no Postgres. */
  readonly sql: Sql | null;
  /** null where nothing is copied. */
  readonly writer: () => WriterFigures | null;
  readonly recovery: () => RecoveryState;
  /** Entries that a journal may have. */
  readonly entriesMax: number;
  /** How often Redis was filled from Postgres by this process, and when it was last. */
  readonly restores: () => { readonly count: number; readonly lastAtMs: number | null };
  /** null where there are none. */
  readonly webhooks: () => WebhookFigures | null;
  readonly isOutage: (error: unknown) => boolean;
  readonly onProblem: (error: unknown) => void;
}

const TELL_EVERY_MS = 1000;
const KEPT_MS = 10_000;
/** Over so many of the last looks a rate is taken. */
const RATE_LOOKS = 5;
const PING_MAX_MS = 800;

const PING = statement('ping', 'select 1');

export function startFigures(options: FiguresOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const behind = new Behind(options.store);
  const rate = new Rate();
  const postgres = options.sql === null ? null : new Ping(options.sql);

  const look = async (): Promise<JobsFigures> => {
    const writer = options.writer();
    const restores = options.restores();
    const [isPostgresUp, waiting, lagMs, redisMemory, eventsLagMs] = await Promise.all([
      postgres?.isUp() ?? null,
      orNull(options, waitingIn(options)),
      writer === null ? null : orNull(options, behind.lagMs(writer)),
      orNull(options, options.memory()),
      orNull(options, readersBehind(options)),
    ]);
    return {
      dirtyEntities: waiting?.marks ?? null,
      streamEntries: waiting?.entries ?? null,
      streamFill: waiting === null ? null : waiting.most / options.entriesMax,
      redisMemory,
      eventsLagMs,
      lagMs,
      rows: writer?.rows ?? 0,
      rowsPerSecond: rate.of(writer?.rows ?? 0),
      damaged: writer?.damaged ?? 0,
      lastSuccessAtMs: writer?.lastSuccessAtMs ?? null,
      isPostgresUp,
      recovery: options.recovery(),
      restores: restores.count,
      lastRestoreAtMs: restores.lastAtMs,
      webhooks: options.webhooks(),
    };
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const figures = await look();
      await orNull(options, options.told.tell(options.holder, JSON.stringify(figures), KEPT_MS));
      await pause(TELL_EVERY_MS, stopping.signal);
    }
    await options.told.takeBack(options.holder).catch(() => {});
  };
  const running = run();
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}

/** null: Redis is away, or closed. */
async function orNull<Result>(options: FiguresOptions, asked: Promise<Result>): Promise<Result | null> {
  try {
    return await asked;
  } catch (error) {
    if (!options.isOutage(error)) options.onProblem(error);
    return null;
  }
}

async function waitingIn({ store, journals }: FiguresOptions) {
  const sum = { marks: 0, entries: 0, most: 0 };
  for (const journal of journals) {
    const { marks, entries } = await store.figures(journal);
    sum.marks += marks;
    sum.entries += entries;
    sum.most = Math.max(sum.most, entries);
  }
  return sum;
}

/** Each reader by the journal in which he is furthest behind. */
async function readersBehind({ events, journals }: FiguresOptions) {
  const ages: Record<string, number> = {};
  for (const journal of journals) {
    for (const [name, ms] of await events.behind(journal)) ages[name] = Math.max(ages[name] ?? 0, ms);
  }
  return ages;
}

/** How old the oldest is of what Postgres does not have. */
class Behind {
  readonly #store: JournalStore;
  /** Since when there have been marks that no copy has taken. */
  readonly #markedSinceMs = new Map<Journal, number>();

  constructor(store: JournalStore) {
    this.#store = store;
  }

  /** Of the journals that this process copies. Where it has not reached Postgres yet, what that has may be counted too. */
  async lagMs({ positions, lastSuccessAtMs }: WriterFigures): Promise<number> {
    const nowMs = Date.now();
    let oldestMs = nowMs;
    for (const [journal, position] of positions) {
      // One entry, and only where there is none the oldest mark.
      const { entries, marks } = await this.#store.read(journal, position, 1, 1);
      const entryMs = Number(entries[0]?.id.split('-')[0] ?? nowMs);
      oldestMs = Math.min(
        oldestMs,
        entryMs,
        this.#markedMs(journal, marks.length > 0, lastSuccessAtMs ?? 0, nowMs),
      );
    }
    return nowMs - oldestMs;
  }

  /** A mark has no time: it is as old as the first look that found one, but not older than the last copy. */
  #markedMs(journal: Journal, isMarked: boolean, copiedAtMs: number, nowMs: number): number {
    if (!isMarked) {
      this.#markedSinceMs.delete(journal);
      return nowMs;
    }
    const sinceMs = Math.min(nowMs, Math.max(this.#markedSinceMs.get(journal) ?? nowMs, copiedAtMs));
    this.#markedSinceMs.set(journal, sinceMs);
    return sinceMs;
  }
}

class Rate {
  readonly #looks: { readonly at: number; readonly rows: number }[] = [];

  of(rows: number): number {
    const now = { at: performance.now(), rows };
    const before = this.#looks[0] ?? now;
    this.#looks.push(now);
    if (this.#looks.length > RATE_LOOKS) this.#looks.shift();
    return now.at === before.at ? 0 : ((now.rows - before.rows) * 1000) / (now.at - before.at);
  }
}

/** Does Postgres answer? One that takes long is asked no more until it has. */
class Ping {
  readonly #sql: Sql;
  #asked: Promise<boolean> | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async isUp(): Promise<boolean> {
    this.#asked ??= this.#sql
      .query(PING)
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#asked = null;
      });
    const late = new AbortController();
    const isUp = await Promise.race([this.#asked, pause(PING_MAX_MS, late.signal).then(() => false)]);
    late.abort();
    return isUp;
  }
}
