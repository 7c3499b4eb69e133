// Who calls: the gateway's headers where its key is right, else a token (contract §1). Never says why a caller is not
// believed, and never compares a key in a time that depends on it.

import { timingSafeEqual } from 'node:crypto';
import type { MaybeCaller } from '../invite/caller.js';
import type { Secret } from '../secret.js';
import type { Request } from './request.js';
import { createTokenVerifier, type Judged, type TokenOptions } from './token.js';
import { makeCaller } from './token-claims.js';

export interface AuthOptions extends TokenOptions {
  readonly gatewayKeys: readonly Secret[];
}

export interface Identity {
  /** null for nobody and for one who isn't believed alike. */
  readonly caller: MaybeCaller;
  /** The client's address as the gateway tells it, or null: none told, or no gateway. */
  readonly toldAddress: string | null;
  /** There is a token, but whether it is good can't be told now: who needs a caller is answered 503, not 401. */
  readonly isUnjudged?: true;
}

export interface Authenticator {
  /**
   * A promise only where a token must be checked with a public key, or that key be fetched: the headers of a gateway, HS256 and every
   * token that is remembered are judged at once, since a promise for each request would cost more than the check itself.
   */
  identify(request: Request): Identity | Promise<Identity>;
}

/** `Bearer <JWT>`, `Bot <JWT>`, or the JWT bare; the scheme in any case. */
const AUTHORIZATION = /^(?:(?:bearer|bot) +)?([A-Za-z0-9_.-]+)$/i;

const NOBODY: Identity = { caller: null, toldAddress: null };

export function createAuthenticator(options: AuthOptions): Authenticator {
  const isGatewayKey = createKeyCheck(options.gatewayKeys);
  const callerOf = createTokenVerifier(options);

  const byToken = (
    authorization: string | undefined,
    toldAddress: string | null,
  ): Identity | Promise<Identity> => {
    if (authorization === undefined && toldAddress === null) return NOBODY;
    const token = AUTHORIZATION.exec(authorization ?? '')?.[1];
    const judged = token === undefined ? null : callerOf(token);
    return judged instanceof Promise
      ? judged.then((known) => identityOf(known, toldAddress))
      : identityOf(judged, toldAddress);
  };

  return {
    identify(request) {
      const { headers } = request;
      const key = headers.gatewayKey;
      if (key === undefined || !isGatewayKey(key)) return byToken(headers.authorization, null);
      const toldAddress = headers.clientIp || null;
      const userId = headers.user ?? '';
      if (userId === '') return byToken(headers.authorization, toldAddress);
      const caller = makeCaller(userId, headers.role || undefined, headers.permissions || undefined);
      return { caller, toldAddress };
    },
  };
}

function identityOf(judged: Judged, toldAddress: string | null): Identity {
  return judged === 'unjudged'
    ? { caller: null, toldAddress, isUnjudged: true }
    : { caller: judged, toldAddress };
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
