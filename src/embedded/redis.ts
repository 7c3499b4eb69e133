// The Redis that comes with `npm start`: a redis-server of our own on a Unix socket, with an append-only file
// in the data folder. Must never outlive us, listen on TCP, or stay down while we live.
// The caller holds the lock on the data folder, so every Redis found on this socket is a leftover of ours.

import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../start-error.js';
import { askRedis } from './ask-redis.js';
import { socketFolder } from './data-folder.js';
import { holdsWithin } from './deadline.js';
import { type GuardedProcess, type ProcessEnd, spawnGuarded } from './guarded-process.js';
import { exitText, keepRunning } from './keep-running.js';

const READY_MAX_MS = 30_000;
const LEFTOVER_MAX_MS = 15_000;
const PING_MAX_MS = 1000;
const LOG_BYTES_MAX = 5 * 1024 * 1024;

export interface EmbeddedRedisOptions {
  /** Absolute; locked by the caller (see data-folder.ts). */
  readonly dataDir: string;
  /** When its file is synced; null: there is no file, and its data end with it. */
  readonly appendFsync: 'always' | 'everysec' | null;
  /** Told, in one line, each time Redis ended on its own or could not be started again. */
  readonly onRestart?: (message: string) => void;
}

export interface EmbeddedRedis {
  readonly socketPath: string;
  /** SIGTERM, SIGKILL after 10 s; resolves when redis-server has ended. */
  stop(): Promise<void>;
}

interface Place {
  readonly socketPath: string;
  readonly folder: string;
  readonly logFile: string;
  readonly appendFsync: string | null;
}

/**
 * Starts Redis and keeps it running until `stop()`.
 * @throws StartError when redis-server is missing, ends at once, or doesn't answer PING within 30 s
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const place: Place = {
    socketPath: join(await socketFolder(options.dataDir), 'redis.sock'),
    folder: join(options.dataDir, 'redis'),
    logFile: join(options.dataDir, 'redis.log'),
    appendFsync: options.appendFsync,
  };
  const running = await keepRunning({
    name: 'The embedded Redis',
    launch: (stopping) => launch(place, stopping),
    tell: options.onRestart ?? (() => {}),
  });
  return { socketPath: place.socketPath, stop: () => running.stop() };
}

async function launch(place: Place, stopping: AbortSignal): Promise<GuardedProcess> {
  await prepareFiles(place);
  await endLeftover(place.socketPath);
  const redis = await spawnGuarded('redis-server', redisArguments(place));
  let end: ProcessEnd | null = null;
  void redis.ended.then((reached) => {
    end = reached;
  });
  const answered = await holdsWithin(
    async () =>
      end !== null || stopping.aborted || (await askRedis(place.socketPath, 'PING', PING_MAX_MS)) === 'ready',
    READY_MAX_MS,
  );
  if (end !== null) throw new StartError(await causeOfEnd(end, place));
  if (!answered || stopping.aborted) {
    await redis.end();
    throw new StartError(`The embedded Redis did not get ready within 30 s; see ${place.logFile}.`);
  }
  return redis;
}

function redisArguments(place: Place): readonly string[] {
  const settings: readonly (readonly [string, string])[] = [
    ['port', '0'],
    ['unixsocket', place.socketPath],
    ['unixsocketperm', '700'],
    ['dir', place.folder],
    ['logfile', place.logFile],
    ['save', ''],
    ['appendonly', place.appendFsync === null ? 'no' : 'yes'],
    ['appendfsync', place.appendFsync ?? 'no'],
    ['maxmemory-policy', 'noeviction'],
    ['daemonize', 'no'],
  ];
  return settings.flatMap(([name, value]) => [`--${name}`, value]);
}

async function prepareFiles(place: Place): Promise<void> {
  try {
    await mkdir(place.folder, { recursive: true, mode: 0o700 });
    const log = await stat(place.logFile).catch(() => null);
    if (log !== null && log.size > LOG_BYTES_MAX) await rename(place.logFile, `${place.logFile}.1`);
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    throw new StartError(`The data folder ${place.folder} can't be used: ${code ?? 'unknown cause'}.`);
  }
}

/** A server that was killed a moment ago leaves a Redis that is still ending; two must not write one file. */
async function endLeftover(socketPath: string): Promise<void> {
  if ((await askRedis(socketPath, 'SHUTDOWN', PING_MAX_MS)) === 'gone') return;
  const isGone = await holdsWithin(
    async () => (await askRedis(socketPath, 'PING', PING_MAX_MS)) === 'gone',
    LEFTOVER_MAX_MS,
  );
  if (!isGone)
    throw new StartError(`A Redis of an earlier run still listens on ${socketPath} and does not end.`);
}

async function causeOfEnd(end: ProcessEnd, place: Place): Promise<string> {
  if (end.missing) {
    return 'redis-server was not found: install Redis 7 or later, or set INVITED_REDIS_URL to use one that runs already.';
  }
  const log = await readFile(place.logFile, 'utf8').catch(() => '');
  // Redis marks warnings and worse with #, behind the process id and the time.
  const warning = /^\S+ .*? # (.+)$/.exec(
    lastLine(log.split('\n').filter((line) => line.includes(' # '))),
  )?.[1];
  const cause = warning ?? lastLine(end.output.split('\n'));
  return `The embedded Redis ended at once (${exitText(end)}): ${cause || 'no reason given'} (log: ${place.logFile})`;
}

function lastLine(lines: readonly string[]): string {
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? '';
}
