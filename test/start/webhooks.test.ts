// Webhooks through the program: that it starts with them, tells of them and ends in time; and `invited webhooks` on a Redis.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/secret.js';
import { createStore } from '../../src/store/store.js';
import { targetOf } from '../../src/webhooks/target.js';
import { startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { Receiver, SECRET as WEBHOOK_SECRET } from '../webhooks/world.js';
import { afterwards, cleanUp, ROOT, startProgram } from './program.js';

const SOON_MS = 20_000;

afterEach(cleanUp, SOON_MS);

async function receiver(): Promise<Receiver> {
  const started = await Receiver.start();
  afterwards(() => started.stop());
  return started;
}

/** A Redis that serves, with a client of it. */
async function servingRedis() {
  const server = await startLocalRedis([]);
  const client = new Redis(server.url, { protocol: 2 });
  afterwards(async () => {
    await client.quit();
    await server.stop();
  });
  await client.set('invited:{0}:epoch', 'tests');
  return { url: server.url, store: createStore(client, { isCluster: false, waitingMax: 100 }) };
}

/** Runs `invited webhooks` and gives what it ended with. */
async function command(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('INVITED_'));
  return promisify(execFile)(process.execPath, [join(ROOT, 'dist', 'main.js'), 'webhooks', ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout,
      err: error.stderr,
    }),
  );
}

describe('a server with webhooks', () => {
  it('starts, tells their figures, ends in time, and says nothing of the secret or a query', async () => {
    const { url, store } = await servingRedis();
    const to = await receiver();
    await store.deadLetters.put({
      ...{ consumer: 'webhook:1', url: 'http://one.example/', eventId: '1-0', type: 'T', guildId: null },
      ...{ json: '{}', attempts: 1, reason: 'timed out' },
    });
    const program = await startProgram({
      env: {
        INVITED_REDIS_URL: url,
        INVITED_WEBHOOK_URLS: `${to.url}?token=canary`,
        INVITED_WEBHOOK_SECRET: WEBHOOK_SECRET.reveal(),
        INVITED_LOG_LEVEL: 'debug',
      },
    });
    const { adminUrl } = await program.ready();
    const text = await until(
      'the figures are told',
      async () => {
        const told = await (await fetch(`${adminUrl}/metrics`)).text();
        return /^invited_webhook_dead_letters 1$/m.test(told) ? told : null;
      },
      SOON_MS,
    );
    expect(text).toMatch(/^invited_webhook_deliveries_total\{outcome="delivered"\} \d+$/m);
    const startedAt = performance.now();
    program.signal('SIGTERM');
    const { code, out, err } = await program.ended();
    expect([code, performance.now() - startedAt < 12_000]).toEqual([0, true]);
    expect(out + err).not.toMatch(/canary|whsec/);
    expect(out + err).not.toContain(WEBHOOK_SECRET.reveal().slice('whsec_'.length));
  }, 60_000);
});

describe('invited webhooks', () => {
  it('lists dead letters, sends them again, and takes away what was delivered', async () => {
    const { url, store } = await servingRedis();
    const to = await receiver();
    const whole = `${to.url}?token=canary`;
    const { consumer, shown } = targetOf(new Secret(whole));
    for (const eventId of ['1-0', '2-0']) {
      await store.deadLetters.put({
        ...{ consumer, url: shown, eventId, type: 'INVITE_ACCEPT', guildId: '7' },
        ...{ json: `{"id":"${eventId}","guild_id":"7"}`, attempts: 10, reason: 'status 500' },
      });
    }
    // Without Postgres, which it doesn't need.
    const env = {
      INVITED_REDIS_URL: url,
      INVITED_POSTGRES: 'off',
      INVITED_WEBHOOK_URLS: whole,
      INVITED_WEBHOOK_SECRET: WEBHOOK_SECRET.reveal(),
    };
    const listed = await command(env, 'list', '--json');
    expect(
      listed.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ id: '1-0', url: to.url, event: { guild_id: '7' } }, { id: '2-0' }]);
    const { INVITED_WEBHOOK_URLS: _, ...without } = env;
    expect(await command(without, 'replay', '--all')).toMatchObject({
      ...{ code: 1, out: '0 delivered, 2 left.\n' },
      err: expect.stringContaining('has its URL no more'),
    });
    expect(await command(env, 'replay', '--id', '2-0')).toMatchObject({
      code: 0,
      out: '1 delivered, 0 left.\n',
    });
    expect((await command(env, 'list')).out.split('\n').length).toBe(3);
    expect(await command(env, 'replay', '--all')).toEqual({
      code: 0,
      out: '1 delivered, 0 left.\n',
      err: '',
    });
    expect(await command(env, 'list')).toMatchObject({ code: 0, out: 'No dead letters.\n' });
    expect(to.taken).toEqual(['2-0', '1-0']);
    expect(to.arrivals[0]?.headers['user-agent']).toMatch(/^invited\/\d+\.\d+\.\d+/);
  }, 60_000);

  it('ends with 2 for wrong arguments, and where there is no Redis', async () => {
    const env = { INVITED_REDIS_URL: 'redis://127.0.0.1:1' };
    expect(await command(env, 'replay')).toMatchObject({ code: 2, out: '' });
    const { code, err } = await command(env, 'list');
    expect([code, err.split('\n').length]).toEqual([2, 2]);
    expect(err).toMatch(/^Could not list: /);
  }, 60_000);
});
