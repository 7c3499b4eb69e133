// Who calls: the gateway's headers where its key is right, else a token (contract §1). Never says why a caller is not
// believed, and never compares a key in a time that depends on it.

import { createHash, timingSafeEqual } from 'node:crypto';
import { jwtVerify } from 'jose';
import { isRole, type MaybeCaller } from '../invite/caller.js';
import { isSnowflake } from '../invite/id.js';
import { isPermissions, knownBits } from '../invite/permissions.js';
import type { Secret } from '../secret.js';
import type { Request } from './request.js';

export interface AuthOptions {
  readonly jwtSecret: Secret;
  readonly jwtAudience: string | null;
  readonly jwtIssuer: string | null;
  readonly gatewayKeys: readonly Secret[];
}

export interface Authenticator {
  /** The caller; null for nobody and for one who isn't believed alike. */
  identify(request: Request): Promise<MaybeCaller>;
  /** The client's address as the gateway tells it, or null: none told, or no gateway. */
  toldAddress(request: Request): string | null;
}

/** `Bearer <JWT>`, `Bot <JWT>`, or the JWT bare; the scheme in any case. */
const AUTHORIZATION = /^(?:(?:bearer|bot) +)?([A-Za-z0-9_.-]+)$/i;

export function createAuthenticator(options: AuthOptions): Authenticator {
  const secret = new TextEncoder().encode(options.jwtSecret.reveal());
  const gatewayDigests = options.gatewayKeys.map((key) => digest(key.reveal()));
  const checks = {
    algorithms: ['HS256'],
    requiredClaims: ['exp'],
    ...(options.jwtAudience === null ? {} : { audience: options.jwtAudience }),
    ...(options.jwtIssuer === null ? {} : { issuer: options.jwtIssuer }),
  };

  const isGateway = (request: Request): boolean => {
    const key = request.headers.get('x-invited-gateway-key');
    if (key === undefined) return false;
    const given = digest(key);
    // All keys are compared, whichever fits.
    return gatewayDigests.map((known) => timingSafeEqual(known, given)).includes(true);
  };

  const byToken = async (request: Request): Promise<MaybeCaller> => {
    const token = AUTHORIZATION.exec(request.headers.get('authorization') ?? '')?.[1];
    if (token === undefined) return null;
    try {
      const { payload } = await jwtVerify(token, secret, checks);
      return makeCaller(payload.sub, payload['role'], payload['permissions']);
    } catch {
      return null;
    }
  };

  return {
    async identify(request) {
      const userId = request.headers.get('x-invited-user') ?? '';
      if (userId !== '' && isGateway(request)) {
        const role = request.headers.get('x-invited-role') || undefined;
        const permissions = request.headers.get('x-invited-permissions') || undefined;
        return makeCaller(userId, role, permissions);
      }
      return byToken(request);
    },

    toldAddress(request) {
      const address = request.headers.get('x-invited-client-ip') ?? '';
      return address !== '' && isGateway(request) ? address : null;
    },
  };
}

/** A caller from unchecked claims; null if any of them is not what it should be. */
function makeCaller(userId: unknown, role: unknown, permissions: unknown): MaybeCaller {
  if (!isSnowflake(userId)) return null;
  if (role !== undefined && !isRole(role)) return null;
  if (permissions !== undefined && !isPermissions(permissions)) return null;
  return {
    userId,
    role: role ?? 'user',
    permissions: permissions === undefined ? null : knownBits(permissions),
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
