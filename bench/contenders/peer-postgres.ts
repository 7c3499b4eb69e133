// The Postgres of a peer: a server of its own on a Unix socket, every commit on disk before its answer.
// It refuses to run as root, so there it runs as another user, who is given the folder.

import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { deadlineReached, holdsWithin } from '../../src/embedded/deadline.js';
import { spawnGuarded } from '../../src/embedded/guarded-process.js';
import { countInPostgres, loadPostgres } from './peer-postgres-world.js';
import type { PeerBackend } from './peer-servers.js';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const SYSTEM_USERS = ['postgres', 'nobody'];
const DATABASE_USER = 'peers';
const SOCKET_NAME = '.s.PGSQL.5432';
/** Linux takes 107 bytes for a socket's path. */
const SOCKET_PATH_BYTES_MAX = 107;
const INIT_MAX_MS = 60_000;
const READY_MAX_MS = 30_000;
const CONNECT_MAX_MS = 5000;

// Beyond the defaults only what anybody would set for such a server; the durability is written out because it is the point.
const SETTINGS = `
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 512MB
max_wal_size = 4GB
checkpoint_timeout = 15min
fsync = on
synchronous_commit = on
full_page_writes = on
jit = off
# All is asked by key. A world of a few rows would be scanned instead, dead versions and all: ever slower at a hot invite.
enable_seqscan = off
`;

export async function startPeerPostgres(folder: string): Promise<PeerBackend> {
  if (Buffer.byteLength(join(folder, SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX) {
    throw new Error(`The folder's path is too long for the socket of Postgres: ${folder}`);
  }
  const programs = findPrograms();
  const dataFolder = join(folder, 'postgres');
  mkdirSync(dataFolder, { mode: 0o700 });
  const user = process.getuid?.() === 0 ? systemUser() : null;
  if (user !== null) for (const path of [folder, dataFolder]) chownSync(path, user.uid, user.gid);
  const run = (program: string, args: readonly string[]) => {
    const command = [join(programs, program), ...args];
    const [first = '', ...rest] = user === null ? command : [...asUser(user), ...command];
    return spawnGuarded(first, rest);
  };

  const init = await run('initdb', [
    ...['--pgdata', dataFolder, '--username', DATABASE_USER, '--auth', 'trust'],
    ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
  ]);
  if (await deadlineReached(init.ended, INIT_MAX_MS)) await init.end();
  const { code, output } = await init.ended;
  if (code !== 0) throw new Error(`initdb failed (${code}): ${output.trim()}`);
  writeFileSync(join(dataFolder, 'postgresql.conf'), `${SETTINGS}unix_socket_directories = '${folder}'\n`);

  const postgres = await run('postgres', ['-D', dataFolder]);
  const url = `postgresql:///postgres?host=${encodeURIComponent(folder)}&user=${DATABASE_USER}`;
  let client: Client | null = null;
  const stop = async () => {
    // A smart shutdown waits for its clients.
    await client?.end().catch(() => {});
    await postgres.end();
  };
  try {
    let hasEnded = false;
    void postgres.ended.then(() => {
      hasEnded = true;
    });
    await holdsWithin(async () => {
      client = await connect(url);
      return client !== null || hasEnded;
    }, READY_MAX_MS);
    const connected = client as Client | null;
    const { pid } = postgres;
    if (connected === null || pid === null) {
      const said = hasEnded ? (await postgres.ended).output : 'no answer in time';
      throw new Error(`Postgres did not start: ${said.trim()}`);
    }
    return {
      env: { PEER_POSTGRES_URL: url },
      // One process a connection, beside those that write in the background.
      pids: () => [pid, ...childrenOf(pid)],
      load: (world) => loadPostgres(connected, world),
      count: (world) => countInPostgres(connected, world),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The folder of initdb and postgres: on the PATH, or where Debian has the newest. */
function findPrograms(): string {
  const found = programFolder();
  if (found === undefined) throw new Error(POSTGRES_MISSING);
  return found;
}

const POSTGRES_MISSING = 'initdb and postgres were not found: install the Debian package `postgresql`.';

/** Why this store can't be started here; null: it can. */
export function postgresProblem(): string | null {
  return programFolder() === undefined ? POSTGRES_MISSING : null;
}

function programFolder(): string | undefined {
  const debian = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const newestFirst = debian.sort((a, b) => Number(b) - Number(a));
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...newestFirst.map((version) => join(DEBIAN_FOLDER, version, 'bin')),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

function systemUser(): SystemUser {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of SYSTEM_USERS) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`Postgres does not run as root, and there is no user ${SYSTEM_USERS.join(' or ')}.`);
}

/** setpriv becomes the program that it runs, so its process id is the program's. */
function asUser({ uid, gid }: SystemUser): readonly string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}

async function connect(url: string): Promise<Client | null> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MAX_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch {
    await client.end().catch(() => {});
    return null;
  }
}

function childrenOf(parent: number): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  return pids.map(Number).filter((pid) => parentOf(pid) === parent);
}

/** null: it has ended. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Behind the name, which may hold anything, in brackets: the state, then the parent.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}
