// The file of a Unix socket: uWebSockets.js puts its own over whatever is there, a living server's socket and a file of somebody's
// included, gives nobody else a right to it, and leaves it behind. So it is looked at before, and taken care of afterwards.

import { chmod, lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from '../start-error.js';

/** The worker of a program that was killed a moment ago may still be ending. */
const FREE_MAX_MS = 2000;
const RETRY_MS = 50;
const CONNECT_MAX_MS = 2000;

type Found = 'nothing' | 'dead' | 'alive' | 'no_socket' | 'forbidden';

/**
 * Resolves when nobody listens at `path`; the socket of one who was killed may be there. Two that start in the same moment may both
 * get this far: the second then has the path.
 * @throws StartError in one line that names the setting
 */
export async function checkUnixPath(path: string, setting: string): Promise<void> {
  const deadline = performance.now() + FREE_MAX_MS;
  for (;;) {
    const found = await look(path);
    if (found === 'nothing' || found === 'dead') return;
    if (found === 'no_socket') throw new StartError(`${path} is there and is no socket (${setting}).`);
    if (found === 'forbidden') throw new StartError(`The socket ${path} may not be used (${setting}).`);
    if (performance.now() > deadline) {
      throw new StartError(`Another server listens on the socket ${path} (${setting}).`);
    }
    await delay(RETRY_MS);
  }
}

export interface UnixFile {
  /** Takes it away, unless it is another server's by now. */
  remove(): Promise<void>;
}

/** Lets those in whom `mode` names. To be called as soon as we listen. @throws StartError */
export async function openUnixPath(path: string, mode: number, setting: string): Promise<UnixFile> {
  const ours = await stat(path);
  try {
    await chmod(path, mode);
  } catch {
    throw new StartError(`The rights on the socket ${path} can't be set (${setting}).`);
  }
  return {
    async remove() {
      const now = await stat(path);
      if (ours !== null && now?.ino === ours.ino && now.dev === ours.dev) await rm(path, { force: true });
    },
  };
}

async function look(path: string): Promise<Found> {
  const file = await stat(path);
  if (file === null) return 'nothing';
  if (!file.isSocket()) return 'no_socket';
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (found: Found): void => {
      resolve(found);
      socket.destroy();
    };
    // In doubt somebody is there.
    socket.setTimeout(CONNECT_MAX_MS, () => finish('alive'));
    socket.once('connect', () => finish('alive'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') finish('dead');
      else if (code === 'ENOENT') finish('nothing');
      else finish(code === 'EACCES' ? 'forbidden' : 'alive');
    });
  });
}

/** null: there is nothing, or nothing that we may see; then listening says why. */
function stat(path: string) {
  return lstat(path).catch(() => null);
}
