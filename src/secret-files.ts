// Secrets from files, as Docker and Kubernetes hand them out: INVITED_JWT_SECRET_FILE names the file that has INVITED_JWT_SECRET.
// Read once, before anything else; what the program starts is given the secrets themselves.

import { closeSync, openSync, readSync } from 'node:fs';
import { StartError } from './start-error.js';

/** The settings that are a secret, or that may have one in them. */
const SECRETS = [
  'INVITED_REDIS_URL',
  'INVITED_POSTGRES_URL',
  'INVITED_JWT_SECRET',
  'INVITED_GATEWAY_KEYS',
  'INVITED_WEBHOOK_URLS',
  'INVITED_WEBHOOK_SECRET',
];
const BYTES_MAX = 64 * 1024;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The environment with the secrets in it, and without the names of their files. White space at the end of a file doesn't count.
 * @throws StartError with one line that names every setting whose file is wrong; never with anything that stands in it
 */
export function withSecretFiles(env: Env): Env {
  const result = { ...env };
  const problems: string[] = [];
  for (const name of SECRETS) {
    const setting = `${name}_FILE`;
    const path = env[setting];
    delete result[setting];
    if (path === undefined || path === '') continue;
    if (env[name] !== undefined && env[name] !== '') {
      problems.push(`${setting} must not be set beside ${name}`);
      continue;
    }
    const read = readSecret(path);
    if ('problem' in read) problems.push(`${setting} ${read.problem}`);
    else result[name] = read.secret;
  }
  if (problems.length > 0) throw new StartError(`Wrong settings: ${problems.join('; ')}.`);
  return result;
}

function readSecret(path: string): { readonly secret: string } | { readonly problem: string } {
  let bytes: Buffer;
  try {
    bytes = readStart(path);
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    return { problem: `names a file that can't be read (${code ?? 'unknown cause'})` };
  }
  if (bytes.length > BYTES_MAX) return { problem: `names a file of more than ${BYTES_MAX} bytes` };
  const secret = bytes.toString('utf8').trimEnd();
  return secret === '' ? { problem: 'names an empty file' } : { secret };
}

/** A byte more than there may be, of whatever it is. */
function readStart(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
