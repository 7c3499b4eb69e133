// Signs a token (JWT, HS256) with the claims that the server reads.
// Must never be given a secret that ends up in a message.

import { SignJWT } from 'jose';
import type { Role } from '../invite/caller.js';

export interface TokenClaims {
  /** The user's id. */
  readonly sub: string;
  /** Left out: `user`. */
  readonly role?: Role;
  /** A bit field in decimal. */
  readonly permissions?: string;
  readonly ttlSeconds: number;
  readonly audience?: string;
  readonly issuer?: string;
}

export async function signToken(secret: string, claims: TokenClaims): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const token = new SignJWT({
    ...(claims.role === undefined ? {} : { role: claims.role }),
    ...(claims.permissions === undefined ? {} : { permissions: claims.permissions }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(claims.sub)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + claims.ttlSeconds);
  if (claims.audience !== undefined) token.setAudience(claims.audience);
  if (claims.issuer !== undefined) token.setIssuer(claims.issuer);
  return token.sign(new TextEncoder().encode(secret));
}
