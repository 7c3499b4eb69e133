// What the parts of a restore share: its counts, and what they ask before each page.

import type { Snowflake } from '../invite/id.js';
import type { SqlSession } from '../postgres/connection.js';
import type { Restoring, RowOutcome } from '../store/restoring.js';
import type { Store } from '../store/store.js';

/** How many of each came back. */
export interface RestoreSummary {
  readonly guilds: number;
  readonly channels: number;
  readonly members: number;
  readonly bans: number;
  readonly ipBans: number;
  readonly users: number;
  readonly groupDms: number;
  readonly invites: number;
  readonly vanities: number;
  /** Rows that say what can't be, or whose code leads elsewhere by now; they were left out. */
  readonly damaged: number;
  /**
   * The newest moment that Postgres knows of, ms since the epoch: what changed later may be lost. null: it
   * knows nothing.
   */
  readonly newestMs: number | null;
  readonly tookMs: number;
}

/** It was ended half-way, from outside or since another process has taken over: Redis must stay closed. */
export class RestoreInterrupted extends Error {}

/** What restores a kind of rows works with. */
export interface RestoreRun {
  readonly sql: SqlSession;
  readonly store: Store;
  readonly redis: Restoring;
  readonly counts: Counts;
  /** Guilds whose vanity is not to be touched: they are newer in Redis, or damaged. */
  readonly apart: Set<Snowflake>;
  /** Before each page. @throws RestoreInterrupted */
  proceed(): Promise<void>;
  /** Behind each page. */
  passed(rows: number): void;
}

export type Counts = { -readonly [Kind in Exclude<keyof RestoreSummary, 'newestMs' | 'tookMs'>]: number };

/** Counts what became of a row. */
export function tally(counts: Counts, kind: keyof Counts, outcome: RowOutcome): void {
  if (outcome === 'written') counts[kind] += 1;
  else if (outcome === 'nowhere' || outcome === 'taken') counts.damaged += 1;
}

/** The rows of a page that are well; the others are counted. */
export function wellOf<State, Row>(
  { counts }: RestoreRun,
  page: readonly State[],
  rowOf: (state: State) => Row | null,
): readonly Row[] {
  const well: Row[] = [];
  for (const state of page) {
    const row = rowOf(state);
    if (row === null) counts.damaged += 1;
    else well.push(row);
  }
  return well;
}
