// Where the Redis and the Postgres are of the server that runs in a data folder, for commands beside it. Must never start one, nor
// write anything.

import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../start-error.js';
import { socketFolder } from './data-folder.js';
import { POSTGRES_SOCKET } from './postgres-socket.js';

/** @throws StartError where none runs */
export async function runningRedis(dataDir: string): Promise<string> {
  const socketPath = join(await socketsOf(dataDir), 'redis.sock');
  if (!existsSync(socketPath)) throw notRunning('Redis', 'INVITED_REDIS_URL', dataDir);
  return `unix://${encodeURI(socketPath)}`;
}

/** @throws StartError where none runs */
export async function runningPostgres(dataDir: string): Promise<string> {
  const folder = join(await socketsOf(dataDir), 'pg');
  if (!existsSync(join(folder, POSTGRES_SOCKET)))
    throw notRunning('Postgres', 'INVITED_POSTGRES_URL', dataDir);
  return `postgres://invited@/invited?host=${encodeURIComponent(folder)}`;
}

/** A folder that isn't there has no sockets either. */
async function socketsOf(dataDir: string): Promise<string> {
  return socketFolder(await realpath(dataDir).catch(() => dataDir));
}

function notRunning(what: string, setting: string, dataDir: string): StartError {
  return new StartError(
    `No ${what} runs in the data folder ${dataDir} (INVITED_DATA_DIR): start the server, or set ${setting}.`,
  );
}
