// `invited token`: prints a token for a user, a bot or a service, and nothing else, so that it can be piped.

import { isRole, type Role } from '../invite/caller.js';
import { isSnowflake } from '../invite/id.js';
import { type Print, terminal } from './print.js';
import { signToken, type TokenClaims } from './sign-token.js';
import { parseCommand, UsageError } from './usage-error.js';

const USAGE =
  'Usage: invited token --user ID [--role user|bot|service] [--permissions BITS] [--ttl 30s|15m|1h|7d]';
const TTL_DEFAULT = '1h';
const TTL_MAX_SECONDS = 10 * 365 * 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** What a token may be bound to besides its user; the server's INVITED_JWT_AUDIENCE and INVITED_JWT_ISSUER. */
export interface TokenBinding {
  readonly audience?: string;
  readonly issuer?: string;
}

/** @returns the exit code: 0, or 2 for wrong arguments */
export async function token(
  args: readonly string[],
  secret: string,
  binding: TokenBinding = {},
  print: Print = terminal,
): Promise<number> {
  try {
    const claims = readArguments(args);
    print.out(claims === null ? USAGE : await signToken(secret, { ...claims, ...binding }));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print.err(`${error.message} ${USAGE}`);
    return 2;
  }
}

/** null: the caller asked for help. */
function readArguments(args: readonly string[]): TokenClaims | null {
  const { values } = parseCommand({
    args: [...args],
    options: {
      user: { type: 'string' },
      role: { type: 'string' },
      permissions: { type: 'string' },
      ttl: { type: 'string', default: TTL_DEFAULT },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  if (values.user === undefined) throw new UsageError('--user is needed.');
  if (!isSnowflake(values.user)) throw new UsageError('--user must be an id: a decimal number below 2^63.');
  return {
    sub: values.user,
    ...(values.role === undefined ? {} : { role: roleOf(values.role) }),
    ...(values.permissions === undefined ? {} : { permissions: permissionsOf(values.permissions) }),
    ttlSeconds: secondsOf(values.ttl),
  };
}

function roleOf(text: string): Role {
  if (isRole(text)) return text;
  throw new UsageError('--role must be user, bot or service.');
}

function permissionsOf(text: string): string {
  if (isSnowflake(text)) return text;
  throw new UsageError('--permissions must be a bit field as a decimal number.');
}

function secondsOf(text: string): number {
  const [, count, unit] = /^([1-9][0-9]{0,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNIT_SECONDS[unit ?? ''] ?? Number.NaN);
  if (seconds <= TTL_MAX_SECONDS) return seconds;
  throw new UsageError('--ttl must be a time such as 30s, 15m, 1h or 7d, of at most ten years.');
}
