// Who a token proves to call (RFC 7519, RFC 7515): signed with the secret (HS256), or by a key of the issuer's key set (EdDSA, ES256,
// RS256). The header's algorithm chooses only between these two, which share no key: so no algorithm can be made to use the other's.
//
// The hot path of every request with a token, so: a bounded memory of tokens that were found good, and one HMAC in one go for HS256;
// neither takes a promise. test/unit/token.test.ts holds them against jose, token by token.

import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { MaybeCaller } from '../invite/caller.js';
import type { TokenKeys } from '../jwks/key-set.js';
import type { Secret } from '../secret.js';
import { type Claims, type ClaimsOptions, parseObject, readClaims } from './token-claims.js';

export interface TokenOptions extends ClaimsOptions {
  /** null: no HS256. */
  readonly jwtSecret: Secret | null;
  /** null: nothing but HS256. */
  readonly keySet: TokenKeys | null;
}

/** The caller that a token proves at this moment, or null; `unjudged`: whether it is good can't be told now. */
export type Judged = MaybeCaller | 'unjudged';

/** Gives a promise only for a token of the key set that isn't remembered. */
export type TokenVerifier = (token: string) => Judged | Promise<Judged>;

/** Good tokens kept: of some 300 bytes each, of RS256 some 800. */
const KEPT_MAX = 10_000;
/** Different headers of tokens that are kept: there is one for each program or key that signs. */
const HEADERS_KEPT_MAX = 16;
const SIGNATURE = /^[A-Za-z0-9_-]{43}$/;
const BY_SECRET = 0;

interface Good {
  readonly claims: Claims;
  /** The key set that it was signed under, or BY_SECRET. */
  readonly underSet: number;
}

type SignedBy = 'secret' | 'key';
const SIGNED_BY: ReadonlyMap<unknown, SignedBy> = new Map<unknown, SignedBy>([
  ['HS256', 'secret'],
  ['EdDSA', 'key'],
  ['ES256', 'key'],
  ['RS256', 'key'],
]);

export function createTokenVerifier(options: TokenOptions): TokenVerifier {
  const { keySet } = options;
  const good = new LRUCache<string, Good>({ max: KEPT_MAX });
  const soundHeaders = new LRUCache<string, SignedBy>({ max: HEADERS_KEPT_MAX });
  const isSigned = options.jwtSecret === null ? () => false : createHmacCheck(options.jwtSecret);

  const believe = (token: string, header: string, signedBy: SignedBy, found: Good): MaybeCaller => {
    if (!soundHeaders.has(header)) soundHeaders.set(header, signedBy);
    const now = nowSeconds();
    if (now < found.claims.expires) good.set(token, found);
    return callerAt(found.claims, now);
  };

  const claimsOf = (payload: string): Claims | null => {
    const claims = parseObject(payload);
    return claims === null ? null : readClaims(claims, options);
  };

  const verifyByKey = async (token: string, header: string, claims: Claims): Promise<Judged> => {
    const verdict = (await keySet?.verify(token)) ?? 'not_signed';
    if (verdict === 'unjudged') return verdict;
    if (verdict === 'not_signed') return null;
    return believe(token, header, 'key', { claims, underSet: verdict.underSet });
  };

  const verify = (token: string): Judged | Promise<Judged> => {
    const payloadAt = token.indexOf('.');
    const signatureAt = token.lastIndexOf('.');
    if (payloadAt < 1 || signatureAt <= payloadAt || token.indexOf('.', payloadAt + 1) !== signatureAt)
      return null;
    const header = token.slice(0, payloadAt);
    const signedBy = soundHeaders.get(header) ?? signerOf(parseObject(header));
    if (signedBy === null || (signedBy === 'secret' && !isSigned(token, signatureAt))) return null;
    const claims = claimsOf(token.slice(payloadAt + 1, signatureAt));
    if (claims === null) return null;
    if (signedBy === 'secret') return believe(token, header, signedBy, { claims, underSet: BY_SECRET });
    // Nobody asks an issuer for the sake of a token that would be refused anyway.
    return keySet === null || callerAt(claims, nowSeconds()) === null
      ? null
      : verifyByKey(token, header, claims);
  };

  return (token) => {
    const found = good.get(token);
    if (found === undefined || (found.underSet !== BY_SECRET && found.underSet !== keySet?.current)) {
      return verify(token);
    }
    return callerAt(found.claims, nowSeconds());
  };
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function callerAt({ caller, notBefore, expires }: Claims, now: number): MaybeCaller {
  return notBefore <= now && now < expires ? caller : null;
}

/**
 * What a token with this header must be signed with; null: it is none of ours. Everything else that a header may bring along, such as
 * a key of its own or the address of one, is not looked at; what one would have to understand (`crit`) is refused.
 */
function signerOf(header: Readonly<Record<string, unknown>> | null): SignedBy | null {
  if (header === null || header['crit'] !== undefined) return null;
  const signedBy = SIGNED_BY.get(header['alg']) ?? null;
  const isNamed = header['kid'] === undefined || typeof header['kid'] === 'string';
  return signedBy === 'key' && !isNamed ? null : signedBy;
}

function createHmacCheck(secret: Secret): (token: string, signatureAt: number) => boolean {
  // Made once: from bytes, each HMAC would make one of its own, which costs more than itself.
  const key = createSecretKey(Buffer.from(secret.reveal()));
  const expected = Buffer.alloc(43);
  const given = Buffer.alloc(43);
  return (token, signatureAt) => {
    const signature = token.slice(signatureAt + 1);
    if (!SIGNATURE.test(signature)) return false;
    given.write(signature, 'latin1');
    const digest = createHmac('sha256', key).update(token.slice(0, signatureAt)).digest('base64url');
    expected.write(digest, 'latin1');
    return timingSafeEqual(given, expected);
  };
}
