// One attempt, against receivers that answer in every way one can answer badly; its signature, and what is said of a failure.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/secret.js';
import { createSend, type Sent } from '../../src/webhooks/send.js';
import { createSign } from '../../src/webhooks/sign.js';
import { targetOf } from '../../src/webhooks/target.js';
import { Receiver, SECRET } from './world.js';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function receiver(...args: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const started = await Receiver.start(...args);
  cleanups.push(() => started.stop());
  return started;
}

const EVENT = { id: '1700000000000-0.2', json: '{"guild_id":"1","name":"é 🎉"}' };
const NEVER = new AbortController().signal;

function send(url: string, changes: { timeoutMs?: number; aborting?: AbortSignal } = {}): Promise<Sent> {
  return createSend({
    ...{ url: new Secret(url), sign: createSign(SECRET), userAgent: 'invited/1.2.3' },
    timeoutMs: changes.timeoutMs ?? 5000,
  })(EVENT, changes.aborting ?? NEVER);
}

const failed = (reason: string, leastPauseMs = 0) => ({ outcome: 'failed', reason, leastPauseMs });

describe('the signature', () => {
  const atMs = Date.now();
  const headers = createSign(SECRET)(EVENT.id, EVENT.json, atMs);

  it('is what the standardwebhooks package verifies', () => {
    expect(new Webhook(SECRET.reveal()).verify(EVENT.json, headers)).toEqual(JSON.parse(EVENT.json));
    expect(headers['webhook-timestamp']).toBe(String(Math.floor(atMs / 1000)));
  });

  it.each([
    ['another body', `${EVENT.json} `, headers],
    ['another id', EVENT.json, { ...headers, 'webhook-id': '1-0' }],
    ['another time', EVENT.json, { ...headers, 'webhook-timestamp': String(Math.floor(atMs / 1000) + 1) }],
    ['an old time', EVENT.json, createSign(SECRET)(EVENT.id, EVENT.json, atMs - 600_000)],
    [
      'another secret',
      EVENT.json,
      createSign(new Secret(`whsec_${Buffer.alloc(24).toString('base64')}`))(EVENT.id, EVENT.json, atMs),
    ],
  ])('holds for nothing else: %s', (_, json, tried) => {
    expect(() => new Webhook(SECRET.reveal()).verify(json, tried)).toThrow();
  });
});

describe('a target', () => {
  it('has a name by its whole URL, and shows no query', () => {
    const one = targetOf(new Secret('https://one.example/hook?token=canary#part'));
    const two = targetOf(new Secret('https://one.example/hook?token=other'));
    expect(one.shown).toBe('https://one.example/hook');
    expect(one.consumer).toMatch(/^webhook:[0-9a-f]{16}$/);
    expect(one.consumer).not.toBe(two.consumer);
    expect(JSON.stringify(one)).not.toContain('canary');
  });
});

describe('an attempt', () => {
  it('is one signed POST of the event', async () => {
    const to = await receiver();
    expect(await send(`${to.url}?token=1`)).toEqual({ outcome: 'delivered' });
    const [arrival] = to.arrivals;
    expect(arrival?.body).toBe(EVENT.json);
    expect(arrival?.headers).toMatchObject({
      ...{ 'content-type': 'application/json', 'user-agent': 'invited/1.2.3', 'webhook-id': EVENT.id },
    });
    const verified = new Webhook(SECRET.reveal()).verify(
      arrival?.body ?? '',
      arrival?.headers as Record<string, string>,
    );
    expect(verified).toEqual(JSON.parse(EVENT.json));
  });

  it.each([200, 201, 202, 204, 299])('succeeds with %i', async (status) => {
    const to = await receiver(() => status);
    expect(await send(to.url)).toEqual({ outcome: 'delivered' });
  });

  it.each([400, 404, 410, 500, 503])('fails with %i', async (status) => {
    const to = await receiver(() => status);
    expect(await send(to.url)).toEqual(failed(`status ${status}`));
  });

  it.each([301, 302, 307, 308])('follows no redirect: %i', async (status) => {
    const other = await receiver();
    const to = await receiver((_, response) => {
      response.writeHead(status, { location: other.url }).end();
      return null;
    });
    expect(await send(to.url)).toEqual(failed(`redirect ${status}`));
    expect(other.arrivals).toEqual([]);
  });

  it.each([
    [429, '12', 12_000],
    [503, '301', 300_000],
    [503, '-1', 0],
    [503, '1.5', 0],
    [429, 'Fri, 31 Dec 2100 23:59:59 GMT', 0],
    [500, '12', 0],
  ])('tells of the pause that is asked for: %i, %s', async (status, retryAfter, leastPauseMs) => {
    const to = await receiver((_, response) => {
      response.writeHead(status, { 'retry-after': retryAfter }).end();
      return null;
    });
    expect(await send(to.url)).toEqual(failed(`status ${status}`, leastPauseMs));
  });

  it('fails when there is no answer in time', async () => {
    const to = await receiver(() => null);
    expect(await send(to.url, { timeoutMs: 50 })).toEqual(failed('timed out'));
  });

  it('fails when it is cut off, also before it began', async () => {
    const to = await receiver(() => null);
    const aborting = new AbortController();
    const sent = send(to.url, { aborting: aborting.signal });
    setTimeout(() => aborting.abort(), 30);
    expect(await sent).toEqual(failed('cut off'));
    expect(await send(to.url, { aborting: aborting.signal })).toEqual(failed('cut off'));
  });

  it('reads no more of an answer than it needs, however much there is', async () => {
    let written = 0;
    const to = await receiver((_, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(65_536, 'x');
      const write = (): void => {
        while (!response.destroyed && written < 1e9) {
          written += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', write);
            return;
          }
        }
      };
      write();
      return null;
    });
    expect(await send(to.url)).toEqual({ outcome: 'delivered' });
    expect(written).toBeLessThan(50e6);
  });

  it('waits no longer for the rest of an answer than for the answer', async () => {
    const to = await receiver((_, response) => {
      response.writeHead(200).write('a');
      return null;
    });
    const startedAt = performance.now();
    expect(await send(to.url, { timeoutMs: 100 })).toEqual({ outcome: 'delivered' });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('uses a connection again', async () => {
    let connections = 0;
    const server = createServer((request, response) =>
      request.resume().once('end', () => response.end('ok')),
    );
    server.on('connection', () => {
      connections += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (let at = 0; at < 10; at += 1) expect(await send(url)).toEqual({ outcome: 'delivered' });
    // The next request may come before the last connection is free.
    expect(connections).toBeLessThanOrEqual(3);
  });

  it('says in a word why there is no connection, and nothing of the URL or the secret', async () => {
    const server = createTcpServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const hungUp = await send(`http://127.0.0.1:${port}/?canary`);
    await new Promise((resolve) => server.close(resolve));
    const refused = await send(`http://127.0.0.1:${port}/?canary`);
    expect(refused).toEqual(failed('ECONNREFUSED'));
    expect(hungUp).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/^[A-Z_]+$/) });
    expect(JSON.stringify([hungUp, refused])).not.toMatch(/canary|whsec/);
    expect(await send('http://127.0.0.1:6000/')).toEqual(failed('no connection'));
  });
});
