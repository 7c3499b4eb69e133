// Brings the tables to what this program knows: the numbered files of migrations/, each once, in order, however many
// processes start at once. Forward only; must never touch a schema that a newer program has made.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartError } from '../start-error.js';
import { type Sql, type SqlSession, statement } from './connection.js';

const FOLDER = fileURLToPath(new URL('../../migrations/', import.meta.url));
const FILE_NAME = /^([0-9]{4})-([a-z0-9-]+)\.sql$/;
/** For all of them together, and for the wait until another process is done with it. */
const MIGRATION_MAX_MS = 10 * 60_000;
/** What the statements need: `extract` that is exact, `unnest … with ordinality` in `update`, partial keys. */
export const OLDEST_VERSION = 14;

const SERVER_VERSION = statement(
  'read the server version',
  `select current_setting('server_version_num')::int / 10000 as version`,
);
const TABLE_IS_THERE = statement(
  'look for the schema',
  `select to_regclass('invited.schema_migrations') is not null as "isThere"`,
);
const APPLIED = statement(
  'read the migrations',
  'select version from invited.schema_migrations order by version',
);
// The number is the name of this lock, and nothing else: "invited" in ASCII.
const LOCK = statement('lock the migrations', 'select pg_advisory_xact_lock(29676327409050980)');
const CREATE_SCHEMA = statement(
  'create the schema',
  `create schema if not exists invited;
   create table if not exists invited.schema_migrations (
     version int primary key,
     name text not null,
     applied_at timestamptz not null default now()
   )`,
);
const RECORD = statement(
  'record a migration',
  'insert into invited.schema_migrations (version, name) values ($1, $2)',
);

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

/**
 * Applies what is missing, all or nothing.
 * @returns the versions that this call applied
 * @throws StartError when the schema is newer than this program, or the server too old; PostgresUnavailable, PostgresBug
 */
export async function migrate(sql: Sql, folder = FOLDER): Promise<readonly number[]> {
  const migrations = await readMigrations(folder);
  await checkVersion(sql);
  // Most starts have nothing to do, and need neither the lock nor the right to create.
  const [found] = await sql.query<{ isThere: boolean }>(TABLE_IS_THERE);
  if (found?.isThere === true && (await missing(sql, migrations)).length === 0) return [];

  return sql.transaction(async (session) => {
    await session.query(LOCK);
    await session.query(CREATE_SCHEMA);
    const todo = await missing(session, migrations);
    for (const { version, name, text } of todo) {
      await session.query(statement(`migration ${version}`, text));
      await session.query(RECORD, [version, name]);
    }
    return todo.map(({ version }) => version);
  }, MIGRATION_MAX_MS);
}

/** What is missing of the schema, without touching it. */
export interface SchemaState {
  readonly versionKnown: number;
  /** 0: there is no schema. */
  readonly versionApplied: number;
  readonly missing: number;
}

/** @throws StartError when the schema is newer than this program; PostgresUnavailable, PostgresBug */
export async function schemaState(sql: Sql, folder = FOLDER): Promise<SchemaState> {
  const migrations = await readMigrations(folder);
  const versionKnown = migrations.at(-1)?.version ?? 0;
  const [found] = await sql.query<{ isThere: boolean }>(TABLE_IS_THERE);
  const todo = found?.isThere === true ? await missing(sql, migrations) : migrations;
  return { versionKnown, versionApplied: (todo[0]?.version ?? versionKnown + 1) - 1, missing: todo.length };
}

async function checkVersion(sql: Sql): Promise<void> {
  const [row] = await sql.query<{ version: number }>(SERVER_VERSION);
  if (row !== undefined && row.version < OLDEST_VERSION) {
    throw new StartError(`Postgres ${OLDEST_VERSION} or later is needed; this one is ${row.version}.`);
  }
}

async function missing(session: SqlSession, known: readonly Migration[]): Promise<readonly Migration[]> {
  const applied = (await session.query<{ version: number }>(APPLIED)).map(({ version }) => version);
  const newest = known.at(-1)?.version ?? 0;
  const unknown = applied.filter((version) => version > newest);
  if (unknown.length > 0) {
    throw new StartError(
      `The Postgres schema is of a newer invited: it has version ${Math.max(...unknown)}, this program knows up to ${newest}. Start the newer program.`,
    );
  }
  return known.filter(({ version }) => !applied.includes(version));
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const [index, file] of names.entries()) {
    const [, digits, name] = FILE_NAME.exec(file) ?? [];
    // A gap or a number given twice would be applied in another order elsewhere.
    if (digits === undefined || name === undefined || Number(digits) !== index + 1) {
      throw new StartError(`The migrations are damaged: ${file} should be number ${index + 1}.`);
    }
    migrations.push({ version: index + 1, name, text: await readFile(join(folder, file), 'utf8') });
  }
  return migrations;
}
