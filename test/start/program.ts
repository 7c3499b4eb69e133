// The program as a person starts it: a child process, its two outputs, and how it ends.
// Every program that a test leaves behind is killed with everything in its process group.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { askRedis } from '../../src/embedded/ask-redis.js';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { removeFolder } from '../support/remove-folder.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const SECRET = 'a secret of at least 32 bytes, for tests';
const READY_MAX_MS = 30_000;
const END_MAX_MS = 20_000;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Program {
  readonly pid: number;
  readonly dataDir: string;
  /** Of the two listeners, as it printed them. */
  ready(): Promise<{ readonly url: string; readonly adminUrl: string; readonly out: string }>;
  /** How it ended by itself, or by a signal that the test sent. */
  ended(): Promise<Ended>;
  /** Sends a signal to it and to everything in its process group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void;
  signal(signal: NodeJS.Signals): void;
}

const cleanups: (() => Promise<unknown>)[] = [];

/** For afterEach. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export function afterwards(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup);
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-test-'));
  cleanups.push(() => removeFolder(folder));
  return folder;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  /** Default: `node dist/main.js start`. */
  readonly command?: readonly [string, ...(readonly string[])];
}

/** Starts the program on free ports of 127.0.0.1 and, unless told otherwise, in a data folder of its own. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  const [file, ...args] = options.command ?? [process.execPath, join(ROOT, 'dist', 'main.js'), 'start'];
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('INVITED_'));
  const child = spawn(file, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(inherited),
      INVITED_HOST: '127.0.0.1',
      INVITED_PORT: '0',
      INVITED_ADMIN_PORT: '0',
      INVITED_DATA_DIR: dataDir,
      INVITED_DEMO: '0',
      // Making its database takes every start seconds of work; whoever tests it asks for it.
      INVITED_POSTGRES: 'off',
      INVITED_JWT_SECRET: SECRET,
      // Tests ask more often than anybody may.
      INVITED_RATE_LIMITS: 'off',
      ...options.env,
    },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  let end: Ended | null = null;
  child.once('close', (code) => {
    end = { code, out, err };
  });
  const pid = child.pid ?? 0;
  cleanups.push(async () => {
    if (end === null) killGroup(child);
    await holdsWithin(async () => end !== null, END_MAX_MS);
  });
  const reported = () => `It printed:\n${out}\n${err}`;

  return {
    pid,
    dataDir,
    async ready() {
      const isReady = async () => end !== null || /^ready.*\n/m.test(out);
      const url = () => /^ {2}public +((?:http|unix):\S+)$/m.exec(out)?.[1];
      const adminUrl = () => /^ {2}admin +(http:\S+)$/m.exec(out)?.[1];
      if (!(await holdsWithin(isReady, READY_MAX_MS))) throw new Error(`Not ready. ${reported()}`);
      const urls = { url: url() ?? '', adminUrl: adminUrl() ?? '', out };
      if (end !== null || urls.url === '' || urls.adminUrl === '')
        throw new Error(`No server. ${reported()}`);
      return urls;
    },
    async ended() {
      await holdsWithin(async () => end !== null, END_MAX_MS);
      if (end === null) throw new Error(`It did not end. ${reported()}`);
      return end;
    },
    signalGroup: (signal) => process.kill(-pid, signal),
    signal: (signal) => process.kill(pid, signal),
  };
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // It ended at this very moment.
  }
}

/** The pid of the Redis that serves a data folder. */
export async function redisPidOf(dataDir: string): Promise<number> {
  const client = new Redis({
    path: join(dataDir, 'redis.sock'),
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on('error', () => {});
  try {
    return Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
  } finally {
    client.disconnect();
  }
}

/** Whether nothing of the Redis with this pid is left: no process, and nobody on its socket. */
export async function redisIsGone(dataDir: string, pid: number): Promise<boolean> {
  return !(await isRunning(pid)) && (await askRedis(join(dataDir, 'redis.sock'), 'PING', 1000)) === 'gone';
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // An orphan that has ended stays in the list of processes until the system's first process has looked at it.
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) Z /.test(status);
}

export function randomId(): string {
  return `${randomInt(1, 10)}${String(randomInt(10 ** 12)).padStart(12, '0')}00000`;
}
