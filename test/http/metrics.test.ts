// /metrics: what Prometheus is told, by any worker and at any time: while Postgres is away, while Redis is closed, and while Redis is
// gone. On servers of its own, whose figures no other test moves.

import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInvite, type Host, join, makeGuild, makeUser, startHost } from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake, snowflakes } from '../support/ids.js';
import { onEachPostgres } from '../support/postgres.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const START_MAX_MS = 60_000;
const SOON_MS = 15_000;
const DEAD_POSTGRES = 'postgres://nobody@127.0.0.1:1/nothing';

async function textOf(host: Host): Promise<string> {
  const answer = await host.admin.get('/metrics');
  expect(answer.status, answer.text).toBe(200);
  return answer.text;
}

/** The value of a metric without labels; null: it isn't told. */
async function metricOf(host: Host, name: string): Promise<number | null> {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(await textOf(host))?.[1];
  return value === undefined ? null : Number(value);
}

const untilValue = (host: Host, name: string, isRight: (value: number | null) => boolean) =>
  until(
    `${name} is right`,
    async () => {
      const value = await metricOf(host, name);
      return isRight(value) ? { value } : null;
    },
    SOON_MS,
  );

onEachPostgres('/metrics', (database) => {
  let redis: LocalRedis;
  let host: Host;
  beforeAll(async () => {
    redis = await startLocalRedis([]);
    host = await startHost({
      INVITED_REDIS_URL: redis.url,
      INVITED_POSTGRES: 'on',
      INVITED_POSTGRES_URL: database().url,
    });
  }, START_MAX_MS);
  afterAll(async () => {
    await host.stop();
    await redis.stop();
  });

  it('tells each figure of the copy, and those of the process, in the form of Prometheus', async () => {
    await untilValue(host, 'invited_recovery_state', (value) => value === 0);
    await untilValue(host, 'invited_postgres_up', (value) => value === 1);
    await untilValue(host, 'invited_snapshot_last_success_timestamp_seconds', (value) => value !== null);
    const answer = await host.admin.get('/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    const types = Object.fromEntries(
      [...answer.text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]),
    );
    expect(types).toMatchObject({
      invited_dirty_entities: 'gauge',
      invited_stream_entries: 'gauge',
      invited_snapshot_lag_seconds: 'gauge',
      invited_snapshot_rows_total: 'counter',
      invited_snapshot_rows_per_second: 'gauge',
      invited_snapshot_last_success_timestamp_seconds: 'gauge',
      invited_snapshot_damaged_total: 'counter',
      invited_postgres_up: 'gauge',
      invited_recovery_state: 'gauge',
      invited_restores_total: 'counter',
      process_cpu_seconds_total: 'counter',
      process_resident_memory_bytes: 'gauge',
      nodejs_eventloop_lag_seconds: 'gauge',
    });
    for (const line of answer.text.split('\n').filter((text) => text !== '')) {
      expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|[a-z0-9_]+(\{[^}]*\})? [-+0-9.eNaInf]+)$/);
    }
    const success = await metricOf(host, 'invited_snapshot_last_success_timestamp_seconds');
    expect(Math.abs(Date.now() / 1000 - (success ?? 0))).toBeLessThan(60);
    expect(await metricOf(host, 'invited_snapshot_damaged_total')).toBe(0);
    expect(await metricOf(host, 'invited_restores_total')).not.toBeNull();
  });

  it('counts the rows that are written, and tells that nothing is left to write', async () => {
    const before =
      (await untilValue(host, 'invited_snapshot_rows_total', (value) => value !== null)).value ?? 0;
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await Promise.all(snowflakes(20).map((userId) => join(host, code, userId)));
    // A guild, a channel, its owner and an invite; of each join a row, and one of its member.
    await untilValue(host, 'invited_snapshot_rows_total', (value) => (value ?? 0) >= before + 44);
    await untilValue(host, 'invited_dirty_entities', (value) => value === 0);
    await untilValue(host, 'invited_snapshot_lag_seconds', (value) => value === 0);
    expect(await metricOf(host, 'invited_stream_entries')).toBeGreaterThan(1);
    expect(await textOf(host)).not.toContain(code);
  });

  it('needs nobody, and is on the admin listener alone', async () => {
    for (const call of [{ as: snowflake() }, { headers: { Authorization: 'Bearer nonsense' } }]) {
      expect((await host.admin.get('/metrics', call)).status).toBe(200);
    }
    const head = await host.admin.head('/metrics');
    expect([head.status, head.text]).toEqual([200, '']);
    expectError(await host.api.get('/metrics'), 404, 'NOT_FOUND');
    expectError(await host.admin.post('/metrics'), 405, 'METHOD_NOT_ALLOWED');
    expectError(await host.admin.get('/metrics/'), 404, 'NOT_FOUND');
  });
});

describe('/metrics in an outage', () => {
  let redis: LocalRedis;
  let host: Host;
  let client: Redis;
  beforeAll(async () => {
    redis = await startLocalRedis([]);
    client = new Redis(redis.url, { protocol: 2 });
    // A Redis that served before: it goes on without Postgres.
    await client.set('invited:{0}:epoch', 'served before');
    host = await startHost({
      INVITED_REDIS_URL: redis.url,
      INVITED_POSTGRES: 'on',
      INVITED_POSTGRES_URL: DEAD_POSTGRES,
    });
  }, START_MAX_MS);
  afterAll(async () => {
    client.disconnect();
    await host.stop();
    await redis.stop();
  });

  it('tells that Postgres is away, what waits for it, and for how long it has', async () => {
    const marks = 'invited_dirty_entities';
    await untilValue(host, 'invited_postgres_up', (value) => value === 0);
    const before = (await untilValue(host, marks, (value) => value !== null)).value ?? 0;
    await makeUser(host);
    await untilValue(host, marks, (value) => value === before + 1);
    // Nothing but a mark, which has no time of its own.
    const lag =
      (await untilValue(host, 'invited_snapshot_lag_seconds', (value) => (value ?? 0) > 0)).value ?? 0;
    await untilValue(host, 'invited_snapshot_lag_seconds', (value) => (value ?? 0) > lag);
    const guild = await makeGuild(host);
    await createInvite(host, guild.channelId, guild.ownerId);
    await untilValue(host, 'invited_stream_entries', (value) => value === 1);
    expect(await metricOf(host, 'invited_snapshot_rows_total')).toBe(0);
  });

  it('tells that Redis is closed, and not what can not be read in it then', async () => {
    await client.flushall();
    await untilValue(host, 'invited_recovery_state', (value) => value === 1);
    expect(await metricOf(host, 'invited_dirty_entities')).toBeNull();
    expect((await host.admin.get('/readyz')).status).toBe(503);
  });

  it('tells of its own process alone while Redis is frozen or gone', async () => {
    process.kill(redis.pid, 'SIGSTOP');
    try {
      expect(await textOf(host)).not.toContain('invited_');
      expect(await metricOf(host, 'process_resident_memory_bytes')).toBeGreaterThan(0);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await untilValue(host, 'invited_recovery_state', (value) => value !== null);
    process.kill(redis.pid, 'SIGKILL');
    await until('it is gone', async () => !(await textOf(host)).includes('invited_'));
    expect(await metricOf(host, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  });
});
