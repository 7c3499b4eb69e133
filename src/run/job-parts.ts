// What the jobs process and its threads begin with: the two stores, the log, and what counts as an outage.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { ulid } from 'ulid';
import type { Config } from '../config.js';
import type { createLog } from '../log.js';
import { connectPostgres, type Sql } from '../postgres/connection.js';
import { migrate } from '../postgres/migrate.js';
import { migrated } from '../postgres/migrated.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import { StartError } from '../start-error.js';
import { checkServer, connectRedis } from '../store/connection.js';
import type { Kept } from '../store/journal-store.js';
import { createStore, type Store } from '../store/store.js';
import { StoreUnavailable } from '../store/unavailable.js';
import type { Teardown } from '../teardown.js';

export type Log = ReturnType<typeof createLog>;

export interface JobParts {
  readonly store: Store;
  /** null: there is none. */
  readonly sql: Sql | null;
  /** The name under which it takes leases. */
  readonly holder: string;
  readonly isOutage: (error: unknown) => boolean;
  /** The embedded Postgres takes its time to be made, and nobody needs it for that. */
  readonly isPostgresNew: () => boolean;
}

const CONNECTIONS_MAX = 2;
/** Of INVITED_STREAM_MAX, for readers; half of it waiting to be copied raises the alarm (jobs/stream-bound.ts). */
const KEPT_SHARE = 0.4;

/** What stays in the stream for those who read the events, when the copy has it. */
export function keptOf(config: Config): Kept {
  return {
    forMs: config.eventsRetentionMs,
    entriesMax: Math.max(1, Math.floor(config.streamMax * KEPT_SHARE)),
  };
}

/**
 * @param onUnusable told, after the log, when a Postgres that was away has come and can't be used
 * @throws StartError where one of the stores can't be used; a Postgres that is only away is waited for later
 */
export async function openJobParts(
  config: Config,
  log: Log,
  teardown: Teardown,
  embeddedDatabase: string | null,
  onUnusable: (problem: StartError) => void = () => process.exit(1),
): Promise<JobParts> {
  if (config.redisUrl === null) throw new StartError('The jobs are started by `invited start`, not by hand.');
  const redis = await connectRedis({ url: config.redisUrl, timeoutMs: config.redisTimeoutMs });
  teardown.add(async () => redis.disconnect());
  const { isCluster } = await checkServer(redis, config.allowEviction);
  const isPostgresNew = (): boolean => embeddedDatabase !== null && !existsSync(embeddedDatabase);
  return {
    store: createStore(redis, { isCluster, waitingMax: config.waitingMax }),
    sql: await openPostgres(config, log, teardown, isPostgresNew, onUnusable),
    holder: `${hostname()}:${process.pid}:${ulid()}`,
    isOutage: (error) => error instanceof StoreUnavailable || error instanceof PostgresUnavailable,
    isPostgresNew,
  };
}

async function openPostgres(
  config: Config,
  log: Log,
  teardown: Teardown,
  isPostgresNew: () => boolean,
  onUnusable: (problem: StartError) => void,
): Promise<Sql | null> {
  if (config.postgresUrl === null) return null;
  const sql = connectPostgres({ url: config.postgresUrl, connectionsMax: CONNECTIONS_MAX });
  teardown.add(() => sql.close());
  try {
    await migrate(sql);
    return sql;
  } catch (error) {
    if (!(error instanceof PostgresUnavailable)) throw error;
    if (!isPostgresNew()) log.debug({ why: error.message }, 'Postgres is away at the start');
  }
  return migrated(sql, (error) => {
    if (!(error instanceof StartError)) return;
    log.fatal(error.message);
    onUnusable(error);
  });
}
