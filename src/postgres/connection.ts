// The connections to Postgres. Every wait has an end, a Postgres that is away is an error of the statement and never of
// the process, and what Postgres says of its errors stays here (unavailable.ts). Nothing may rely on the state of a
// session: the next statement can go to another connection, and in the embedded Postgres all share one session.

import pg from 'pg';
import type { Secret } from '../secret.js';
import { StartError } from '../start-error.js';
import { fromPostgresError, PostgresUnavailable } from './unavailable.js';

const CONNECT_MAX_MS = 5000;
const IDLE_MAX_MS = 30_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
/** Postgres ends a late statement itself; only when it doesn't even do that, we hang up. The embedded one can't end any. */
const HANG_UP_AFTER_MS = 1000;
const STATEMENT_TIMEOUT_DEFAULT_MS = 5000;

/** SQL with the name by which logs and errors call it. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export function statement(name: string, text: string): Statement {
  return { name, text };
}

/** What stands for `$1`, `$2` …; lists are sent as texts (columns.ts). */
export type Param = string | number | boolean | null;

export interface SqlSession {
  /** The rows of the answer. `Row` is what the caller knows of its own statement: int8 and numeric come as strings, times never. */
  query<Row extends object>(what: Statement, params?: readonly Param[]): Promise<readonly Row[]>;
}

export interface Sql extends SqlSession {
  /**
   * All or nothing. `work` must not use anything but the session that it is given.
   * @param timeoutMs for each statement of it, where the usual time is too short
   * @throws PostgresUnavailable, PostgresBug, or what `work` throws
   */
  transaction<Result>(work: (session: SqlSession) => Promise<Result>, timeoutMs?: number): Promise<Result>;
  /** Waits for the statements under way. */
  close(): Promise<void>;
}

export interface PostgresOptions {
  readonly url: Secret;
  readonly connectionsMax: number;
  readonly statementTimeoutMs?: number;
  /** How long connecting may take; 5 s unless told. */
  readonly connectMaxMs?: number;
}

const BEGIN = statement('begin', 'begin');
const COMMIT = statement('commit', 'commit');
const ROLLBACK = statement('rollback', 'rollback');
const SET_TIMEOUT = statement('set the timeout', `select set_config('statement_timeout', $1, true)`);

/**
 * Connects when there is something to ask, and again after an outage.
 * @throws StartError when the URL is none
 */
export function connectPostgres(options: PostgresOptions): Sql {
  const usualTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_DEFAULT_MS;
  const pool = createPool(options, usualTimeoutMs);

  const connect = async (what: string): Promise<pg.PoolClient> => {
    try {
      return await pool.connect();
    } catch (error) {
      throw fromPostgresError(error, what);
    }
  };

  return {
    async query<Row extends object>(what: Statement, params: readonly Param[] = []) {
      const client = await connect(what.name);
      try {
        const rows = await ask<Row>(client, what, params, usualTimeoutMs);
        client.release();
        return rows;
      } catch (error) {
        client.release(isBroken(error));
        throw error;
      }
    },

    async transaction(work, timeoutMs = usualTimeoutMs) {
      const client = await connect(BEGIN.name);
      let isOpen = false;
      try {
        await ask(client, BEGIN, [], usualTimeoutMs);
        isOpen = true;
        if (timeoutMs !== usualTimeoutMs) await ask(client, SET_TIMEOUT, [String(timeoutMs)], usualTimeoutMs);
        const result = await work({ query: (what, params = []) => ask(client, what, params, timeoutMs) });
        await ask(client, COMMIT, [], timeoutMs);
        client.release();
        return result;
      } catch (error) {
        client.release(isBroken(error) || (isOpen && !(await rolledBack(client))));
        throw error;
      }
    },

    async close() {
      await pool.end();
    },
  };
}

function createPool(options: PostgresOptions, statementTimeoutMs: number): pg.Pool {
  const url = options.url.reveal();
  if (!/^postgres(?:ql)?:\/\/./.test(url) || !canBeRead(url)) {
    throw new StartError('INVITED_POSTGRES_URL must be a URL that starts with postgres:// or postgresql://.');
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connectionsMax,
    application_name: 'invited',
    connectionTimeoutMillis: options.connectMaxMs ?? CONNECT_MAX_MS,
    idleTimeoutMillis: IDLE_MAX_MS,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_DEFAULT_MS * 6,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  });
  // Without listeners a connection that breaks, idle or between two statements, would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function canBeRead(url: string): boolean {
  try {
    new pg.Client({ connectionString: url });
    return true;
  } catch {
    return false;
  }
}

async function ask<Row extends object>(
  client: pg.PoolClient,
  what: Statement,
  params: readonly Param[],
  timeoutMs: number,
): Promise<readonly Row[]> {
  try {
    // Without values the text goes out as it is, and may hold several statements.
    const values = params.length === 0 ? {} : { values: [...params] };
    const patience = { query_timeout: timeoutMs + HANG_UP_AFTER_MS };
    const result = await client.query<Row>({ text: what.text, ...values, ...patience });
    // Several statements have several results.
    return Array.isArray(result) ? [] : result.rows;
  } catch (error) {
    throw fromPostgresError(error, what.name);
  }
}

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await ask(client, ROLLBACK, [], STATEMENT_TIMEOUT_DEFAULT_MS);
    return true;
  } catch {
    return false;
  }
}

/** A connection whose answer never came is of no use: the next one to ask would get it. */
function isBroken(error: unknown): boolean {
  return error instanceof PostgresUnavailable && !error.isRetryable;
}
