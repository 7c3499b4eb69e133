// `invited restore`, joined to the two stores that it works on.

import { hostname } from 'node:os';
import { ulid } from 'ulid';
import { restore as runCommand } from '../cli/restore.js';
import type { Config } from '../config.js';
import { RestoreInterrupted } from '../jobs/restore.js';
import { restoreNow } from '../jobs/restore-now.js';
import { migrate } from '../postgres/migrate.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import { StartError } from '../start-error.js';
import { RestoreRefused } from '../store/restoring.js';
import { StoreUnavailable } from '../store/unavailable.js';
import { openCommandStores } from './command-stores.js';

/** @returns the exit code */
export async function restoreStores(config: Config, args: readonly string[]): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await runCommand(args, {
      async run(events) {
        const { store, sql, close } = await openCommandStores(config);
        try {
          await migrate(sql);
          const holder = `${hostname()}:${process.pid}:${ulid()}`;
          const restored = await restoreNow({
            ...{ store, sql, holder, stopping: stopping.signal },
            onClosed: events.closed,
            onProgress: events.progress,
          });
          if (restored.status !== 'restored') return restored;
          const { summary } = restored;
          return {
            status: 'restored',
            counts: [
              ['guilds', summary.guilds],
              ['channels', summary.channels],
              ['members', summary.members],
              ['bans', summary.bans + summary.ipBans],
              ['users', summary.users],
              ['group DMs', summary.groupDms],
              ['invites', summary.invites],
              ['vanity codes', summary.vanities],
            ],
            damaged: summary.damaged,
            newestMs: summary.newestMs,
            tookMs: summary.tookMs,
          };
        } finally {
          await close();
        }
      },
      problemOf,
    });
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

function problemOf(error: unknown): string | null {
  if (error instanceof StartError) return error.message;
  const isKnown =
    error instanceof PostgresUnavailable ||
    error instanceof StoreUnavailable ||
    error instanceof RestoreInterrupted ||
    error instanceof RestoreRefused;
  return isKnown ? `${error.message}.` : null;
}
