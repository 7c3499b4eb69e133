// The process of the embedded Postgres: `node postgres-program.js <database folder> <socket folder>`. Serves until SIGTERM.
// Two must never open one database: whoever does holds the lock beside the socket, which the system gives up with it.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { workInBackground } from '../background.js';
import { holdsWithin } from './deadline.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { openDatabase } from './postgres-database.js';
import { servePostgres } from './postgres-server.js';
import { POSTGRES_SOCKET } from './postgres-socket.js';

/** An earlier one that is just ending has ten seconds for it. */
const LOCK_MAX_MS = 15_000;

function fail(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

async function lock(folder: string): Promise<FolderLock> {
  let taken: FolderLock | null = null;
  const isFree = async (): Promise<boolean> => {
    taken = await lockFolder(folder);
    return taken !== null;
  };
  if (!(await holdsWithin(isFree, LOCK_MAX_MS, 100)) || taken === null) {
    fail('another process has the database open');
  }
  return taken;
}

const [databaseFolder = '', socketFolder = ''] = process.argv.slice(2);
// Before it serves it may end at any point: what was begun is done again, or recovered.
let stop = async (): Promise<void> => {};
process.on('SIGTERM', () => {
  stop().then(
    () => process.exit(0),
    (error: unknown) => fail(describe(error)),
  );
});

// The guard that runs us leads a session for the two of us.
workInBackground({ hasOwnSession: true });
try {
  await lock(socketFolder);
  const socketPath = join(socketFolder, POSTGRES_SOCKET);
  await rm(socketPath, { force: true });
  const database = await openDatabase(databaseFolder);
  const server = await servePostgres(database, socketPath, (error) => fail(describe(error)));
  stop = () => server.stop();
} catch (error) {
  fail(describe(error));
}

/** The code of the file system's errors; what PGlite itself says could quote data. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'the database failed';
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? `the database failed (${error.name})` : `the database failed (${code})`;
}
