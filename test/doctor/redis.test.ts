// The doctor, on real Redis servers that are set up wrongly, each in its own way. He must name what is wrong and the setting that
// mends it, come to an end, and have changed nothing.

import { rm } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { type LocalRedis, startClusterRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { examined } from './world.js';

const KEPT = ['--appendonly', 'yes', '--appendfsync', 'everysec'];

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function redisWith(...args: readonly string[]): Promise<LocalRedis> {
  const redis = await startLocalRedis(args);
  cleanups.push(redis.stop);
  return redis;
}

/** Speaks to it as whoever set it up. */
async function asked<Result>(redis: LocalRedis, ask: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(redis.url, { maxRetriesPerRequest: 0 });
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

function urlAs({ port }: LocalRedis, user: string, password: string): string {
  return `redis://${user}:${password}@127.0.0.1:${port}`;
}

describe('a Redis', () => {
  it('that is as it should be has no finding but ok, and is not changed', async () => {
    const redis = await redisWith(...KEPT);
    const still = () =>
      asked(redis, async (client) => [
        await client.dbsize(),
        await client.function('LIST'),
        await client.config('GET', '*'),
      ]);
    const before = await still();
    const found = await examined({ INVITED_REDIS_URL: redis.url, INVITED_DURABILITY: 'everysec' });
    expect(found.unwell).toEqual([]);
    expect(found.of('redis.version')[0]).toMatch(/^ok: (Redis|Valkey) \d/);
    expect(found.of('redis.durability')).toEqual([
      'ok: appendonly yes, appendfsync everysec, as INVITED_DURABILITY=everysec wants it',
    ]);
    expect(found.of('redis.latency')[0]).toMatch(/50 round trips: median [\d.]+ ms, p99 [\d.]+ ms/);
    expect(found.of('redis.rights')).toEqual(['ok: the user default may do all that is needed']);
    expect(await still()).toEqual(before);
  });

  it('that evicts keys is a problem, or a risk that somebody takes', async () => {
    const redis = await redisWith(...KEPT, '--maxmemory-policy', 'allkeys-lru');
    const refused = await examined({ INVITED_REDIS_URL: redis.url });
    expect(refused.unwell).toEqual(['redis.eviction']);
    expect(refused.of('redis.eviction')[0]).toMatch(
      /^problem: .*allkeys-lru.* → redis-cli CONFIG SET maxmemory-policy noeviction/,
    );
    const taken = await examined({ INVITED_REDIS_URL: redis.url, INVITED_ALLOW_EVICTION: '1' });
    expect(taken.of('redis.eviction')[0]).toMatch(/^warning: .*INVITED_ALLOW_EVICTION=1/);
  });

  it('that keeps less than was declared is a problem, and otherwise a warning', async () => {
    const redis = await redisWith();
    const inEnv = (more: Readonly<Record<string, string>>) =>
      examined({ INVITED_REDIS_URL: redis.url, ...more });
    expect((await inEnv({ INVITED_DURABILITY: 'everysec' })).of('redis.durability')[0]).toMatch(
      /^problem: appendonly no: less than INVITED_DURABILITY=everysec.* → redis-cli CONFIG SET appendonly yes, redis-cli CONFIG SET appendfsync everysec/,
    );
    expect((await inEnv({})).of('redis.durability')[0]).toMatch(
      /^warning: appendonly no: .*everything is lost/,
    );
    expect((await inEnv({ INVITED_DURABILITY: 'cache' })).unwell).toEqual([]);
  });

  it('that syncs each second is not enough for always', async () => {
    const redis = await redisWith(...KEPT);
    const found = await examined({ INVITED_REDIS_URL: redis.url, INVITED_DURABILITY: 'always' });
    expect(found.of('redis.durability')[0]).toMatch(
      /^problem: .*appendfsync everysec: .* → .*appendfsync always/,
    );
  });

  it('whose memory is used up is a problem, with a bound that leaves room', async () => {
    const redis = await redisWith(...KEPT, '--maxmemory', '700kb');
    expect((await examined({ INVITED_REDIS_URL: redis.url })).of('redis.memory')[0]).toMatch(
      /^problem: [\d.]+ MiB of 0\.7 MiB \(maxmemory\) used: changes get 503 → redis-cli CONFIG SET maxmemory \d+mb/,
    );
  });

  it('whose last snapshot failed takes no changes, which is a problem', async () => {
    const redis = await redisWith(...KEPT, '--save', '3600', '1');
    const [, folder = ''] = await asked(redis, (client) => client.config('GET', 'dir'));
    await rm(String(folder), { recursive: true });
    await asked(redis, (client) => client.bgsave());
    await until('the snapshot failed', async () =>
      (await asked(redis, (client) => client.info('persistence'))).includes('rdb_last_bgsave_status:err'),
    );
    const found = await examined({ INVITED_REDIS_URL: redis.url });
    // Without it Redis would not end before it has made one.
    await asked(redis, (client) => client.config('SET', 'save', ''));
    expect(found.of('redis.persistence')).toEqual([
      expect.stringMatching(/^problem: the last snapshot failed, so Redis takes no changes → /),
    ]);
  });

  it('that is a replica is a problem; its primary is told of it', async () => {
    const primary = await redisWith(...KEPT, '--repl-diskless-sync-delay', '0');
    const replica = await redisWith(...KEPT, '--replicaof', '127.0.0.1', String(primary.port));
    await until(
      'the replica is there',
      async () => (await asked(primary, (client) => client.info('replication'))).includes('state=online'),
      20_000,
    );
    expect((await examined({ INVITED_REDIS_URL: replica.url })).of('redis.replication')[0]).toMatch(
      /^problem: this is a replica.* → the address of the primary in INVITED_REDIS_URL/,
    );
    expect((await examined({ INVITED_REDIS_URL: primary.url })).of('redis.replication')[0]).toMatch(
      /^ok: .* 1 replicas/,
    );
    await asked(primary, (client) => client.config('SET', 'min-replicas-to-write', '2'));
    expect((await examined({ INVITED_REDIS_URL: primary.url })).of('redis.replication')[0]).toMatch(
      /^problem: 1 replicas keep up, and min-replicas-to-write is 2/,
    );
  });

  it('that is a cluster is told by its state', async () => {
    const redis = await startClusterRedis(KEPT);
    cleanups.push(redis.stop);
    expect((await examined({ INVITED_REDIS_URL: redis.url })).of('redis.cluster')).toEqual([
      'ok: cluster of 1: state ok, 16384 of 16384 slots served',
    ]);
    await asked(redis, (client) => client.call('CLUSTER', 'DELSLOTS', '5'));
    await until('the cluster is not well', async () =>
      String(await asked(redis, (client) => client.call('CLUSTER', 'INFO'))).includes('cluster_state:fail'),
    );
    expect((await examined({ INVITED_REDIS_URL: redis.url })).of('redis.cluster')[0]).toMatch(
      /^problem: .*state fail, 16383 of 16384/,
    );
  });
});

describe('a Redis that does not let us in', () => {
  it('or is not there, is one problem with its reason, and ends soon', async () => {
    const redis = await redisWith(...KEPT);
    await asked(redis, (client) => client.config('SET', 'requirepass', 'right-canary'));
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        `redis://:wrong-canary@127.0.0.1:${redis.port}`,
        /WRONGPASS → the right user and password in INVITED_REDIS_URL/,
      ],
      [redis.url, /NOAUTH → a password in INVITED_REDIS_URL/],
      ['redis://127.0.0.1:1', /ECONNREFUSED → start Redis there/],
      ['unix:///no/such/redis.sock', /ENOENT → start Redis there/],
    ];
    for (const [url, expected] of cases) {
      const found = await examined({ INVITED_REDIS_URL: url });
      expect(found.unwell).toEqual(['redis']);
      expect(found.of('redis')[0]).toMatch(expected);
      expect(JSON.stringify(found.all)).not.toContain('canary');
    }
  });

  it('as it stands still, is given up', async () => {
    const redis = await redisWith(...KEPT);
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const found = await examined({ INVITED_REDIS_URL: redis.url });
      expect(found.unwell).toEqual(['redis']);
      expect(found.of('redis')[0]).toMatch(/^problem: Redis can't be used: no answer/);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
  });
});

describe('the rights of a user of Redis', () => {
  async function foundFor(...rules: readonly string[]) {
    const redis = await redisWith(...KEPT);
    await asked(redis, (client) => client.acl('SETUSER', 'app', 'on', '>pass-canary', ...rules));
    const found = await examined({ INVITED_REDIS_URL: urlAs(redis, 'app', 'pass-canary') });
    return { redis, found };
  }

  it('are named where they lack, and the rule that is named mends them', async () => {
    const { redis, found } = await foundFor('~other:*', '+@all', '-set', '-function', '-xadd');
    const [line = ''] = found.of('redis.rights');
    expect(line).toMatch(/^problem: the user app may not run .*, and may not use the keys invited:\*/);
    for (const command of ['set', 'xadd', 'function|load']) expect(line).toContain(`+${command}`);
    expect(line).not.toContain('+get');
    const [, rule = ''] = / → redis-cli ACL SETUSER app (.+)$/.exec(line) ?? [];
    await asked(redis, (client) => client.acl('SETUSER', 'app', ...rule.split(' ')));
    const again = await examined({ INVITED_REDIS_URL: urlAs(redis, 'app', 'pass-canary') });
    expect(again.unwell).toEqual([]);
    expect(JSON.stringify(again.all)).not.toContain('canary');
  });

  it('are known by halves where he may not ask for them', async () => {
    const { found } = await foundFor('~invited:*', '+@all', '-@admin', '+config|get');
    expect(found.of('redis.rights')[0]).toMatch(
      /^warning: the user app may read; .* → redis-cli ACL SETUSER app/,
    );
    const without = await foundFor('~invited:*', '+@all', '-@admin', '-fcall');
    expect(without.found.of('redis.rights')[0]).toMatch(
      /^problem: the user app may not run fcall → .*\+fcall/,
    );
  });

  it('are too few for anything without INFO', async () => {
    const { found } = await foundFor('~invited:*', '+@all', '-info');
    expect(found.of('redis')[0]).toMatch(/^problem: Redis can't be used: NOPERM → .*\+info/);
  });
});
