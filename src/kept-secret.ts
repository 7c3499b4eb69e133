// Whether the secret of HS256 tokens is the one in the data folder.

import type { Config } from './config.js';

/**
 * Not where an issuer signs the tokens and nothing of the server is embedded: a file in a folder that nobody thinks of must not be
 * a second way in.
 */
export function keepsTokenSecret({ jwtSecret, jwks, redisUrl, demo }: Config): boolean {
  return jwtSecret === null && (jwks === null || redisUrl === null || demo);
}
