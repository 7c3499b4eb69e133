// The secret that signs tokens when none is configured: made at the first start, kept in the data folder.
// Must never be replaced once it is there: every token that was given out would end.

import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../start-error.js';

const SECRET_BYTES = 32;
const SHAPE = /^[A-Za-z0-9_-]{43}$/;

/**
 * The secret of a data folder: 32 random bytes as base64url (43 characters) in `jwt-secret`, mode 0600.
 * Two who create it at once get the same one.
 * @throws StartError when the file can't be read, can't be written, or holds something else
 */
export async function loadOrCreateSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'jwt-secret');
  try {
    const text = (await readIfThere(path)) ?? (await create(path));
    const secret = text.trim();
    if (SHAPE.test(secret)) return secret;
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    throw new StartError(`The secret in ${path} can't be read or written: ${code ?? 'unknown cause'}.`);
  }
  throw new StartError(
    `The secret in ${path} is damaged; put the old one back, or remove the file to make a new one.`,
  );
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a new secret beside `path` and links it there: others see a whole file or none, and the first one stays. */
async function create(path: string): Promise<string> {
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(SECRET_BYTES).toString('base64url')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}
