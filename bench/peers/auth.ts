// Who calls: the gateway's headers where its key is right, else an HS256 token. The token is checked by Node's own HMAC
// without a promise, as fast-jwt does under @fastify/jwt: several times faster than jose, which goes through WebCrypto.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { isSnowflake } from '../../src/invite/id.js';
import type { Settings } from './settings.js';

/** '' for a header that isn't there. */
export type HeaderOf = (name: string) => string;

export interface PeerCaller {
  readonly userId: string;
  readonly role: string;
}

const AUTHORIZATION = /^(?:(?:bearer|bot) +)?([\w-]+)\.([\w-]+)\.([\w-]+)$/i;
const ROLES: ReadonlySet<unknown> = new Set(['user', 'bot', 'service']);

export class Auth {
  readonly #gatewayKey: Buffer;
  readonly #jwtSecret: string;

  constructor({ gatewayKey, jwtSecret }: Settings) {
    this.#gatewayKey = Buffer.from(gatewayKey);
    this.#jwtSecret = jwtSecret;
  }

  isGateway(header: HeaderOf): boolean {
    const given = header('x-invited-gateway-key');
    return given !== '' && isEqual(Buffer.from(given), this.#gatewayKey);
  }

  /** null for nobody, and for one who isn't believed. */
  identify(header: HeaderOf): PeerCaller | null {
    const userId = header('x-invited-user');
    if (userId !== '' && this.isGateway(header)) {
      return makeCaller(userId, header('x-invited-role') || undefined);
    }
    const claims = this.#verify(header('authorization'));
    return claims === null ? null : makeCaller(claims['sub'], claims['role']);
  }

  #verify(authorization: string): Record<string, unknown> | null {
    const [, head = '', body = '', signature = ''] = AUTHORIZATION.exec(authorization) ?? [];
    if (head === '') return null;
    const expected = createHmac('sha256', this.#jwtSecret).update(`${head}.${body}`).digest();
    if (!isEqual(Buffer.from(signature, 'base64url'), expected)) return null;
    const claims = decode(body);
    if (decode(head)?.['alg'] !== 'HS256' || claims === null) return null;
    const now = Date.now() / 1000;
    const { exp, nbf } = claims as { readonly exp?: unknown; readonly nbf?: unknown };
    if (typeof exp !== 'number' || exp <= now) return null;
    return nbf === undefined || (typeof nbf === 'number' && nbf <= now) ? claims : null;
  }
}

function makeCaller(userId: unknown, role: unknown): PeerCaller | null {
  if (!isSnowflake(userId) || (role !== undefined && !ROLES.has(role))) return null;
  return { userId, role: typeof role === 'string' ? role : 'user' };
}

function decode(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
