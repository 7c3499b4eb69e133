// What a token says of who calls, from claims that nobody has checked yet. What is read here counts only once the signature is known
// to be good.

import { isRole, type MaybeCaller } from '../invite/caller.js';
import { isSnowflake } from '../invite/id.js';
import { isPermissions, knownBits } from '../invite/permissions.js';

export interface ClaimsOptions {
  /** null: any. */
  readonly jwtAudience: string | null;
  readonly jwtIssuer: string | null;
}

export interface Claims {
  readonly caller: NonNullable<MaybeCaller>;
  /** Seconds since the epoch; valid while notBefore ≤ now < expires. */
  readonly notBefore: number;
  readonly expires: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** null: they are not what they should be, or not meant for us. Says nothing of whether their time has come, or is over. */
export function readClaims(claims: JsonObject, options: ClaimsOptions): Claims | null {
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
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : null;
  } catch {
    return null;
  }
}
