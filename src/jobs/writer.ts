// The writer: keeps copying the journals that are its to Postgres, for as long as the process runs. While Postgres is away it waits,
// longer and longer, and nothing else notices; what came meanwhile is copied afterwards.

import type { Sql } from '../postgres/connection.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import type { EntityAsked, JournalStore, Kept } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { Copier } from './copier.js';
import { copyAll } from './full-copy.js';
import { Lease, Share } from './leases.js';
import { Pace } from './pace.js';
import { BackOff, pause } from './pause.js';

export interface WriterOptions {
  readonly store: JournalStore;
  readonly sql: Sql;
  /** Everything that Redis holds, by name (store/scan.ts). */
  readonly scan: () => AsyncIterable<readonly EntityAsked[]>;
  readonly journals: readonly Journal[];
  readonly isCluster: boolean;
  readonly holder: string;
  readonly intervalMs: number;
  readonly rowsAimed: number;
  readonly kept: Kept;
  readonly isOutage: (error: unknown) => boolean;
  readonly log: WriterLog;
}

export interface WriterLog {
  /** Postgres is away; told once a minute at most. */
  away(forMs: number): void;
  back(afterMs: number): void;
  /** An entry of the journal, by its id, or an entity, by its name. */
  damaged(journal: Journal, what: string): void;
  failed(error: unknown): void;
  /** Events went that a reader who gave a name had not got; told once a minute at most. */
  readerCut(): void;
}

/** What the writer did and how far it is, since it started. */
export interface WriterFigures {
  readonly rows: number;
  readonly batches: number;
  readonly damaged: number;
  readonly lastSuccessAtMs: number | null;
  /** When the oldest of what is known to be missing happened. */
  readonly oldestMissingMs: number | null;
  /** Of each journal that is ours: the last entry that Postgres is known to have; null: not known yet. */
  readonly positions: ReadonlyMap<Journal, string | null>;
}

export interface Writer {
  figures(): WriterFigures;
  /** Copies what is there, gives its leases back. */
  stop(): Promise<void>;
}

const AWAY_FIRST_MS = 100;
const AWAY_MAX_MS = 5000;
const TELL_EVERY_MS = 60_000;
/** Another process has the lease: how often it is asked for. */
const ASK_LEASE_MS = 1000;
const FLUSH_MAX_MS = 8000;

export function startWriter(options: WriterOptions): Writer {
  const figures = { rows: 0, batches: 0, damaged: 0, lastSuccessAtMs: null as number | null };
  const missing = new Map<Journal, number>();
  const positions = new Map<Journal, string | null>();
  const stopping = new AbortController();
  const outage = new Outage(options.log);
  const share = new Share(options.store, options.holder, options.journals.length);

  const run = async (journal: Journal): Promise<void> => {
    const lease = new Lease(options.store, journal, 'writer', options.holder);
    const onDamaged = (what: string): void => {
      figures.damaged += 1;
      options.log.damaged(journal, what);
    };
    const copier = new Copier({ ...options, journal, onDamaged, onReaderCut: options.log.readerCut });
    const backOff = new BackOff(AWAY_FIRST_MS, AWAY_MAX_MS);
    const pace = new Pace();

    /** One page; whether there is more. */
    const step = async (): Promise<'more' | 'all' | 'not ours'> => {
      if (!(await share.allows(lease)) || !(await lease.hold())) {
        copier.end();
        missing.delete(journal);
        positions.delete(journal);
        return 'not ours';
      }
      if (!positions.has(journal)) positions.set(journal, null);
      const startedAt = performance.now();
      const copied = await copier.copy();
      if (copied.outcome === 'fenced') return 'not ours';
      if (copied.outcome === 'gap') {
        const fence = copier.claim?.fence ?? '';
        figures.rows += await copyAll({
          ...options,
          journal,
          fence,
          onDamaged,
          keepLease: () => lease.hold(),
        });
        copier.end();
        return 'more';
      }
      outage.end();
      figures.rows += copied.rows;
      figures.batches += copied.rows > 0 ? 1 : 0;
      figures.lastSuccessAtMs = Date.now();
      positions.set(journal, copier.claim?.position?.streamId ?? null);
      if (copied.oldestMissingMs === null) missing.delete(journal);
      else missing.set(journal, copied.oldestMissingMs);
      if (!copied.hasMore) return 'all';
      const now = performance.now();
      const behindMs = Date.now() - (copied.oldestMissingMs ?? Date.now());
      await pause(pace.restMs(copied.seq, now - startedAt, behindMs, now), stopping.signal);
      return 'more';
    };

    while (!stopping.signal.aborted) {
      try {
        const found = await step();
        backOff.reset();
        if (found === 'all') await pause(options.intervalMs, stopping.signal);
        else if (found === 'not ours') await pause(ASK_LEASE_MS, stopping.signal);
      } catch (error) {
        // Where Postgres stands after a failure it says itself.
        copier.end();
        if (error instanceof PostgresUnavailable) outage.note();
        else if (!options.isOutage(error)) options.log.failed(error);
        await backOff.pause(stopping.signal);
      }
    }
    await flush(step);
    await lease.giveBack().catch(() => {});
  };

  const running = Promise.all(options.journals.map(run));
  return {
    figures: () => ({
      ...figures,
      oldestMissingMs: missing.size === 0 ? null : Math.min(...missing.values()),
      positions,
    }),
    async stop() {
      stopping.abort();
      await running;
      await share.end();
    },
  };
}

/** The last pages of a process that ends: what it can in the time it has. */
async function flush(step: () => Promise<'more' | 'all' | 'not ours'>): Promise<void> {
  const deadline = performance.now() + FLUSH_MAX_MS;
  try {
    while (performance.now() < deadline && (await step()) === 'more');
  } catch {
    // Whoever starts next copies it.
  }
}

/** Tells that Postgres is away, once a minute, and that it is back. */
class Outage {
  readonly #log: WriterLog;
  #since: number | null = null;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(log: WriterLog) {
    this.#log = log;
  }

  note(): void {
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#log.away(Math.round(now - this.#since));
  }

  end(): void {
    if (this.#since === null) return;
    this.#log.back(Math.round(performance.now() - this.#since));
    this.#since = null;
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }
}
