// The wrapper around every uWebSockets.js handler, with handlers that do their worst. A throw that reached uWebSockets.js
// would end this very process, and the whole file with it.

import { mkdtemp } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_CONTENT, type Reply, valueReply } from '../../src/http/reply.js';
import { open } from '../../src/http/route.js';
import { createRouter } from '../../src/http/router.js';
import { type Server, startServer } from '../../src/http/server.js';
import { loadUws } from '../../src/http/uws.js';
import { NO_PROXIES } from '../../src/invite/trusted-proxies.js';
import type { ListenOn } from '../../src/listen-on.js';
import { StartError } from '../../src/start-error.js';
import { removeFolder } from '../support/remove-folder.js';

class Outage extends Error {}

const bugs: unknown[] = [];
let release: () => void = () => {};

const routes = [
  open('GET', '/fine', async () => valueReply({ fine: true })),
  open('GET', '/throws', () => {
    throw new Error('canary');
  }),
  open('GET', '/rejects', async () => {
    throw new Error('canary');
  }),
  open('GET', '/throws-no-error', async () => {
    throw 'canary';
  }),
  open('GET', '/outage', async () => {
    throw new Outage('canary');
  }),
  open('GET', '/nothing', async () => undefined as unknown as Reply),
  open('GET', '/broken-header', async () => ({
    ...NO_CONTENT,
    lines: Symbol('no text') as unknown as string,
  })),
  open('GET', '/waits', async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return valueReply({ waited: true });
  }),
  open('POST', '/echo', async ({ json }) => valueReply(json), { body: 'json' }),
];

function start(listenOn: ListenOn, inFlightMax = 3): Promise<Server> {
  return startServer(loadUws(), {
    listenOn,
    portSetting: 'INVITED_PORT',
    sharesPort: false,
    hasSockets: false,
    cors: null,
    router: createRouter([{ bases: [''], routes }], () => false),
    inFlightMax,
    trustedProxies: NO_PROXIES,
    authenticator: { identify: () => ({ caller: null, toldAddress: null }) },
    rateLimits: null,
    isUnavailable: (error) => error instanceof Outage,
    onBug: (error) => bugs.push(error),
  });
}

let server: Server;
beforeAll(async () => {
  server = await start({ kind: 'tcp', host: '127.0.0.1', port: 0 });
});
afterAll(() => server.drain(1000));

interface Got {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

function get(path: string, socketPath?: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const at =
      socketPath === undefined ? { host: '127.0.0.1', port: new URL(server.address).port } : { socketPath };
    const request = httpRequest({ ...at, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, retryAfter: response.headers['retry-after'] }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

describe('the wrapper', () => {
  it.each(['/throws', '/rejects', '/throws-no-error'])(
    'answers 500 to a handler that %s, and tells nothing',
    async (path) => {
      const before = bugs.length;
      const { status, text } = await get(path);
      expect(status).toBe(500);
      expect(JSON.parse(text)).toEqual({ code: 'INTERNAL_SERVER_ERROR', message: expect.any(String) });
      expect(text).not.toContain('canary');
      expect(bugs).toHaveLength(before + 1);
      expect((await get('/fine')).status).toBe(200);
    },
  );

  it('answers 503 to an outage, and takes it for no bug', async () => {
    const before = bugs.length;
    const { status, text, retryAfter } = await get('/outage');
    expect([status, retryAfter]).toEqual([503, '1']);
    expect(text).not.toContain('canary');
    expect(bugs).toHaveLength(before);
  });

  it.each(['/nothing', '/broken-header'])('lives through an answer that is none: %s', async (path) => {
    const before = bugs.length;
    await get(path).catch(() => null);
    expect(bugs.length).toBeGreaterThan(before);
    expect((await get('/fine')).status).toBe(200);
  });

  it('answers 503 beyond the requests it may have under way, and serves again when they end', async () => {
    const releases: (() => void)[] = [];
    const waiting = [];
    for (let at = 0; at < 3; at += 1) {
      release = () => {};
      const before = release;
      waiting.push(get('/waits'));
      while (release === before) await new Promise((resolve) => setTimeout(resolve, 1));
      releases.push(release);
    }
    expect(await get('/fine')).toMatchObject({ status: 503, retryAfter: '1' });
    for (const one of releases) one();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await get('/fine')).status).toBe(200);
  });

  it('lives through clients who go away while their answer is made', async () => {
    const port = Number(new URL(server.address).port);
    for (let at = 0; at < 50; at += 1) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write('GET /fine HTTP/1.1\r\nHost: a\r\n\r\n');
          socket.write('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"a"');
          socket.destroy();
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve());
      });
    }
    expect((await get('/fine')).status).toBe(200);
  });
});

describe('listening', () => {
  it('says in one line that a port is in use', async () => {
    const port = Number(new URL(server.address).port);
    const second = start({ kind: 'tcp', host: '127.0.0.1', port });
    await expect(second).rejects.toThrow(StartError);
    await expect(second).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use or may not be used (INVITED_PORT).`,
    );
  });

  it('works on a Unix socket, too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invited-unix-'));
    const path = join(folder, 'public.sock');
    const onSocket = await start({ kind: 'unix', path, mode: 0o660 });
    expect(onSocket.address).toBe(`unix:${path}`);
    expect((await get('/fine', path)).status).toBe(200);
    await onSocket.drain(0);
    await removeFolder(folder);
  });
});
