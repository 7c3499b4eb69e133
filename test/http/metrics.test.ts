// /metrics: what Prometheus is told, by any worker and at any time: while Postgres is away, while Redis is closed, and while Redis is
// gone. On servers of its own, whose figures no other test moves.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAMILIES, JOBS } from '../../src/run/metrics/families.js';
import {
  asService,
  createInvite,
  type Host,
  join,
  makeGuild,
  makeUser,
  startHost,
} from '../support/directory.js';
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

/** The value of a metric without labels, or of the only worker; null: it isn't told. */
async function metricOf(host: Host, name: string): Promise<number | null> {
  const value = new RegExp(`^${name}(?:\\{worker="1"\\})? (\\S+)$`, 'm').exec(await textOf(host))?.[1];
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

/** Of one series of a text; 0: it isn't there. */
function readingOf(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

const DOCS = new URL('../../docs/metrics.md', import.meta.url);

/** The table of the documentation: name, type and labels of each. */
function documented(): string[] {
  const rows = readFileSync(DOCS, 'utf8').matchAll(/^\| `(invited_\w+)` \| (\w+) \| (.*?) \|/gm);
  return [...rows].map(([, name, type, labels = '']) =>
    [name, type, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).join()].join(' '),
  );
}

onEachPostgres('/metrics', (database) => {
  let redis: LocalRedis;
  let host: Host;
  beforeAll(async () => {
    redis = await startLocalRedis(['--maxmemory', '1gb']);
    host = await startHost({
      INVITED_REDIS_URL: redis.url,
      INVITED_POSTGRES: 'on',
      INVITED_POSTGRES_URL: database().url,
      // Nobody listens there: all of it fails.
      INVITED_WEBHOOK_URLS: 'http://127.0.0.1:1/hook',
      INVITED_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
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
      invited_http_requests_total: 'counter',
      invited_http_request_duration_seconds: 'histogram',
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

  it('counts each request by what it asked for, how it was answered and what came of it', async () => {
    const guild = await makeGuild(host);
    const before = await textOf(host);
    const grown = (after: string, series: string): number =>
      readingOf(after, series) - readingOf(before, series);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 2 });
    const [first = '', second = '', third = ''] = snowflakes(3);
    for (const as of [first, first, second, third]) await host.api.post(`/api/v1/invites/${code}`, { as });
    await host.api.post('/v1/invites/nosuchcode', { as: first });
    await host.api.post('/api/v1/invites/nosuchcode');
    await host.api.get(`/api/v1/invites/${code}`);
    await host.api.get('/no/such/path');
    const after = await textOf(host);
    expect({
      accepts200: grown(after, 'invited_http_requests_total{verb="accept",status="200"}'),
      accepts404: grown(after, 'invited_http_requests_total{verb="accept",status="404"}'),
      accepts401: grown(after, 'invited_http_requests_total{verb="accept",status="401"}'),
      reads404: grown(after, 'invited_http_requests_total{verb="read",status="404"}'),
      none404: grown(after, 'invited_http_requests_total{verb="none",status="404"}'),
      accepted: grown(after, 'invited_outcomes_total{verb="accept",outcome="accepted"}'),
      already: grown(after, 'invited_outcomes_total{verb="accept",outcome="already"}'),
      unknown: grown(after, 'invited_outcomes_total{verb="accept",outcome="unknown_invite"}'),
      unauthorized: grown(after, 'invited_outcomes_total{verb="accept",outcome="unauthorized"}'),
      created: grown(after, 'invited_outcomes_total{verb="create",outcome="created"}'),
      timed: grown(after, 'invited_http_request_duration_seconds_count{verb="accept"}'),
      inAll: grown(after, 'invited_http_request_duration_seconds_bucket{verb="accept",le="+Inf"}'),
    }).toEqual({
      ...{ accepts200: 3, accepts404: 2, accepts401: 1, reads404: 1, none404: 1 },
      ...{ accepted: 2, already: 1, unknown: 2, unauthorized: 1, created: 1, timed: 6, inAll: 6 },
    });
    // The request that asks is under way itself.
    expect(after).toMatch(/^invited_http_requests_in_flight\{listener="admin"\} 1$/m);
    expect(after).toMatch(/^invited_http_requests_in_flight\{listener="public"\} 0$/m);
    // What isn't found is asked for once more in lower case, where that is another spelling.
    const asked = code === code.toLowerCase() ? 5 : 6;
    expect(grown(after, 'invited_redis_call_duration_seconds_count{script="accept"}')).toBe(asked);
    expect(grown(after, 'invited_batch_size_sum{script="accept"}')).toBe(asked);
  });

  it('has just the metrics that docs/metrics.md lists, with their types and labels, and promtool takes them', async () => {
    const { channelId, ownerId } = await makeGuild(host);
    const { code } = await createInvite(host, channelId, ownerId);
    await join(host, code, snowflake());
    const client = new Redis(redis.url, { protocol: 2 });
    // Redis was emptied: what tells of that is there only then.
    await client.flushall();
    client.disconnect();
    expect((await host.admin.get('/readyz')).status).toBe(503);
    await untilValue(host, 'invited_last_restore_timestamp_seconds', (value) => value !== null);
    await untilValue(host, 'invited_redis_memory_max_bytes', (value) => value !== null);
    const reader = await host.admin.get('/internal/v1/events?consumer=reader', asService());
    expect(reader.status).toBe(200);
    const text = await until('all are there', async () => {
      const now = await textOf(host);
      return FAMILIES.every(({ name }) => now.includes(`# TYPE ${name} `)) ? now : null;
    });
    const told = [...text.matchAll(/^# TYPE (invited_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
      const labels = new RegExp(`^${name}(?:_count)?(?:\\{(.*)\\})? `, 'm').exec(text)?.[1] ?? '';
      return [name, type, [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).join()].join(' ');
    });
    expect(told.sort()).toEqual(documented().sort());

    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    // Not everybody has it. 0: all is well; 3: all can be read, but it doesn't like some names, which are those of prom-client.
    if (checked.error !== undefined) return;
    expect([0, 3], checked.stderr).toContain(checked.status);
    expect(checked.stderr).not.toContain('invited_');
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

/** The names of what the jobs processes tell. */
async function toldByJobs(host: Host): Promise<readonly string[]> {
  const lines = await textOf(host);
  const names = Object.values(JOBS).map(({ name }) => name);
  return names.filter((name) => new RegExp(`^${name}[ {]`, 'm').test(lines));
}

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

  it('tells what the workers count, and nothing of the jobs, while Redis is frozen or gone', async () => {
    process.kill(redis.pid, 'SIGSTOP');
    try {
      expect(await toldByJobs(host)).toEqual([]);
      expect(await metricOf(host, 'invited_redis_up')).toBe(0);
      expect(await metricOf(host, 'process_resident_memory_bytes')).toBeGreaterThan(0);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await untilValue(host, 'invited_recovery_state', (value) => value !== null);
    process.kill(redis.pid, 'SIGKILL');
    expect((await host.admin.get('/readyz')).status).toBe(503);
    await until('it is gone', async () => (await toldByJobs(host)).length === 0);
    expect(await textOf(host)).toMatch(/^invited_http_requests_total\{verb="metrics",status="200"\} [1-9]/m);
    expect(await textOf(host)).toMatch(
      /^invited_redis_call_failures_total\{script="\S+",kind="(unknown|down)"\} [1-9]/m,
    );
    expect(await metricOf(host, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  });
});
