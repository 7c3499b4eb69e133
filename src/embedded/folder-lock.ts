// The lock on a folder: one process at a time, given up by the operating system when that process dies.
// A listening Unix socket is the lock: whoever can connect to it knows that its owner lives. Two at once must
// never both believe that they own it.
//
// The sockets are numbered. A newcomer never removes the file of a dead owner to take its place (another
// newcomer could have just done so), but listens on the next number, which only one can get, and then looks
// again: a higher number, or a lower one that answers, and it steps back. Of two that listen, the one that came
// second always sees the first.

import { readdir, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const NAME = /^lock-([0-9]{1,9})\.sock$/;
const TRIES_MAX = 20;
const STEP_BACK_MS = 50;
const CONNECT_MAX_MS = 2000;

/** The longest name that the lock gives to a file, for those who have to keep a socket's path short. */
export const LOCK_NAME_CHARS_MAX = 'lock-999999999.sock'.length;

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the lock on `folder`.
 * @returns null when somebody else holds it
 * @throws the error of the file system when no socket can be made there
 */
export async function lockFolder(folder: string): Promise<FolderLock | null> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const before = await numbers(folder);
    for (const number of before) {
      if (await answers(socketOf(folder, number))) return null;
    }
    const mine = Math.max(0, ...before) + 1;
    const server = await listen(socketOf(folder, mine));
    if (server !== null) {
      if (await isFirst(folder, mine)) return { release: () => close(server) };
      await close(server);
    }
    await delay(Math.random() * STEP_BACK_MS);
  }
  return null;
}

async function isFirst(folder: string, mine: number): Promise<boolean> {
  const all = await numbers(folder);
  // A cleaning owner can have taken our file for a dead one before we listened.
  if (!all.includes(mine) || all.some((number) => number > mine)) return false;
  const dead = all.filter((number) => number < mine);
  for (const number of dead) {
    if (await answers(socketOf(folder, number))) return false;
  }
  for (const number of dead) await rm(socketOf(folder, number), { force: true });
  return true;
}

async function numbers(folder: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir(folder)) {
    const number = NAME.exec(name)?.[1];
    if (number !== undefined) found.push(Number(number));
  }
  return found;
}

function socketOf(folder: string, number: number): string {
  return join(folder, `lock-${number}.sock`);
}

/** null: another process was faster to take this number. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(path, () => resolve(server.unref()));
  });
}

/** Removes the file as well. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Whether somebody listens there; in doubt yes, since a wrong no would give the folder to two. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const finish = (alive: boolean) => {
      resolve(alive);
      socket.destroy();
    };
    socket.setTimeout(CONNECT_MAX_MS, () => finish(true));
    socket.once('connect', () => finish(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}
