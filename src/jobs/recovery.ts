// Holds Redis to the data that Postgres has: their epoch. A Redis that is empty, or that holds other data, is closed, filled from
// Postgres by one process, and opened again; meanwhile everyone is told to come back later, and nobody that a code is unknown.
// Must never open a Redis of which it can't be known whether it is whole.

import { ulid } from 'ulid';
import type { Sql } from '../postgres/connection.js';
import { epoch as readEpoch, setEpoch } from '../postgres/meta.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import type { Store } from '../store/store.js';
import { Lease } from './leases.js';
import { pause } from './pause.js';
import { RestoreInterrupted, type RestoreSummary, restore } from './restore.js';

export interface RecoveryOptions {
  readonly store: Store;
  /** null: there is no Postgres, and what Redis loses is lost. */
  readonly sql: Sql | null;
  readonly holder: string;
  /** Is it known, though Postgres can't be asked yet, that it holds nothing? */
  readonly isPostgresNew: () => boolean;
  readonly isOutage: (error: unknown) => boolean;
  readonly log: RecoveryLog;
}

export interface RecoveryLog {
  /** Redis is empty, and whether there is something to fill it from can't be known now. Told once a minute at most. */
  waitsForPostgres(): void;
  begins(why: 'empty' | 'other data'): void;
  progresses(done: number): void;
  restored(summary: RestoreSummary): void;
  /** There is no Postgres: it goes on empty. */
  startsAnew(): void;
  failed(error: unknown): void;
}

export type RecoveryState = 'checking' | 'open' | 'restoring';

export interface Recovery {
  readonly state: () => RecoveryState;
  stop(): Promise<void>;
}

/** So often is looked whether Redis still holds what it should. */
const LOOK_EVERY_MS = 250;
const TELL_EVERY_MS = 60_000;

export function startRecovery(options: RecoveryOptions): Recovery {
  const { store, log } = options;
  const stopping = new AbortController();
  let state: RecoveryState = 'checking';
  /** Of the data that are ours, once it is known. */
  let epoch: string | null = null;
  let toldAt = Number.NEGATIVE_INFINITY;

  const look = async (): Promise<void> => {
    const epochs = await store.epochs.read();
    if (epoch !== null && epochs.every((found) => found === epoch)) {
      state = 'open';
      return;
    }
    const there = epochs.find((found) => found !== null) ?? null;
    const isWhole = there !== null && epochs.every((found) => found === there);
    state = isWhole ? 'open' : 'checking';
    const isPostgresNew = options.isPostgresNew();
    const wanted = await wantedEpoch(options.sql, epoch ?? there).catch((error: unknown) => {
      if (!(error instanceof PostgresUnavailable)) throw error;
      // What it has can't be held against Postgres now; it served before, and goes on.
      if (isWhole) return null;
      if (there === null && epoch === null && isPostgresNew) return { epoch: ulid(), isNew: true };
      throw error;
    });
    if (wanted === null) return;
    if (wanted.isNew && there === null) {
      // Others may start on it at this very moment: whose epoch stands shows the next look.
      await store.epochs.openNew(wanted.epoch);
      return;
    }
    if (!(isWhole && there === wanted.epoch) && !(await fill(wanted.epoch, there !== null))) return;
    epoch = wanted.epoch;
  };

  /** false: another process does it, or it was ended; look again. */
  const fill = async (wanted: string, hasOtherData: boolean): Promise<boolean> => {
    const lease = new Lease(store.journal, 0, 'restore', options.holder);
    if (!(await lease.hold())) return false;
    try {
      // Whoever had the lease before may have finished just now.
      if ((await store.epochs.read()).every((found) => found === wanted)) return true;
      await store.epochs.close();
      state = 'restoring';
      if (options.sql === null) {
        log.startsAnew();
      } else {
        log.begins(hasOtherData ? 'other data' : 'empty');
        const { holder } = options;
        const summary = await restore({
          store,
          sql: options.sql,
          holder,
          onProgress: (done) => log.progresses(done),
          stopping: stopping.signal,
        });
        log.restored(summary);
      }
      await store.epochs.open(wanted);
      return true;
    } finally {
      state = 'checking';
      await lease.giveBack().catch(() => {});
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await look().catch((error: unknown) => {
        if (error instanceof PostgresUnavailable) {
          if (performance.now() - toldAt < TELL_EVERY_MS) return;
          toldAt = performance.now();
          log.waitsForPostgres();
        } else if (!options.isOutage(error) && !(error instanceof RestoreInterrupted)) {
          log.failed(error);
        }
      });
      await pause(LOOK_EVERY_MS, stopping.signal);
    }
  };
  const running = run();

  return {
    state: () => state,
    stop() {
      stopping.abort();
      return running;
    },
  };
}

/** The epoch that Redis must have: Postgres' own; where that has none, this one or a new one is its own from now on. */
async function wantedEpoch(
  sql: Sql | null,
  known: string | null,
): Promise<{ readonly epoch: string; readonly isNew: boolean }> {
  if (sql === null) return { epoch: known ?? ulid(), isNew: known === null };
  const told = await readEpoch(sql);
  if (told !== null) return { epoch: told, isNew: false };
  const fresh = known ?? ulid();
  // Another process may have been faster.
  const stands = await setEpoch(sql, fresh);
  return { epoch: stands, isNew: stands === fresh };
}
