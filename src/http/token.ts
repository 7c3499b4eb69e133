// Verifies HS256 tokens (RFC 7519, RFC 7515), the same way each time: nothing of a token is believed before its
// signature is. The hot path of every request with a token, so: one HMAC in one go, and a bounded memory of tokens that
// were found good. test/unit/token.test.ts holds it against jose, token by token.

import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { isRole, type MaybeCaller } from '../invite/caller.js';
import { isSnowflake } from '../invite/id.js';
import { isPermissions, knownBits } from '../invite/permissions.js';
import type { Secret } from '../secret.js';

export interface TokenOptions {
  readonly jwtSecret: Secret;
  /** null: any. */
  readonly jwtAudience: string | null;
  readonly jwtIssuer: string | null;
}

/** The caller that a token proves at this moment, or null. */
export type TokenVerifier = (token: string) => MaybeCaller;

/** Good tokens kept: of some 300 bytes each. */
const KEPT_MAX = 10_000;
/** Different headers of tokens that are kept: there is one for each program that signs. */
const HEADERS_KEPT_MAX = 16;
const SIGNATURE = /^[A-Za-z0-9_-]{43}$/;

interface Good {
  readonly caller: MaybeCaller;
  /** Seconds since the epoch; valid while notBefore ≤ now < expires. */
  readonly notBefore: number;
  readonly expires: number;
}

export function createTokenVerifier(options: TokenOptions): TokenVerifier {
  // Made once: from bytes, each HMAC would make one of its own, which costs more than itself.
  const key = createSecretKey(Buffer.from(options.jwtSecret.reveal()));
  const good = new LRUCache<string, Good>({ max: KEPT_MAX });
  const soundHeaders = new LRUCache<string, true>({ max: HEADERS_KEPT_MAX });
  const expected = Buffer.alloc(43);
  const given = Buffer.alloc(43);

  const isSigned = (token: string, signatureAt: number): boolean => {
    const signature = token.slice(signatureAt + 1);
    if (!SIGNATURE.test(signature)) return false;
    given.write(signature, 'latin1');
    const digest = createHmac('sha256', key).update(token.slice(0, signatureAt)).digest('base64url');
    expected.write(digest, 'latin1');
    return timingSafeEqual(given, expected);
  };

  const hasSoundHeader = (header: string): boolean => {
    if (soundHeaders.has(header)) return true;
    if (!isSoundHeader(parseObject(header))) return false;
    soundHeaders.set(header, true);
    return true;
  };

  const verify = (token: string): Good | null => {
    const payloadAt = token.indexOf('.');
    const signatureAt = token.lastIndexOf('.');
    if (payloadAt < 1 || signatureAt <= payloadAt || token.indexOf('.', payloadAt + 1) !== signatureAt)
      return null;
    if (!isSigned(token, signatureAt) || !hasSoundHeader(token.slice(0, payloadAt))) return null;
    const claims = parseObject(token.slice(payloadAt + 1, signatureAt));
    return claims === null ? null : readClaims(claims, options);
  };

  return (token) => {
    const now = Math.floor(Date.now() / 1000);
    let found = good.get(token);
    if (found === undefined) {
      found = verify(token) ?? undefined;
      if (found === undefined) return null;
      if (now < found.expires) good.set(token, found);
    }
    return found.notBefore <= now && now < found.expires ? found.caller : null;
  };
}

/** HS256 and nothing that one would have to understand (`crit`). */
function isSoundHeader(header: Readonly<Record<string, unknown>> | null): boolean {
  return header !== null && header['alg'] === 'HS256' && header['crit'] === undefined;
}

function readClaims(claims: Readonly<Record<string, unknown>>, options: TokenOptions): Good | null {
  const { exp, nbf, iat } = claims;
  if (typeof exp !== 'number' || !isTimeOrNone(nbf) || !isTimeOrNone(iat)) return null;
  if (options.jwtIssuer !== null && claims['iss'] !== options.jwtIssuer) return null;
  if (options.jwtAudience !== null && !isFor(claims['aud'], options.jwtAudience)) return null;
  const caller = makeCaller(claims['sub'], claims['role'], claims['permissions']);
  return caller === null ? null : { caller, notBefore: nbf ?? 0, expires: exp };
}

function isTimeOrNone(time: unknown): time is number | undefined {
  return time === undefined || typeof time === 'number';
}

function isFor(audience: unknown, wanted: string): boolean {
  return audience === wanted || (Array.isArray(audience) && audience.includes(wanted));
}

/** A caller from unchecked claims; null if any of them is not what it should be. */
export function makeCaller(userId: unknown, role: unknown, permissions: unknown): MaybeCaller {
  if (!isSnowflake(userId)) return null;
  if (role !== undefined && !isRole(role)) return null;
  if (permissions !== undefined && !isPermissions(permissions)) return null;
  return {
    userId,
    role: role ?? 'user',
    permissions: permissions === undefined ? null : knownBits(permissions),
  };
}

/** A JSON object in base64url, or null. */
function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
