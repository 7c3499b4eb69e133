// What a person who runs this Postgres should know of it, for the doctor. Only reads; works without our schema, too.

import type { Secret } from '../secret.js';
import { connectPostgres, type Sql, statement } from './connection.js';
import { type JournalState, journalStates } from './journals.js';
import { epoch } from './meta.js';
import { type SchemaState, schemaState } from './migrate.js';

export interface PostgresFacts {
  /** The major version. */
  readonly version: number;
  readonly fsync: string;
  readonly synchronousCommit: string;
  readonly isReadOnly: boolean;
  /** May we make a schema? */
  readonly mayCreate: boolean;
  readonly connectionsMax: number;
  /** Kept for superusers. */
  readonly connectionsReserved: number;
  /** Of everybody, this one included; those of others count only where we may see them. */
  readonly connectionsUsed: number;
  /** Of servers of ours. */
  readonly connectionsOurs: number;
  /** How far its clock is ahead of ours, give or take. */
  readonly clock: { readonly aheadMs: number; readonly unsureMs: number };
}

/** What this Postgres holds of ours. */
export interface CopyState {
  readonly epoch: string | null;
  readonly journals: readonly JournalState[];
}

export interface PostgresVisit {
  facts(): Promise<PostgresFacts>;
  schema(): Promise<SchemaState>;
  /** Needs the schema. */
  copy(): Promise<CopyState>;
  close(): Promise<void>;
}

const FACTS = statement(
  'look at the server',
  `select current_setting('server_version_num')::int / 10000 as version,
     current_setting('fsync') as fsync,
     current_setting('synchronous_commit') as "synchronousCommit",
     pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "isReadOnly",
     has_database_privilege(current_database(), 'CREATE') as "mayCreate",
     current_setting('max_connections')::int as "connectionsMax",
     current_setting('superuser_reserved_connections')::int as "connectionsReserved",
     (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as "connectionsUsed",
     (select count(*)::int from pg_stat_activity where application_name = 'invited' and pid <> pg_backend_pid()) as "connectionsOurs"`,
);
const CLOCK = statement(
  'look at the clock',
  'select extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs"',
);
const CLOCK_LOOKS = 5;

/** Connects at the first question. @throws StartError when the URL is none */
export function visitPostgres(options: {
  readonly url: Secret;
  readonly connectMaxMs: number;
  readonly statementTimeoutMs: number;
}): PostgresVisit {
  const sql = connectPostgres({ ...options, connectionsMax: 1 });
  return {
    async facts() {
      const [row] = await sql.query<Omit<PostgresFacts, 'clock'>>(FACTS);
      if (row === undefined) throw new Error('Postgres gave no row for its own settings');
      return { ...row, clock: await compareClocks(sql) };
    },
    schema: () => schemaState(sql),
    async copy() {
      return { epoch: await epoch(sql), journals: await journalStates(sql) };
    },
    close: () => sql.close(),
  };
}

/** The quickest of some looks is the surest. */
async function compareClocks(sql: Sql): Promise<PostgresFacts['clock']> {
  let best = { aheadMs: 0, unsureMs: Number.POSITIVE_INFINITY };
  for (let at = 0; at < CLOCK_LOOKS; at += 1) {
    const begunAt = Date.now();
    const begun = performance.now();
    const [row] = await sql.query<{ nowMs: number }>(CLOCK);
    const unsureMs = (performance.now() - begun) / 2;
    if (unsureMs < best.unsureMs) best = { aheadMs: Number(row?.nowMs) - (begunAt + unsureMs), unsureMs };
  }
  return best;
}
