// What a Postgres server does by itself in processes of its own, and a single backend does not: checkpoints, without which
// the log and the time to recover only grow, and vacuum and analyze, without which tables swell and plans go by guesses.
// Must be short each time: nobody is served meanwhile.

import type { PGlite } from '@electric-sql/pglite';

const LOG_BYTES_MAX = 128 * 1024 * 1024;

// The rule of autovacuum with its default settings; one table a time, the one with most to do.
const DUE = `
  select s.relid::regclass::text as "table"
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid
  where s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
     or s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
     or s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)
  order by s.n_dead_tup + s.n_mod_since_analyze desc
  limit 1`;
const LOG_BYTES = `select (pg_current_wal_insert_lsn() - redo_lsn)::float8 as bytes from pg_control_checkpoint()`;

/** @param logBytesMax of log since the last checkpoint */
export async function keepUp(database: PGlite, logBytesMax = LOG_BYTES_MAX): Promise<void> {
  const [due] = (await database.query<{ table: string }>(DUE)).rows;
  if (due !== undefined) await database.exec(`vacuum (analyze) ${due.table}`);
  const [log] = (await database.query<{ bytes: number }>(LOG_BYTES)).rows;
  if (log !== undefined && log.bytes > logBytesMax) await database.exec('checkpoint');
}
