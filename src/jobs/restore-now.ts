// A restore that somebody asked for, beside servers that may be running: closes Redis, fills it from
// Postgres, and opens it again. Must never open what is half full: whoever is told that it failed has a
// closed Redis, which the next jobs process restores by itself.

import { ulid } from 'ulid';
import type { Sql } from '../postgres/connection.js';
import { hasData, epoch as readEpoch, setEpoch } from '../postgres/meta.js';
import type { Store } from '../store/store.js';
import { Lease } from './leases.js';
import { type RestoreSummary, restore } from './restore.js';

export interface RestoreNowOptions {
  readonly store: Store;
  readonly sql: Sql;
  readonly holder: string;
  /** Redis is closed from now on. */
  readonly onClosed: () => void;
  readonly onProgress: (done: number) => void;
  readonly stopping: AbortSignal;
}

/**
 * `busy`: another process restores. `nothing`: Postgres has nothing to restore from. Both have changed
 * nothing.
 */
export type RestoredNow =
  | { readonly status: 'restored'; readonly summary: RestoreSummary }
  | { readonly status: 'busy' | 'nothing' };

/** @throws what `restore` throws: Redis stays closed */
export async function restoreNow(options: RestoreNowOptions): Promise<RestoredNow> {
  const { store, sql, holder } = options;
  if (!(await hasData(sql))) return { status: 'nothing' };
  const lease = new Lease(store.journal, 0, 'restore', holder);
  if (!(await lease.hold())) return { status: 'busy' };
  try {
    const epoch =
      (await readEpoch(sql)) ??
      (await setEpoch(sql, (await store.epochs.read()).find((there) => there !== null) ?? ulid()));
    await store.epochs.close();
    options.onClosed();
    const summary = await restore(options);
    await store.epochs.open(epoch);
    return { status: 'restored', summary };
  } finally {
    await lease.giveBack().catch(() => {});
  }
}
