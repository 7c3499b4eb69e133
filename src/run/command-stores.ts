// The Redis and the Postgres that a command works on, beside a running server: those that the settings name, or the embedded ones of
// the server in the data folder.

import type { Config } from '../config.js';
import { runningPostgres, runningRedis } from '../embedded/running.js';
import { connectPostgres, type Sql } from '../postgres/connection.js';
import { Secret } from '../secret.js';
import { StartError } from '../start-error.js';
import { checkServer, connectRedis } from '../store/connection.js';
import { createStore, type Store } from '../store/store.js';

export interface CommandStores {
  readonly store: Store;
  readonly sql: Sql;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 4;
/** A command asks for much at once, and nobody's request waits for it. */
const STATEMENT_MAX_MS = 60_000;
const REDIS_TIMEOUT_MIN_MS = 10_000;

/** Redis alone. @throws StartError where it can't be reached */
export async function openCommandStore(config: Config): Promise<Omit<CommandStores, 'sql'>> {
  const redis = await connectRedis({
    url: config.redisUrl ?? new Secret(await runningRedis(config.dataDir)),
    timeoutMs: Math.max(config.redisTimeoutMs, REDIS_TIMEOUT_MIN_MS),
  });
  try {
    const { isCluster } = await checkServer(redis, config.allowEviction);
    return {
      store: createStore(redis, { isCluster, waitingMax: config.waitingMax }),
      async close() {
        redis.disconnect();
      },
    };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** @throws StartError where one of them can't be reached */
export async function openCommandStores(config: Config): Promise<CommandStores> {
  if (config.postgres === 'off') {
    throw new StartError('There is no Postgres (INVITED_POSTGRES=off): this command needs one.');
  }
  const { store, close } = await openCommandStore(config);
  try {
    const sql = connectPostgres({
      url: config.postgresUrl ?? new Secret(await runningPostgres(config.dataDir)),
      connectionsMax: CONNECTIONS_MAX,
      statementTimeoutMs: STATEMENT_MAX_MS,
    });
    return {
      store,
      sql,
      async close() {
        await close();
        await sql.close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
