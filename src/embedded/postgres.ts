// The Postgres that comes with `npm start`: PGlite in a process of its own, since a statement stops everything else in its
// process, behind a Unix socket, with its files in the data folder. Must never outlive us, nor be opened twice.
// To those who ask it is a Postgres like any other, but for this: one session serves all connections, so what is set for
// a session, named statements and advisory locks outside transactions are everybody's; and nothing can cancel a statement.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartError } from '../start-error.js';
import { socketFolder } from './data-folder.js';
import { holdsWithin } from './deadline.js';
import { type GuardedProcess, type ProcessEnd, spawnGuarded } from './guarded-process.js';
import { beginRunning, exitText, keepRunning, type Running, type Supervised } from './keep-running.js';
import { askPostgres, POSTGRES_SOCKET } from './postgres-socket.js';

/** The first start makes the database, which takes seconds of work. */
const READY_MAX_MS = 90_000;
const ASK_MAX_MS = 1000;
const LEFTOVER_MAX_MS = 15_000;
const PROGRAM = [process.execPath, fileURLToPath(new URL('./postgres-program.js', import.meta.url))];

export interface EmbeddedPostgresOptions {
  /** Absolute; locked by the caller (see data-folder.ts). */
  readonly dataDir: string;
  /** Told, in one line, each time Postgres ended on its own or could not be started again. */
  readonly onRestart?: (message: string) => void;
  /** The command that runs the process; tests run it from its source. */
  readonly program?: readonly string[];
}

export interface EmbeddedPostgres {
  readonly url: string;
  /** While it isn't there, there is no database yet, so nothing that Redis could be restored from. */
  readonly databaseFolder: string;
  /** SIGTERM, SIGKILL after 10 s; resolves when the process has ended. */
  stop(): Promise<void>;
}

interface Place {
  readonly databaseFolder: string;
  readonly socketFolder: string;
  readonly program: readonly string[];
}

/**
 * Starts Postgres and keeps it running until `stop()`.
 * @throws StartError when it ends at once, or doesn't get ready within 90 s
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const place = await placeOf(options);
  return embedded(place, await keepRunning(supervised(place, options)));
}

/**
 * The same, without waiting for it: making its database takes a small machine many seconds, in which nobody needs it. What goes
 * wrong with it is told, and tried again.
 */
export async function beginEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const place = await placeOf(options);
  return embedded(place, beginRunning(supervised(place, options)));
}

async function placeOf({ dataDir, program }: EmbeddedPostgresOptions): Promise<Place> {
  return {
    databaseFolder: join(dataDir, 'postgres'),
    socketFolder: join(await socketFolder(dataDir), 'pg'),
    program: program ?? PROGRAM,
  };
}

function supervised(place: Place, { onRestart }: EmbeddedPostgresOptions): Supervised {
  return {
    name: 'The embedded Postgres',
    launch: (stopping) => launch(place, stopping),
    tell: onRestart ?? (() => {}),
  };
}

function embedded(place: Place, running: Running): EmbeddedPostgres {
  return {
    url: `postgres://invited@/invited?host=${encodeURIComponent(place.socketFolder)}`,
    databaseFolder: place.databaseFolder,
    stop: () => running.stop(),
  };
}

async function launch(place: Place, stopping: AbortSignal): Promise<GuardedProcess> {
  await prepareFolder(place.socketFolder);
  const socketPath = join(place.socketFolder, POSTGRES_SOCKET);
  await awaitLeftover(socketPath);
  const [command = '', ...args] = place.program;
  const postgres = await spawnGuarded(command, [...args, place.databaseFolder, place.socketFolder]);
  let end: ProcessEnd | null = null;
  void postgres.ended.then((reached) => {
    end = reached;
  });
  const answered = await holdsWithin(
    async () => end !== null || stopping.aborted || (await askPostgres(socketPath, ASK_MAX_MS)) === 'ready',
    READY_MAX_MS,
  );
  if (end !== null) throw new StartError(causeOfEnd(end));
  if (!answered || stopping.aborted) {
    await postgres.end();
    throw new StartError('The embedded Postgres did not get ready within 90 s.');
  }
  return postgres;
}

/** Whose parent was killed a moment ago is still ending; its answer must not be taken for that of the new one. */
async function awaitLeftover(socketPath: string): Promise<void> {
  const isGone = async (): Promise<boolean> => (await askPostgres(socketPath, ASK_MAX_MS)) === 'gone';
  if (!(await holdsWithin(isGone, LEFTOVER_MAX_MS)))
    throw new StartError(`A Postgres of an earlier run still listens on ${socketPath} and does not end.`);
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    throw new StartError(`The folder ${folder} can't be used: ${code ?? 'unknown cause'}.`);
  }
}

function causeOfEnd(end: ProcessEnd): string {
  const cause = end.output.split('\n').findLast((line) => line.trim() !== '');
  return `The embedded Postgres ended at once (${exitText(end)}): ${cause?.trim() ?? 'no reason given'}.`;
}
