// Who calls: the gateway's headers where its key is right, else a token (contract §1). Never says why a caller is not
// believed, and never compares a key in a time that depends on it.

import { timingSafeEqual } from 'node:crypto';
import type { MaybeCaller } from '../invite/caller.js';
import type { Secret } from '../secret.js';
import type { Request } from './request.js';
import { createTokenVerifier, makeCaller, type TokenOptions } from './token.js';

export interface AuthOptions extends TokenOptions {
  readonly gatewayKeys: readonly Secret[];
}

export interface Identity {
  /** null for nobody and for one who isn't believed alike. */
  readonly caller: MaybeCaller;
  /** The client's address as the gateway tells it, or null: none told, or no gateway. */
  readonly toldAddress: string | null;
}

export interface Authenticator {
  identify(request: Request): Identity;
}

/** `Bearer <JWT>`, `Bot <JWT>`, or the JWT bare; the scheme in any case. */
const AUTHORIZATION = /^(?:(?:bearer|bot) +)?([A-Za-z0-9_.-]+)$/i;

const NOBODY: Identity = { caller: null, toldAddress: null };

export function createAuthenticator(options: AuthOptions): Authenticator {
  const isGatewayKey = createKeyCheck(options.gatewayKeys);
  const callerOf = createTokenVerifier(options);

  const byToken = ({ headers }: Request): MaybeCaller => {
    const token = AUTHORIZATION.exec(headers.authorization ?? '')?.[1];
    return token === undefined ? null : callerOf(token);
  };

  return {
    identify(request) {
      const { headers } = request;
      const key = headers.gatewayKey;
      if (key === undefined || !isGatewayKey(key)) {
        return headers.authorization === undefined ? NOBODY : { caller: byToken(request), toldAddress: null };
      }
      const userId = headers.user ?? '';
      const caller =
        userId === ''
          ? byToken(request)
          : makeCaller(userId, headers.role || undefined, headers.permissions || undefined);
      return { caller, toldAddress: headers.clientIp || null };
    },
  };
}

/** Compares with every key, whichever fits; how long it takes tells their lengths at most. */
function createKeyCheck(keys: readonly Secret[]): (given: string) => boolean {
  const known = keys.map((key) => {
    const bytes = Buffer.from(key.reveal());
    return { bytes, given: Buffer.alloc(bytes.length) };
  });
  return (text) => {
    let fits = false;
    for (const { bytes, given } of known) {
      if (Buffer.byteLength(text) !== bytes.length) continue;
      given.write(text);
      if (timingSafeEqual(given, bytes)) fits = true;
    }
    return fits;
  };
}
