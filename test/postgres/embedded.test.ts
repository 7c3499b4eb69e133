// The embedded Postgres: what must hold when processes die, come back, or start at once; and that what it calls committed
// is on disk.

import fs, { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, it, vi } from 'vitest';
import { spawnGuarded } from '../../src/embedded/guarded-process.js';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.js';
import { openDatabase } from '../../src/embedded/postgres-database.js';
import { askPostgres, POSTGRES_SOCKET } from '../../src/embedded/postgres-socket.js';
import { keepUp } from '../../src/embedded/postgres-upkeep.js';
import { type Sql, statement } from '../../src/postgres/connection.js';
import { StartError } from '../../src/start-error.js';
import { connectTo } from '../support/postgres.js';
import { POSTGRES_PROGRAM, preparedFolder, startEmbedded } from '../support/postgres-embedded.js';
import { removeFolder } from '../support/remove-folder.js';
import { until } from '../support/until.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const START_MAX_MS = 120_000;
const BACK_MAX_MS = 30_000;
const CREATE = statement('create', 'create table if not exists public.kept (n int)');
const INSERT = statement('insert', 'insert into public.kept values ($1)');
const UPKEEP_STATE = `
  select n_mod_since_analyze::int as n, redo_lsn::text as redo
  from pg_stat_user_tables, pg_control_checkpoint() where relname = 't'`;
const NUMBERS = statement('numbers', 'select n from public.kept order by n');

async function prepared(): Promise<string> {
  const dataDir = await preparedFolder();
  cleanups.push(() => removeFolder(dataDir));
  return dataDir;
}

async function startIn(dataDir: string, onRestart?: (message: string) => void) {
  const postgres = await startEmbedded(dataDir, onRestart);
  cleanups.push(() => postgres.stop());
  return postgres;
}

function open(url: string): Sql {
  const sql = connectTo(url);
  cleanups.push(() => sql.close());
  return sql;
}

async function numbersIn(url: string): Promise<readonly number[]> {
  const sql = connectTo(url);
  try {
    return (await sql.query<{ n: number }>(NUMBERS)).map(({ n }) => n);
  } finally {
    await sql.close();
  }
}

function urlOf(dataDir: string): string {
  return `postgres://invited@/invited?host=${encodeURIComponent(join(dataDir, 'pg'))}`;
}

/** The process by itself, with nobody who starts it again. */
async function spawnProgram(dataDir: string) {
  await mkdir(join(dataDir, 'pg'), { recursive: true, mode: 0o700 });
  const [command = '', ...args] = POSTGRES_PROGRAM;
  const program = await spawnGuarded(command, [...args, join(dataDir, 'postgres'), join(dataDir, 'pg')]);
  cleanups.push(() => program.end());
  return program;
}

function isServing(dataDir: string): Promise<boolean> {
  return askPostgres(join(dataDir, 'pg', POSTGRES_SOCKET), 1000).then((state) => state === 'ready');
}

it(
  'makes its database at the first start, also where an earlier one was cut off half-way',
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'invited-test-'));
    cleanups.push(() => removeFolder(dataDir));
    await mkdir(join(dataDir, 'postgres.draft'));
    await writeFile(join(dataDir, 'postgres.draft', 'PG_VERSION'), 'half of it');
    const { url, stop } = await startIn(dataDir);
    const sql = open(url);
    await sql.query(CREATE);
    expect(existsSync(join(dataDir, 'postgres.draft'))).toBe(false);
    const folder = await stat(join(dataDir, 'pg'));
    expect(folder.mode & 0o077).toBe(0);
    await sql.close();
    cleanups.pop();
    await stop();
    expect(await isServing(dataDir)).toBe(false);
  },
  START_MAX_MS,
);

it(
  'keeps what was written over a stop and a start',
  async () => {
    const dataDir = await prepared();
    const first = await startIn(dataDir);
    const sql = open(first.url);
    await sql.query(CREATE);
    await sql.query(INSERT, [1]);
    await first.stop();
    const second = await startIn(dataDir);
    expect(await numbersIn(second.url)).toEqual([1]);
  },
  START_MAX_MS,
);

it(
  'comes back when it is killed, with all that was committed and nothing that was not, and says so',
  async () => {
    const dataDir = await prepared();
    const messages: string[] = [];
    const pidFile = join(dataDir, 'pid');
    const postgres = await startEmbeddedPostgres({
      dataDir,
      onRestart: (message) => messages.push(message),
      program: ['sh', '-c', `echo $$ > '${pidFile}'; exec "$@"`, 'sh', ...POSTGRES_PROGRAM],
    });
    cleanups.push(() => postgres.stop());
    const sql = open(postgres.url);
    await sql.query(CREATE);
    const acknowledged: number[] = [];
    let isKilled = false;
    const write = async (from: number): Promise<void> => {
      for (let n = from; !isKilled; n += 3) {
        await sql.query(INSERT, [n]);
        acknowledged.push(n);
      }
    };
    // Killed in the middle of a transaction.
    await new Promise<void>((isOpen) => {
      const uncommitted = sql.transaction(async (session) => {
        await session.query(INSERT, [-1]);
        isOpen();
        await session.query(statement('sleep', 'select pg_sleep(60)'));
      });
      uncommitted.catch(() => {});
    });
    const pid = Number(await readFile(pidFile, 'utf8'));
    process.kill(pid, 'SIGKILL');
    await until(
      'it is back',
      async () => (await isServing(dataDir)) && Number(await readFile(pidFile, 'utf8')) !== pid,
      BACK_MAX_MS,
    );

    const writers = [1, 2, 3].map((from) => write(from).catch(() => {}));
    await until('some are written', () => acknowledged.length > 50, BACK_MAX_MS);
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
    isKilled = true;
    await Promise.all(writers);
    await until('it is back', () => isServing(dataDir), BACK_MAX_MS);
    const found = await numbersIn(postgres.url);
    expect(found).toEqual(expect.arrayContaining(acknowledged));
    // One of each writer may have been committed without having been told.
    expect(found.length - acknowledged.length).toBeLessThanOrEqual(3);
    expect(found).not.toContain(-1);
    expect(messages).toEqual([
      'The embedded Postgres ended (signal 9); it is started again in 100 ms.',
      'The embedded Postgres ended (signal 9); it is started again in 200 ms.',
    ]);
  },
  START_MAX_MS,
);

it(
  'syncs what it calls committed',
  async () => {
    const dataDir = await prepared();
    const database = await openDatabase(join(dataDir, 'postgres'));
    try {
      await database.exec('create table t (n int)');
      const sync = vi.spyOn(fs, 'fsyncSync');
      await database.exec('insert into t values (1)');
      expect(sync).toHaveBeenCalled();
      const before = sync.mock.calls.length;
      await database.query('select * from t');
      expect(sync.mock.calls.length).toBe(before);
    } finally {
      vi.restoreAllMocks();
      await database.close();
    }
  },
  START_MAX_MS,
);

it(
  'does by itself what a server does: analyze, vacuum, checkpoints',
  async () => {
    const dataDir = await prepared();
    const database = await openDatabase(join(dataDir, 'postgres'));
    const changes = async () =>
      (await database.query<{ n: number; redo: string }>(UPKEEP_STATE)).rows[0] ?? { n: -1, redo: '' };
    try {
      await database.exec('create table t (n int); insert into t select generate_series(1, 5000)');
      // Else it is counted a second later.
      await database.exec('select pg_stat_force_next_flush()');
      const before = await changes();
      expect(before.n).toBe(5000);
      await keepUp(database);
      expect(await changes()).toEqual({ n: 0, redo: before.redo });
      await keepUp(database, 1000);
      expect((await changes()).redo).not.toBe(before.redo);
    } finally {
      await database.close();
    }
  },
  START_MAX_MS,
);

it(
  'never has its files open twice: a second process waits until the first has ended',
  async () => {
    const dataDir = await prepared();
    const first = await spawnProgram(dataDir);
    await until('the first serves', () => isServing(dataDir), BACK_MAX_MS);
    const sql = connectTo(urlOf(dataDir));
    await sql.query(CREATE);
    const second = await spawnProgram(dataDir);
    for (let n = 0; n < 5; n += 1) await sql.query(INSERT, [n]);
    await sql.close();
    await first.end();
    await until('the second serves', () => isServing(dataDir), BACK_MAX_MS);
    expect(await numbersIn(urlOf(dataDir))).toHaveLength(5);
    await second.end();
    expect((await second.ended).code).toBe(0);
  },
  START_MAX_MS,
);

it(
  'ends at SIGTERM while a transaction is open, which leaves nothing',
  async () => {
    const dataDir = await prepared();
    const program = await spawnProgram(dataDir);
    await until('it serves', () => isServing(dataDir), BACK_MAX_MS);
    const client = new pg.Client({ connectionString: urlOf(dataDir) });
    client.on('error', () => {});
    await client.connect();
    await client.query(CREATE.text);
    await client.query('begin');
    await client.query('insert into public.kept values (1)');
    await program.end();
    expect((await program.ended).code).toBe(0);
    await spawnProgram(dataDir);
    await until('it serves again', () => isServing(dataDir), BACK_MAX_MS);
    expect(await numbersIn(urlOf(dataDir))).toEqual([]);
  },
  START_MAX_MS,
);

it(
  'names the cause in one line when its files are damaged',
  async () => {
    const dataDir = await prepared();
    await writeFile(join(dataDir, 'postgres', 'global', 'pg_control'), 'no control file');
    const error = await startIn(dataDir).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StartError);
    expect(String(error)).toMatch(/^Error: The embedded Postgres ended at once \(exit code 1\): [^\n]+$/);
  },
  START_MAX_MS,
);
