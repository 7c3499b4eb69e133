// Could anybody guess what callers are believed by? Says how long secrets are, never what.

import type { Config } from '../config.js';
import { keepsTokenSecret } from '../kept-secret.js';
import { type Finding, ok, problem, warning } from './finding.js';

/** Half and all of what `openssl rand -base64 24` gives. */
const KEY_BYTES_MIN = 16;
const KEY_BYTES_GOOD = 32;
/** A word repeated, or a row of digits, has fewer. */
const CHARACTERS_MIN = 10;

export function checkSecrets(config: Config): readonly Finding[] {
  return [jwtSecret(config), ...gatewayKeys(config)];
}

function jwtSecret(config: Config): Finding {
  const name = 'secrets.jwt';
  const { jwtSecret: secret, dataDir } = config;
  if (secret === null && !keepsTokenSecret(config))
    return ok(name, 'tokens are believed by the keys of INVITED_JWKS only');
  if (secret === null)
    return ok(name, `the token secret is kept in ${dataDir}, and made there at the first start`);
  if (isMonotonous(secret.reveal())) {
    return warning(
      name,
      `INVITED_JWT_SECRET has fewer than ${CHARACTERS_MIN} different characters: it can be guessed`,
      'INVITED_JWT_SECRET="$(openssl rand -base64 48)", here and where tokens are signed',
    );
  }
  return ok(name, `INVITED_JWT_SECRET is ${Buffer.byteLength(secret.reveal())} bytes long`);
}

function gatewayKeys({ gatewayKeys: secrets, jwtSecret: signing }: Config): readonly Finding[] {
  const name = 'secrets.gateway_keys';
  if (secrets.length === 0)
    return [ok(name, 'no gateway may say who calls (INVITED_GATEWAY_KEYS is not set)')];
  const keys = secrets.map((key) => key.reveal());
  const fix = 'a key of `openssl rand -base64 24` in INVITED_GATEWAY_KEYS, here and at the gateway';
  const found: Finding[] = [];
  for (const [at, key] of keys.entries()) {
    const bytes = Buffer.byteLength(key);
    const which = `key ${at + 1} of INVITED_GATEWAY_KEYS`;
    const lets = 'whoever guesses it is anybody he likes';
    if (bytes < KEY_BYTES_MIN) found.push(problem(name, `${which} is ${bytes} bytes long: ${lets}`, fix));
    else if (key === signing?.reveal())
      found.push(problem(name, `${which} is the token secret as well`, fix));
    else if (isMonotonous(key)) {
      found.push(
        warning(name, `${which} has fewer than ${CHARACTERS_MIN} different characters: ${lets}`, fix),
      );
    } else if (bytes < KEY_BYTES_GOOD) {
      found.push(warning(name, `${which} is ${bytes} bytes long; ${KEY_BYTES_GOOD} are good`, fix));
    }
  }
  if (found.length > 0) return found;
  return [ok(name, `${keys.length} of at least ${KEY_BYTES_GOOD} bytes`)];
}

function isMonotonous(secret: string): boolean {
  return new Set(secret).size < CHARACTERS_MIN;
}
