// Where an issuer's public keys are, if tokens are signed by one: a file is read, a URL is not asked.

import { readFile } from 'node:fs/promises';
import type { Config } from '../config.js';
import { shownLocation } from '../key-location.js';
import { isLoopback } from './exposure.js';
import { type Finding, ok, problem, warning } from './finding.js';

const NAME = 'issuer';

export async function checkIssuer({ jwks }: Config): Promise<readonly Finding[]> {
  if (jwks === null) return [];
  const shown = shownLocation(jwks);
  if (jwks.kind === 'url') {
    const { protocol, hostname } = new URL(jwks.url.reveal());
    if (protocol === 'http:' && !isLoopback(hostname)) {
      const found = `the keys of ${shown} come unencrypted: whoever is in between signs tokens that are believed`;
      return [problem(NAME, found, 'https:// in INVITED_JWKS')];
    }
    return [
      ok(NAME, `${shown}; not asked, since the doctor sends nothing to others: see the log of a server`),
    ];
  }
  const text = await readFile(jwks.path, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string') {
    return [
      problem(NAME, `${shown} can't be read: ${text.code ?? 'unknown cause'}`, 'the path in INVITED_JWKS'),
    ];
  }
  const keys = keysIn(text);
  if (keys === null)
    return [problem(NAME, `${shown} holds no JWK Set`, 'a file as RFC 7517 has it: {"keys": […]}')];
  if (keys > 0) return [ok(NAME, `${shown} holds ${keys} ${keys === 1 ? 'key' : 'keys'}`)];
  return [warning(NAME, `${shown} holds no key: no token of the issuer is believed`, 'a key in that file')];
}

/** null: no JWK Set. */
function keysIn(text: string): number | null {
  try {
    const set: unknown = JSON.parse(text);
    const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : null;
    return Array.isArray(keys) ? keys.length : null;
  } catch {
    return null;
  }
}
