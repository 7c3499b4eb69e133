// Is this Redis one that invites can be trusted to? Judges what was read of it (store/examine.ts).

import type { Config } from '../config.js';
import { RedisUnreachable } from '../store/connection.js';
import type { RedisFacts, RedisVisit } from '../store/examine.js';
import { judgeClock } from './clock.js';
import { type Finding, ok, problem, warning } from './finding.js';
import { judgePersistence } from './redis-persistence.js';
import { judgeRights } from './redis-rights.js';

export const OLDEST_REDIS_MAJOR = 7;
const MIB = 1024 * 1024;
/** Shares of maxmemory in use. */
const FULL = 0.95;
const NEARLY_FULL = 0.75;
/** Of the machine's memory, where Redis has no bound of its own. */
const MACHINE_SHARE = 0.6;
/** Each batch waits for one: beyond it people notice. */
const SLOW_MS = 5;

/** What stands in the way of any other look; where nothing does, what each look found. */
export async function checkRedis(
  config: Config,
  visit: () => Promise<RedisVisit>,
): Promise<readonly Finding[]> {
  let facts: RedisFacts;
  try {
    facts = await (await visit()).facts();
  } catch (error) {
    return [unreachable(error)];
  }
  return judgeRedis(config, facts);
}

export function judgeRedis(config: Config, facts: RedisFacts): readonly Finding[] {
  return [
    version(facts),
    eviction(config, facts),
    memory(facts),
    ...judgePersistence(config, facts),
    latency(config, facts),
    judgeClock('redis.clock', 'Redis', facts.clock),
    replication(facts),
    ...(facts.info('cluster_enabled') === '1' ? [cluster(facts)] : []),
    judgeRights(facts.rights),
  ];
}

const FIXES: Readonly<Record<string, string>> = {
  WRONGPASS:
    'the right user and password in INVITED_REDIS_URL (redis://user:password@host), or ACL SETUSER in Redis',
  NOAUTH: 'a password in INVITED_REDIS_URL (redis://:password@host)',
  NOPERM: 'the right to run INFO for our user (ACL SETUSER … +info)',
  DENIED: 'a password for Redis, or its bind and protected-mode',
  ECONNREFUSED: 'start Redis there, or its host and port in INVITED_REDIS_URL',
  ENOENT: 'start Redis there, or the path of its socket in INVITED_REDIS_URL',
  ENOTFOUND: 'the name of the host in INVITED_REDIS_URL',
  LOADING: 'wait until Redis has read its file',
};

function unreachable(error: unknown): Finding {
  if (!(error instanceof RedisUnreachable)) throw error;
  const { reason } = error;
  const fix =
    FIXES[reason] ??
    'host and port in INVITED_REDIS_URL, rediss:// where it wants TLS, and the firewall between';
  return problem('redis', `Redis can't be used: ${reason}`, fix);
}

function version({ info }: RedisFacts): Finding {
  const valkey = info('valkey_version');
  const found = info('redis_version') ?? 'of unknown version';
  const name = valkey === null ? `Redis ${found}` : `Valkey ${valkey}`;
  if (Number.parseInt(found, 10) >= OLDEST_REDIS_MAJOR) return ok('redis.version', name);
  return problem('redis.version', `${name}; 7.0 or later is needed`, 'Redis 7.0 or later, or Valkey');
}

function eviction({ allowEviction }: Config, { info }: RedisFacts): Finding {
  const name = 'redis.eviction';
  const policy = info('maxmemory_policy');
  if (policy === null)
    return warning(name, 'Redis does not say whether it evicts keys', 'make sure that it does not');
  if (policy === 'noeviction') return ok(name, 'maxmemory-policy noeviction');
  const fix = 'redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf';
  if (allowEviction) {
    return warning(
      name,
      `maxmemory-policy ${policy}: Redis may throw invites away, as INVITED_ALLOW_EVICTION=1 lets it`,
      fix,
    );
  }
  return problem(
    name,
    `maxmemory-policy ${policy}: Redis would throw invites away, so the start is refused`,
    fix,
  );
}

function memory({ info }: RedisFacts): Finding {
  const name = 'redis.memory';
  const [used, max, machine] = ['used_memory', 'maxmemory', 'total_system_memory'].map((field) =>
    Number(info(field) ?? 0),
  );
  const mib = (bytes = 0): string => `${(bytes / MIB).toFixed(1)} MiB`;
  if (used === undefined || max === undefined || machine === undefined || max === 0) {
    const found = `${mib(used)} used, no maxmemory`;
    if (machine === undefined || machine === 0 || (used ?? 0) < machine * MACHINE_SHARE)
      return ok(name, found);
    return warning(
      name,
      `${found}, and the machine has ${mib(machine)}: when that is used up, the system kills Redis`,
      'more memory, or redis-cli CONFIG SET maxmemory to what is left for it: changes then get 503, and reads go on',
    );
  }
  const share = used / max;
  const found = `${mib(used)} of ${mib(max)} (maxmemory) used`;
  const fix = `redis-cli CONFIG SET maxmemory ${Math.ceil((used * 2) / MIB)}mb or more, and the same in redis.conf`;
  if (share >= FULL) return problem(name, `${found}: changes get 503`, fix);
  return share >= NEARLY_FULL ? warning(name, found, fix) : ok(name, found);
}

function latency({ redisTimeoutMs }: Config, { answersMs }: RedisFacts): Finding {
  const name = 'redis.latency';
  const sorted = [...answersMs].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const [median, p99] = [at(0.5), at(0.99)];
  const found = `${sorted.length} round trips: median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
  if (p99 >= redisTimeoutMs) {
    return problem(
      name,
      `${found}; INVITED_REDIS_TIMEOUT_MS is ${redisTimeoutMs}`,
      'a Redis that is nearer or less busy',
    );
  }
  if (median < SLOW_MS) return ok(name, found);
  return warning(
    name,
    `${found}: every answer waits for at least one`,
    'a Redis that is nearer or less busy (redis-cli --latency)',
  );
}

function replication({ info, config }: RedisFacts): Finding {
  const name = 'redis.replication';
  if (info('role') !== 'master') {
    return problem(
      name,
      `this is a replica (its link to the primary is ${info('master_link_status') ?? 'unknown'}): it takes no changes`,
      'the address of the primary in INVITED_REDIS_URL',
    );
  }
  const replicas = Number(info('connected_slaves') ?? 0);
  const [wanted, good] = [
    Number(config('min-replicas-to-write') ?? 0),
    Number(info('min_slaves_good_slaves') ?? replicas),
  ];
  if (good < wanted) {
    return problem(
      name,
      `${good} replicas keep up, and min-replicas-to-write is ${wanted}: changes get 503`,
      'bring the replicas back, or redis-cli CONFIG SET min-replicas-to-write to fewer',
    );
  }
  return ok(name, replicas === 0 ? 'a primary without replicas' : `a primary with ${replicas} replicas`);
}

function cluster({ cluster: field }: RedisFacts): Finding {
  const name = 'redis.cluster';
  if (field === null)
    return warning(
      name,
      'CLUSTER INFO may not be asked',
      'the right to it for our user (ACL SETUSER … +cluster|info)',
    );
  const [state, slots] = [field('cluster_state') ?? 'unknown', field('cluster_slots_ok') ?? '0'];
  const found = `cluster of ${field('cluster_size') ?? '?'}: state ${state}, ${slots} of 16384 slots served`;
  if (state === 'ok' && slots === '16384') return ok(name, found);
  return problem(name, found, 'redis-cli --cluster check HOST:PORT, then --cluster fix');
}
