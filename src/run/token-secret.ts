// Which secret HS256 tokens are signed with, if any.

import { mkdir } from 'node:fs/promises';
import type { Config } from '../config.js';
import { loadOrCreateSecret } from '../embedded/secret.js';
import { keepsTokenSecret } from '../kept-secret.js';
import { Secret } from '../secret.js';
import { StartError } from '../start-error.js';

/**
 * The one that the settings name, else the one in the data folder, which is made if there is none. null: HS256 counts for nothing.
 */
export async function tokenSecret(config: Config): Promise<Secret | null> {
  if (config.jwtSecret !== null) return config.jwtSecret;
  if (!keepsTokenSecret(config)) return null;
  try {
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  } catch {
    throw new StartError(`The data folder ${config.dataDir} can't be used (INVITED_DATA_DIR).`);
  }
  return new Secret(await loadOrCreateSecret(config.dataDir));
}

/** For commands that sign tokens. @throws StartError where no token that they sign would be believed */
export async function signingSecret(config: Config): Promise<string> {
  const secret = await tokenSecret(config);
  if (secret !== null) return secret.reveal();
  throw new StartError(
    'Tokens are signed by your issuer (INVITED_JWKS); for tokens of this command, too, set INVITED_JWT_SECRET here and for the server.',
  );
}
