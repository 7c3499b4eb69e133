// A Redis that is frozen, flushed of its scripts, cut off or gone: 503 with Retry-After, never another answer than the
// contract's, and right again as soon as Redis is. This file has a Redis of its own, to be cruel to.

import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept, createInvite, type Host, makeGuild, startHost, usesOf } from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake } from '../support/ids.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const TIMEOUT_MS = 300;

let redis: LocalRedis;
let host: Host;
beforeAll(async () => {
  redis = await startLocalRedis([]);
  host = await startHost({ INVITED_REDIS_URL: redis.url, INVITED_REDIS_TIMEOUT_MS: String(TIMEOUT_MS) });
});
afterAll(async () => {
  await host.stop();
  await redis.stop();
});

const isReady = async () => (await host.admin.get('/readyz')).status === 200;

async function makeInvite(maxUses = 0) {
  const guild = await makeGuild(host);
  return createInvite(host, guild.channelId, guild.ownerId, { max_uses: maxUses });
}

function expectUnavailable(answer: Awaited<ReturnType<Host['api']['get']>>): void {
  expectError(answer, 503, 'SERVICE_UNAVAILABLE');
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
}

describe('a Redis', () => {
  it('whose scripts were flushed gets them again, and nobody notices', async () => {
    const { code } = await makeInvite();
    const client = new Redis(redis.url);
    await client.script('FLUSH');
    await client.quit();
    expect((await accept(host, code, snowflake())).status).toBe(200);
    expect(await usesOf(host, code)).toBe(1);
  });

  it('that cuts every connection is connected to again', async () => {
    const { code } = await makeInvite();
    const client = new Redis(redis.url);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await client.quit();
    await until('Redis answers again', isReady);
    expect((await host.api.get(`/v1/invites/${code}`)).status).toBe(200);
  });

  it('that is frozen gives 503, and an accept that was under way resolves when it is sent again', async () => {
    const { code } = await makeInvite(5);
    const userId = snowflake();
    process.kill(redis.pid, 'SIGSTOP');
    try {
      expectUnavailable(await accept(host, code, userId));
      expectUnavailable(await host.api.get(`/v1/invites/${code}`));
      expectUnavailable(await host.admin.get('/readyz'));
      expect((await host.admin.get('/healthz')).status).toBe(200);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await until('Redis answers again', isReady);
    expect((await accept(host, code, userId)).status).toBe(200);
    expect(await usesOf(host, code)).toBe(1);
  });

  it('that is frozen lets no more wait than may, and refuses the others at once', async () => {
    const waitingMax = 3;
    const patient = await startHost({
      INVITED_REDIS_URL: redis.url,
      INVITED_REDIS_TIMEOUT_MS: '15000',
      INVITED_MAX_WAITING: String(waitingMax),
    });
    const guild = await makeGuild(patient);
    const { code } = await createInvite(patient, guild.channelId, guild.ownerId, {});
    const asked = 12;
    process.kill(redis.pid, 'SIGSTOP');
    let answers: Promise<readonly Awaited<ReturnType<typeof accept>>[]>;
    let refusedFirst = 0;
    try {
      const first = accept(patient, code, snowflake());
      // It is under way before the others come.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const others = Array.from({ length: asked }, () => accept(patient, code, snowflake()));
      for (const one of others) void one.then(({ status }) => (refusedFirst += status === 503 ? 1 : 0));
      await until('all beyond the bound are refused', async () => refusedFirst === asked - waitingMax);
      answers = Promise.all([first, ...others]);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    const refused = (await answers).filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(asked - waitingMax);
    for (const answer of refused) expectUnavailable(answer);
    expect(await usesOf(patient, code)).toBe(1 + waitingMax);
    await patient.stop();
  });

  it('that runs out of memory refuses what writes, still reads, and is right again with more', async () => {
    const { code } = await makeInvite();
    const client = new Redis(redis.url);
    await client.config('SET', 'maxmemory', '1');
    try {
      expectUnavailable(await accept(host, code, snowflake()));
      expect((await host.api.get(`/v1/invites/${code}`)).status).toBe(200);
      expect(await usesOf(host, code)).toBe(0);
    } finally {
      await client.config('SET', 'maxmemory', '0');
      await client.quit();
    }
    expect((await accept(host, code, snowflake())).status).toBe(200);
  });

  // The last one: it does not come back.
  it('that is gone gives 503 at once, and the server lives, telling nothing of codes or of Redis in its log', async () => {
    const { code } = await makeInvite();
    process.kill(redis.pid, 'SIGKILL');
    await until('Redis is missed', async () => !(await isReady()));
    for (let at = 0; at < 20; at += 1) {
      expectUnavailable(await accept(host, code, snowflake()));
      expectUnavailable(await host.api.get(`/v1/invites/${code}`));
    }
    expect((await host.admin.get('/healthz')).status).toBe(200);
    const output = host.server.output();
    for (const canary of [
      code,
      host.server.secret,
      host.server.gatewayKey,
      'evalsha',
      'EVALSHA',
      'redis.call',
    ]) {
      expect(output).not.toContain(canary);
    }
  });
});
