// Settings of who is believed that work, but that somebody should know of. One line each, without a value.

import type { Config } from '../config.js';
import { trustsEveryone } from '../invite/trusted-proxies.js';

const GATEWAY_KEY_CHARACTERS_MIN = 32;

export function identityWarnings(config: Config): readonly string[] {
  const warnings: string[] = [];
  if (config.gatewayKeys.some((key) => key.reveal().length < GATEWAY_KEY_CHARACTERS_MIN)) {
    warnings.push(
      `A key in INVITED_GATEWAY_KEYS has fewer than ${GATEWAY_KEY_CHARACTERS_MIN} characters: whoever guesses it is anybody. Make one with: openssl rand -hex 32`,
    );
  }
  if (config.jwks !== null && config.jwtAudience === null) {
    warnings.push(
      'INVITED_JWKS without INVITED_JWT_AUDIENCE: every token of that issuer is believed, also one that was made for another application.',
    );
  }
  if (trustsEveryone(config.trustedProxies)) {
    warnings.push(
      'INVITED_TRUSTED_PROXIES has a network that everybody is in: whoever can connect may say which address he has.',
    );
  }
  return warnings;
}
