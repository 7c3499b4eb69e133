// Where the tests get their Redis: that the source is real, and that a useless Docker engine costs little time.

import { mkdtemp } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { startClusterRedis, startLocalRedis, startTestRedis } from '../support/redis.js';
import { removeFolder } from '../support/remove-folder.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function ask(url: string, command: string, ...args: readonly string[]): Promise<string> {
  const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    return String(await client.call(command, ...args));
  } finally {
    client.disconnect();
  }
}

/** A Docker engine that answers as `answer` does; its address as DOCKER_HOST wants it. */
async function engineThat(
  answer: RequestListener,
): Promise<{ readonly host: string; readonly asked: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-test-engine-'));
  const asked: string[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    answer(incoming, outgoing);
  });
  const path = join(folder, 'docker.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await removeFolder(folder);
  });
  return { host: `unix://${path}`, asked };
}

describe('Redis for the tests', () => {
  it('answers where the whole run was told it is', async () => {
    expect(await ask(inject('redisUrl'), 'PING')).toBe('PONG');
  });

  it('is the one that INVITED_TEST_REDIS_URL names, and that one is left running', async () => {
    const redis = await startTestRedis({ INVITED_TEST_REDIS_URL: inject('redisUrl') });
    expect(redis).toMatchObject({ url: inject('redisUrl'), source: 'INVITED_TEST_REDIS_URL' });
    await redis.stop();
    expect(await ask(inject('redisUrl'), 'PING')).toBe('PONG');
  });

  it('is a local one when no Docker engine is there', async () => {
    const redis = await startTestRedis({ DOCKER_HOST: 'unix:///no/such/docker.sock' });
    cleanups.push(redis.stop);
    expect(redis.source).toMatch(/^redis-server of this machine, port \d+ \(no Docker engine here\)$/);
    expect(await ask(redis.url, 'PING')).toBe('PONG');
  });

  it('is a local one, soon, when the Docker engine says nothing', async () => {
    const engine = await engineThat(() => {});
    const startedAt = performance.now();
    const redis = await startTestRedis({ DOCKER_HOST: engine.host });
    cleanups.push(redis.stop);
    expect(redis.source).toContain('no Docker engine answers');
    expect(engine.asked).toEqual(['GET /_ping']);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('is a local one when the Docker engine has no image and its pull fails', async () => {
    const engine = await engineThat((incoming, outgoing) => {
      if (incoming.url === '/_ping') outgoing.end('OK');
      // The engine says 200 before it knows whether it can pull.
      else if (incoming.method === 'POST') outgoing.end('{"error":"no route to the registry"}\n');
      else outgoing.writeHead(404).end();
    });
    const redis = await startTestRedis({
      DOCKER_HOST: engine.host,
      INVITED_TEST_REDIS_IMAGE: 'some/redis:1',
    });
    cleanups.push(redis.stop);
    expect(redis.source).toContain("has no image some/redis:1 and can't pull it");
    expect(engine.asked).toContain('POST /images/create?fromImage=some%2Fredis%3A1');
  });
});

describe('a Redis of its own', () => {
  it('takes settings, has the pid it says, and is gone after stop', async () => {
    const redis = await startLocalRedis(['--maxmemory-policy', 'allkeys-lru']);
    cleanups.push(redis.stop);
    expect(await ask(redis.url, 'CONFIG', 'GET', 'maxmemory-policy')).toContain('allkeys-lru');
    expect(await ask(redis.url, 'INFO', 'server')).toContain(`process_id:${redis.pid}\r\n`);
    await redis.stop();
    await expect(ask(redis.url, 'PING')).rejects.toThrow();
  });

  it('fails with the reason when its settings are wrong', async () => {
    await expect(startLocalRedis(['--no-such-setting', '1'])).rejects.toThrow(/no-such-setting/);
  });

  it('can be a cluster of one that serves every slot', async () => {
    const redis = await startClusterRedis();
    cleanups.push(redis.stop);
    const info = await ask(redis.url, 'CLUSTER', 'INFO');
    expect(info).toContain('cluster_state:ok');
    expect(info).toContain('cluster_slots_ok:16384');
    expect(await ask(redis.url, 'SET', '{any}key', 'value')).toBe('OK');
  });
});
