// The folder in which one server keeps its embedded Redis and its secret.
// Must never be handed out to two servers at once, and never be readable by other users when we made it.

import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StartError } from '../start-error.js';
import { type FolderLock, LOCK_NAME_CHARS_MAX, lockFolder } from './folder-lock.js';

// Linux takes 107 bytes for a socket's path, macOS 103.
const SOCKET_PATH_BYTES_MAX = 100;

export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Creates the folder if need be, proves that it can be written, and locks it until `release()` or our death.
 * @throws StartError when it can't be used, or when another server uses it
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const real = await prepare(resolve(path));
  const lock = await lockOf(real);
  if (lock === null) throw new StartError(`Another invited uses the data folder ${real}.`);
  return { path: real, release: () => lock.release() };
}

/** Where the sockets of a data folder are: in it, or, when its path is too long for that, in the system's folder for temporary files. */
export async function socketFolder(dataDir: string): Promise<string> {
  if (Buffer.byteLength(dataDir) + 1 + LOCK_NAME_CHARS_MAX <= SOCKET_PATH_BYTES_MAX) return dataDir;
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `invited-${hash}`);
  await mkdir(folder, { mode: 0o700, recursive: true });
  // Anybody can make folders there; a stranger's would let them talk to our Redis.
  const found = await lstat(folder);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  if (!isOurs) throw new StartError(`The folder ${folder} must be a folder that only you can use.`);
  return folder;
}

async function prepare(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const real = await realpath(path);
    const probe = join(real, `.writable-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
    return real;
  } catch (error) {
    throw unusable(path, error);
  }
}

async function lockOf(path: string): Promise<FolderLock | null> {
  const folder = await socketFolder(path);
  try {
    return await lockFolder(folder);
  } catch (error) {
    throw unusable(folder, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'it is on a read-only disk',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'it is no folder',
  ENOTSUP: 'no sockets can be made there',
};

function unusable(path: string, error: unknown): StartError {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const reason = code === undefined ? 'unknown cause' : (REASONS[code] ?? code);
  return new StartError(`The data folder ${path} can't be used (INVITED_DATA_DIR): ${reason}.`);
}
