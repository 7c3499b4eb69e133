// The settings, from the environment: the only file that reads process.env.
// A wrong setting must never be guessed around: all problems are listed at once, and the program ends.

import { resolve } from 'node:path';
import * as v from 'valibot';
import { corsOrigins } from './cors-origins.js';
import { CODE_LENGTH_MAX, CODE_LENGTH_MIN } from './invite/code.js';
import { NO_PROXIES, parseTrustedProxies, type TrustedProxies } from './invite/trusted-proxies.js';
import type { KeyLocation } from './key-location.js';
import type { ListenOn } from './listen-on.js';
import { Secret } from './secret.js';
import { StartError } from './start-error.js';

/** No file at all, a file that is synced every second, or one that is synced before each answer. */
export type Durability = 'cache' | 'everysec' | 'always';

export interface Config {
  readonly publicListener: ListenOn;
  readonly adminListener: ListenOn;
  /** null: the embedded Redis. */
  readonly redisUrl: Secret | null;
  readonly dataDir: string;
  /** null: the embedded Postgres, or none. */
  readonly postgresUrl: Secret | null;
  /** `off`: nothing is copied. */
  readonly postgres: 'on' | 'off';
  /** How often what changed is copied to Postgres, where it does not fall behind. */
  readonly snapshotIntervalMs: number;
  /** Rows aimed at in one transaction. */
  readonly snapshotBatch: number;
  /** How long events stay that Postgres has. */
  readonly eventsRetentionMs: number;
  /** How long a reader of events may take nothing before he is cut. */
  readonly eventsReaderTimeoutMs: number;
  /** Entries of a journal; beyond them nothing is changed until they have been copied. */
  readonly streamMax: number;
  /** What an answer outlives; null: not declared, which for the embedded Redis means its default. */
  readonly durability: Durability | null;
  readonly demo: boolean;
  /** null: made at the first start and kept in the data folder. */
  readonly jwtSecret: Secret | null;
  /** Where the public keys of an issuer are; null: there is none. */
  readonly jwks: KeyLocation | null;
  readonly jwtAudience: string | null;
  readonly jwtIssuer: string | null;
  readonly gatewayKeys: readonly Secret[];
  /** Whose word for the address of a client counts. */
  readonly trustedProxies: TrustedProxies;
  /** `off`: whoever asks may do so as often as he likes. */
  readonly rateLimits: 'on' | 'off';
  readonly codeLength: number;
  readonly maxInvitesPerGuild: number;
  readonly reservedVanity: ReadonlySet<string>;
  readonly iconUrl: string | null;
  readonly publicUrl: string | null;
  /** Whose pages may read answers; null: of no other origin. */
  readonly corsOrigins: '*' | ReadonlySet<string> | null;
  readonly allowEviction: boolean;
  readonly redisTimeoutMs: number;
  readonly requestsInFlightMax: number;
  readonly waitingMax: number;
  /** Where events are sent; each may have a secret of its receiver's in it. */
  readonly webhookUrls: readonly Secret[];
  /** `whsec_…`; there as soon as there are URLs. */
  readonly webhookSecret: Secret | null;
  /** Times an event is sent before it is a dead letter. */
  readonly webhookAttempts: number;
  readonly webhookTimeoutMs: number;
  /** How long requests are still served after readiness has gone. */
  readonly drainDelayMs: number;
  /** HTTP processes on the same ports. */
  readonly workers: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
}

const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const text = v.pipe(v.string(), v.minLength(1));
const whole = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,9}$/, `must be a whole number from ${min} to ${max}`),
    v.transform(Number),
    v.minValue(min, `must be a whole number from ${min} to ${max}`),
    v.maxValue(max, `must be a whole number from ${min} to ${max}`),
  );
const flag = v.pipe(
  v.picklist(['0', '1', 'true', 'false', 'on', 'off'], 'must be 1 or 0'),
  v.transform((word) => word === '1' || word === 'true' || word === 'on'),
);
const list = v.pipe(
  v.string(),
  v.transform((joined) => joined.split(',').map((part) => part.trim())),
  v.check(
    (parts) => parts.every((part) => part !== ''),
    'must be a list separated by commas, without empty parts',
  ),
);
/** What fits into an address of the system; uWebSockets.js copies it there without looking. */
const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;
const PORT_PROBLEM = `must be a port from 0 to 65535 or unix:/path.sock (of at most ${SOCKET_PATH_BYTES_MAX} bytes)`;
const port = v.union(
  [
    whole(0, 65_535),
    v.pipe(
      v.string(),
      v.startsWith('unix:'),
      v.minLength(6),
      v.transform((given) => given.slice('unix:'.length)),
      v.check((path) => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX, PORT_PROBLEM),
    ),
  ],
  PORT_PROBLEM,
);
const httpUrl = v.pipe(
  v.string(),
  v.check((given) => {
    const url = tryUrl(given);
    return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
  }, 'must be an http or https URL'),
);

const jwks = v.pipe(
  v.string(),
  v.check(
    (given) => !HAS_SCHEME.test(given) || isUrlWithoutUser(given),
    'must be the path of a file, or an http or https URL without a user or password in it',
  ),
  v.transform((given): KeyLocation => {
    const isUrl = HAS_SCHEME.test(given);
    return isUrl ? { kind: 'url', url: new Secret(given) } : { kind: 'file', path: resolve(given) };
  }),
);

const GATEWAY_KEYS_MAX = 16;
const gatewayKeys = v.pipe(
  list,
  v.maxLength(GATEWAY_KEYS_MAX, `must be at most ${GATEWAY_KEYS_MAX} keys`),
  v.check((given) => new Set(given).size === given.length, 'must not have a key twice'),
);
const TRUSTED_PROXIES_MAX = 100;
const trustedProxies = v.pipe(
  list,
  v.maxLength(TRUSTED_PROXIES_MAX, `must be at most ${TRUSTED_PROXIES_MAX} networks`),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseTrustedProxies(dataset.value);
    if (parsed !== null) return parsed;
    addIssue({
      message: 'must be addresses, networks such as 10.0.0.0/8, or the word unix, separated by commas',
    });
    return NEVER;
  }),
);

const WEBHOOK_URLS_MAX = 16;
const WEBHOOK_SECRET_PREFIX = 'whsec_';
const webhookUrls = v.pipe(
  list,
  v.maxLength(WEBHOOK_URLS_MAX, `must be at most ${WEBHOOK_URLS_MAX} URLs`),
  v.check(
    (given) => given.every(isUrlWithoutUser),
    'must be http or https URLs without a user or password in them, separated by commas',
  ),
  v.check(
    (given) => new Set(given.map((one) => tryUrl(one)?.href)).size === given.length,
    'must not name a URL twice',
  ),
);
/** As Standard Webhooks writes it down; which of the two forms it was doesn't matter. */
const webhookSecret = v.pipe(
  v.string(),
  v.transform((given) =>
    given.startsWith(WEBHOOK_SECRET_PREFIX) ? given.slice(WEBHOOK_SECRET_PREFIX.length) : given,
  ),
  v.check((base64) => {
    const key = Buffer.from(base64, 'base64');
    return key.length >= 16 && key.length <= 64 && key.toString('base64') === base64;
  }, 'must be whsec_ and 16 to 64 bytes in base64'),
  v.transform((base64) => WEBHOOK_SECRET_PREFIX + base64),
);

/** The variables, each as it may be set and with its default. What each is for stands in settings-described.ts. */
export const environment = v.object({
  INVITED_HOST: v.optional(text, '0.0.0.0'),
  INVITED_PORT: v.optional(port, '8080'),
  INVITED_ADMIN_HOST: v.optional(text, '127.0.0.1'),
  INVITED_ADMIN_PORT: v.optional(port, '9090'),
  INVITED_SOCKET_MODE: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^0?[67][0-7]{2}$/, 'must be rights such as 660, of which the first digit is 6 or 7'),
      v.transform((octal) => Number.parseInt(octal, 8)),
    ),
    '660',
  ),
  INVITED_REDIS_URL: v.optional(
    v.pipe(v.string(), v.regex(/^(rediss?|unix):\/\/./, 'must start with redis://, rediss:// or unix://')),
  ),
  INVITED_POSTGRES: v.optional(v.picklist(['on', 'off'], 'must be on or off'), 'on'),
  INVITED_POSTGRES_URL: v.optional(
    v.pipe(v.string(), v.regex(/^postgres(ql)?:\/\/./, 'must start with postgres:// or postgresql://')),
  ),
  INVITED_SNAPSHOT_INTERVAL_MS: v.optional(whole(10, 3_600_000), '1000'),
  INVITED_SNAPSHOT_BATCH: v.optional(whole(100, 100_000), '10000'),
  INVITED_EVENTS_RETENTION_MS: v.optional(whole(0, 604_800_000), '300000'),
  INVITED_EVENTS_READER_TIMEOUT_MS: v.optional(whole(100, 600_000), '30000'),
  INVITED_STREAM_MAX: v.optional(whole(1000, 100_000_000), '1000000'),
  INVITED_DURABILITY: v.optional(
    v.picklist(['cache', 'everysec', 'always'], 'must be cache, everysec or always'),
  ),
  INVITED_DATA_DIR: v.optional(text, '.data'),
  INVITED_DEMO: v.optional(flag, '0'),
  INVITED_JWT_SECRET: v.optional(
    v.pipe(
      v.string(),
      v.check((secret) => Buffer.byteLength(secret) >= 32, 'must be at least 32 bytes long'),
    ),
  ),
  INVITED_JWKS: v.optional(jwks),
  INVITED_JWT_AUDIENCE: v.optional(text),
  INVITED_JWT_ISSUER: v.optional(text),
  INVITED_GATEWAY_KEYS: v.optional(gatewayKeys),
  INVITED_TRUSTED_PROXIES: v.optional(trustedProxies),
  INVITED_RATE_LIMITS: v.optional(v.picklist(['on', 'off'], 'must be on or off'), 'on'),
  INVITED_CODE_LENGTH: v.optional(whole(CODE_LENGTH_MIN, CODE_LENGTH_MAX), '8'),
  INVITED_MAX_INVITES_PER_GUILD: v.optional(whole(1, 100_000), '1000'),
  INVITED_RESERVED_VANITY: v.optional(list),
  INVITED_ICON_URL: v.optional(
    // The page allows pictures from one origin.
    v.pipe(httpUrl, v.regex(/^https?:\/\/[^/{}]+\//, 'must have a fixed host and a path')),
  ),
  INVITED_PUBLIC_URL: v.optional(
    v.pipe(
      httpUrl,
      v.transform((given) => given.replace(/\/+$/, '')),
    ),
  ),
  INVITED_CORS_ORIGINS: v.optional(corsOrigins),
  INVITED_ALLOW_EVICTION: v.optional(flag, '0'),
  INVITED_REDIS_TIMEOUT_MS: v.optional(whole(10, 60_000), '2000'),
  INVITED_MAX_IN_FLIGHT: v.optional(whole(1, 1_000_000), '10000'),
  INVITED_MAX_WAITING: v.optional(whole(1, 1_000_000), '8192'),
  INVITED_WEBHOOK_URLS: v.optional(webhookUrls),
  INVITED_WEBHOOK_SECRET: v.optional(webhookSecret),
  INVITED_WEBHOOK_ATTEMPTS: v.optional(whole(1, 100), '10'),
  INVITED_WEBHOOK_TIMEOUT_MS: v.optional(whole(100, 120_000), '15000'),
  INVITED_DRAIN_DELAY_MS: v.optional(whole(0, 300_000), '0'),
  INVITED_WORKERS: v.optional(whole(1, 256), '1'),
  INVITED_LOG_LEVEL: v.optional(
    v.picklist(
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'must be fatal, error, warn, info, debug or silent',
    ),
    'info',
  ),
});

/**
 * Reads the settings.
 * @throws StartError with one line that names every setting that is wrong; never with a value, which could be a secret.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    // An empty variable is one that isn't set: compose files and shells can't always leave it out.
    Object.entries(env).filter(([name, value]) => name.startsWith('INVITED_') && value !== ''),
  );
  const result = v.safeParse(environment, given);
  if (!result.success) {
    const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? '?'} ${plainMessage(issue)}`);
    throw new StartError(`Wrong settings: ${[...new Set(problems)].join('; ')}.`);
  }
  const set = result.output;
  const sockets = [set.INVITED_PORT, set.INVITED_ADMIN_PORT].filter((given) => typeof given === 'string');
  if (set.INVITED_WORKERS > 1 && sockets.length > 0) {
    throw new StartError('Wrong settings: INVITED_WORKERS must be 1 where a listener is a Unix socket.');
  }
  if (set.INVITED_WEBHOOK_URLS !== undefined && set.INVITED_WEBHOOK_SECRET === undefined) {
    throw new StartError('Wrong settings: INVITED_WEBHOOK_SECRET must be set where INVITED_WEBHOOK_URLS is.');
  }
  return {
    publicListener: listenOn(set.INVITED_HOST, set.INVITED_PORT, set.INVITED_SOCKET_MODE),
    adminListener: listenOn(set.INVITED_ADMIN_HOST, set.INVITED_ADMIN_PORT, set.INVITED_SOCKET_MODE),
    redisUrl: set.INVITED_REDIS_URL === undefined ? null : new Secret(set.INVITED_REDIS_URL),
    postgresUrl: set.INVITED_POSTGRES_URL === undefined ? null : new Secret(set.INVITED_POSTGRES_URL),
    postgres: set.INVITED_POSTGRES,
    snapshotIntervalMs: set.INVITED_SNAPSHOT_INTERVAL_MS,
    snapshotBatch: set.INVITED_SNAPSHOT_BATCH,
    eventsRetentionMs: set.INVITED_EVENTS_RETENTION_MS,
    eventsReaderTimeoutMs: set.INVITED_EVENTS_READER_TIMEOUT_MS,
    streamMax: set.INVITED_STREAM_MAX,
    durability: set.INVITED_DURABILITY ?? null,
    dataDir: resolve(set.INVITED_DATA_DIR),
    demo: set.INVITED_DEMO,
    jwtSecret: set.INVITED_JWT_SECRET === undefined ? null : new Secret(set.INVITED_JWT_SECRET),
    jwks: set.INVITED_JWKS ?? null,
    jwtAudience: set.INVITED_JWT_AUDIENCE ?? null,
    jwtIssuer: set.INVITED_JWT_ISSUER ?? null,
    gatewayKeys: (set.INVITED_GATEWAY_KEYS ?? []).map((key) => new Secret(key)),
    trustedProxies: set.INVITED_TRUSTED_PROXIES ?? NO_PROXIES,
    rateLimits: set.INVITED_RATE_LIMITS,
    codeLength: set.INVITED_CODE_LENGTH,
    maxInvitesPerGuild: set.INVITED_MAX_INVITES_PER_GUILD,
    reservedVanity: new Set((set.INVITED_RESERVED_VANITY ?? []).map((word) => word.toLowerCase())),
    iconUrl: set.INVITED_ICON_URL ?? null,
    publicUrl: set.INVITED_PUBLIC_URL ?? null,
    corsOrigins: set.INVITED_CORS_ORIGINS ?? null,
    allowEviction: set.INVITED_ALLOW_EVICTION,
    redisTimeoutMs: set.INVITED_REDIS_TIMEOUT_MS,
    requestsInFlightMax: set.INVITED_MAX_IN_FLIGHT,
    waitingMax: set.INVITED_MAX_WAITING,
    webhookUrls: (set.INVITED_WEBHOOK_URLS ?? []).map((url) => new Secret(url)),
    webhookSecret: set.INVITED_WEBHOOK_SECRET === undefined ? null : new Secret(set.INVITED_WEBHOOK_SECRET),
    webhookAttempts: set.INVITED_WEBHOOK_ATTEMPTS,
    webhookTimeoutMs: set.INVITED_WEBHOOK_TIMEOUT_MS,
    drainDelayMs: set.INVITED_DRAIN_DELAY_MS,
    workers: set.INVITED_WORKERS,
    logLevel: set.INVITED_LOG_LEVEL,
  };
}

function listenOn(host: string, portOrPath: number | string, mode: number): ListenOn {
  if (typeof portOrPath === 'number') return { kind: 'tcp', host, port: portOrPath };
  return { kind: 'unix', path: portOrPath, mode };
}

function isUrlWithoutUser(given: string): boolean {
  const url = tryUrl(given);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  return url.username === '' && url.password === '';
}

function tryUrl(given: string): URL | null {
  try {
    return new URL(given);
  } catch {
    return null;
  }
}

/** valibot's own messages quote what was given; ours don't. */
function plainMessage(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('Invalid') ? 'is not valid' : issue.message;
}
