// The connection to Redis. A command is sent once or not at all: nothing is queued while Redis is away, and
// nothing is sent again on its own, since ioredis would otherwise run a cut-off script twice.

import { Redis, type RedisOptions } from 'ioredis';
import type { Secret } from '../secret.js';
import { StartError } from '../start-error.js';

const RECONNECT_MAX_MS = 1000;
const FIRST_CONNECT_MS = 10_000;
const OLDEST_MAJOR = 7;

export interface ConnectionOptions {
  /** redis://, rediss:// or unix:// (a socket path). */
  readonly url: Secret;
  /** How long a command may take before its outcome counts as unknown. */
  readonly timeoutMs: number;
  /** How long the first connection may take; 10 s unless told. */
  readonly firstConnectMs?: number;
}

/** Why there is no connection: a word of Redis or of the system, such as WRONGPASS or ECONNREFUSED. */
export class RedisUnreachable extends StartError {
  readonly reason: string;

  constructor(reason: string) {
    super(`Redis can't be reached (INVITED_REDIS_URL): ${reason}.`);
    this.reason = reason;
  }
}

// ioredis types this one so that it can't be left out and given as undefined; it is never given here.
type Settings = Omit<RedisOptions, 'replyMapping'>;

/** Connects, or throws RedisUnreachable when Redis can't be reached in time or refuses us. */
export async function connectRedis(options: ConnectionOptions): Promise<Redis> {
  const settings: Settings = {
    lazyConnect: true,
    protocol: 2,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: options.timeoutMs,
    connectTimeout: 5000,
    retryStrategy: (times: number) => Math.min(20 * 2 ** Math.min(times, 10), RECONNECT_MAX_MS),
    connectionName: 'invited',
  };
  const redis = new Redis({ ...settings, ...target(options.url) });
  let lastProblem = 'no answer';
  // Without a listener ioredis prints errors itself, arguments and all.
  redis.on('error', (error: Error) => {
    lastProblem = reasonOf(error);
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      new Promise<void>((ready, fail) => {
        redis.once('ready', () => ready());
        // The first refusal decides at start: a person who mistyped the address shall not wait for ten seconds.
        redis.once('error', (error: Error) => fail(error));
        redis.connect().catch(fail);
      }),
      new Promise<never>((_, fail) => {
        timer = setTimeout(() => fail(new Error(lastProblem)), options.firstConnectMs ?? FIRST_CONNECT_MS);
      }),
    ]);
  } catch (error) {
    redis.disconnect();
    throw new RedisUnreachable(reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
  return redis;
}

/**
 * Checks that this Redis can be trusted with invites.
 * @throws StartError when it is older than 7.0, or would evict keys and `allowEviction` is false
 */
export async function checkServer(
  redis: Redis,
  allowEviction: boolean,
): Promise<{ readonly isCluster: boolean }> {
  const info = await redis.info();
  const problem = serverProblem(info, allowEviction);
  if (problem !== null) throw new StartError(problem);
  return { isCluster: infoField(info, 'cluster_enabled') === '1' };
}

/**
 * Checks that this Redis keeps what was declared (INVITED_DURABILITY).
 * @throws StartError when it keeps less, or doesn't say
 */
export async function checkDurability(
  redis: Redis,
  declared: 'cache' | 'everysec' | 'always',
): Promise<void> {
  if (declared === 'cache') return;
  const isWritten = infoField(await redis.info('persistence'), 'aof_enabled') === '1';
  const [, fsync] = await redis.config('GET', 'appendfsync').catch(() => []);
  const enough = declared === 'always' ? ['always'] : ['always', 'everysec'];
  if (isWritten && enough.includes(String(fsync))) return;
  const found = isWritten ? `appendfsync ${String(fsync ?? 'unknown')}` : 'appendonly no';
  throw new StartError(
    `INVITED_DURABILITY=${declared} needs a Redis with appendonly yes and appendfsync ${declared}; this one has ${found}.`,
  );
}

/** What is wrong with a server that describes itself so (the text of INFO), or null. */
export function serverProblem(info: string, allowEviction: boolean): string | null {
  const version = infoField(info, 'redis_version') ?? 'unknown';
  if (!(Number.parseInt(version, 10) >= OLDEST_MAJOR)) {
    return `Redis 7.0 or later is needed; this one is ${version}.`;
  }
  const policy = infoField(info, 'maxmemory_policy');
  if (policy !== null && policy !== 'noeviction' && !allowEviction) {
    return `Redis would evict invites: its maxmemory-policy is ${policy}. Set it to noeviction, or set INVITED_ALLOW_EVICTION=1 to take the risk.`;
  }
  return null;
}

export function infoField(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}

function target(url: Secret): Settings {
  const text = url.reveal();
  if (text.startsWith('unix://')) return { path: decodeURIComponent(text.slice('unix://'.length)) };
  const parsed = new URL(text);
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(parsed.pathname.length > 1 ? { db: Number(parsed.pathname.slice(1)) } : {}),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

/** A problem in a few words, without addresses' secrets or Redis's own text, which could hold a password. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined) return code;
  const kind = /^(WRONGPASS|NOAUTH|NOPERM|LOADING|MASTERDOWN|DENIED)/.exec(error.message)?.[1];
  return kind ?? 'no answer';
}
