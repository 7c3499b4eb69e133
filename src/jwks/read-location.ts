// Gets the text of a key set from where it is. Never follows a redirect, never reads more than it should, and never says more
// of a failure than a few words: what stands in a URL or in an answer is nobody's business.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { KeyLocation } from '../key-location.js';
import { KeysUnavailable } from './unavailable.js';

/** A set of a dozen keys with their certificates takes some 40 KiB. */
const BYTES_MAX = 256 * 1024;
const TOO_LARGE = `it is larger than ${BYTES_MAX / 1024} KiB`;

/** @throws KeysUnavailable for every reason there is, `signal` included */
export async function readLocation(location: KeyLocation, signal: AbortSignal): Promise<string> {
  return location.kind === 'file' ? readFile(location.path) : fetchText(location.url.reveal(), signal);
}

async function readFile(path: string): Promise<string> {
  try {
    // A pipe without a writer would hold us up for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new KeysUnavailable('it is no regular file');
      const buffer = Buffer.alloc(BYTES_MAX + 1);
      let bytes = 0;
      while (bytes < buffer.length) {
        const { bytesRead } = await file.read(buffer, bytes, buffer.length - bytes, bytes);
        if (bytesRead === 0) return buffer.toString('utf8', 0, bytes);
        bytes += bytesRead;
      }
      throw new KeysUnavailable(TOO_LARGE);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof KeysUnavailable
      ? error
      : new KeysUnavailable(codeOf(error) ?? 'it cannot be read');
  }
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  try {
    const answer = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'manual',
      signal,
    });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      const isRedirect = answer.status >= 300 && answer.status < 400;
      throw new KeysUnavailable(`${isRedirect ? 'redirect' : 'status'} ${answer.status}`);
    }
    return await textOf(answer.body);
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error;
    if (signal.aborted) throw new KeysUnavailable('timed out');
    // fetch hides why it failed in the cause.
    throw new KeysUnavailable(codeOf(error instanceof Error ? error.cause : undefined) ?? 'no connection');
  }
}

async function textOf(body: Response['body']): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop hangs up.
    if (bytes > BYTES_MAX) throw new KeysUnavailable(TOO_LARGE);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** ENOENT, ECONNREFUSED and the like. */
function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : null;
}
