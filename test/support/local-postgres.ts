// A Postgres of this machine: Debian's programs, a cluster of its own in a temporary folder, reached by a Unix socket
// in there and by nothing else. It is ended by its pid, and by the guard when the test run dies first.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { spawnGuarded } from '../../src/embedded/guarded-process.js';
import { folderOf } from './find-program.js';
import { removeFolder } from './remove-folder.js';

const run = promisify(execFile);
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const INITDB_MAX_MS = 60_000;
const READY_MAX_MS = 30_000;
/** What its last life left in shared memory may take a moment to go. */
const START_AGAIN_TRIES_MAX = 10;
/** Postgres refuses to run as root. */
const UNPRIVILEGED = 'nobody';

export interface LocalPostgres {
  readonly url: string;
  /** Of the postmaster; another one after `startAgain`. */
  readonly pid: number;
  /** kill -9 of the postmaster, whose children end when they notice; resolves when all are gone. */
  kill(): Promise<void>;
  /** On the same data, after `kill`. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** Where `postgres` and `initdb` are, or null. */
export function findPostgres(): string | null {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const debian = versions
    .sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  return folderOf(['postgres', 'initdb'], debian);
}

/** @param settings e.g. `['max_connections=5']`; without them it keeps nothing when the machine dies, and is faster for it */
export async function startLocalPostgres(
  programs: string,
  settings: readonly string[] = ['fsync=off'],
): Promise<LocalPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-test-postgres-'));
  const as = await unprivileged(folder);
  const data = join(folder, 'data');
  const initdb = [join(programs, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'];
  const [program = '', ...args] = [...as, ...initdb, '--no-locale', '--no-sync'];
  await run(program, args, { timeout: INITDB_MAX_MS, cwd: folder });

  const options = [...settings, 'listen_addresses=', `unix_socket_directories=${folder}`];
  const server = [join(programs, 'postgres'), '-D', data, ...options.flatMap((option) => ['-c', option])];
  const url = `postgres://postgres@/postgres?host=${encodeURIComponent(folder)}`;
  const launch = () => tryStart([...as, ...server], url);
  let running: Running | string = await launch();
  const end = async (name: NodeJS.Signals): Promise<void> => {
    if (typeof running === 'string') return;
    signal(running.pid, name);
    await running.ended;
  };
  if (typeof running === 'string') {
    await removeFolder(folder);
    throw new Error(`Postgres did not start: ${running}`);
  }
  return {
    url,
    get pid() {
      return typeof running === 'string' ? 0 : running.pid;
    },
    kill: () => end('SIGKILL'),
    async startAgain() {
      for (let tries = 0; tries < START_AGAIN_TRIES_MAX; tries += 1) {
        running = await launch();
        if (typeof running !== 'string') return;
      }
      throw new Error(`Postgres did not start again: ${running}`);
    },
    async stop() {
      // Fast: doesn't wait for its clients, as it would at SIGTERM.
      await end('SIGINT');
      await removeFolder(folder);
    },
  };
}

interface Running {
  readonly pid: number;
  readonly ended: Promise<unknown>;
}

/** The server, or why it did not start. */
async function tryStart(command: readonly string[], url: string): Promise<Running | string> {
  const [starter = '', ...args] = command;
  const postgres = await spawnGuarded(starter, args);
  const { pid, ended } = postgres;
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  const isReady = await holdsWithin(async () => hasEnded || (await answers(url)), READY_MAX_MS);
  if (isReady && !hasEnded && pid !== null) return { pid, ended };
  if (pid !== null) signal(pid, 'SIGINT');
  return (await ended).output.trim().split('\n').at(-1) ?? '';
}

/** What to put before a command so that it doesn't run as root; the folder is given to whom it runs as. */
async function unprivileged(folder: string): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return [];
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => (await run('id', [flag, UNPRIVILEGED])).stdout.trim()),
  );
  await chown(folder, Number(uid), Number(gid));
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
