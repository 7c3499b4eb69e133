// Requests below HTTP libraries: cut at every byte, in chunks, malformed, aborted. A whole request is answered whole,
// anything else does nothing, and no bytes end the server.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, raw, signToken } from '../support/client.js';
import {
  createInvite,
  type Host,
  isMember,
  makeGuild,
  startHost,
  type TestGuild,
  usesOf,
} from '../support/directory.js';
import { snowflake, snowflakes } from '../support/ids.js';
import { until } from '../support/until.js';

const AT_ONCE_MAX = 40;
const CONNECTION_MAX_MS = 5_000;

let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host);
});
afterAll(() => host.stop());
afterEach(async () => {
  expect((await host.admin.get('/readyz')).status).toBe(200);
});

async function requestOf(
  method: string,
  path: string,
  as?: string,
  body?: string,
  more = '',
): Promise<string> {
  const token =
    as === undefined ? '' : `Authorization: Bearer ${await signToken(host.server.secret, { sub: as })}\r\n`;
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: invited.test\r\n${token}${length}${more}\r\n${body ?? ''}`;
}

/** Runs so many things, a bounded number of them at once. */
async function each(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await run(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE_MAX }, worker));
}

async function liveInvites(of: TestGuild): Promise<number> {
  const list = await host.api.get(`/api/v1/guilds/${of.id}/invites`, { as: of.ownerId });
  return list.list().length;
}

describe('a request cut at every byte is answered as if it were whole', () => {
  it('GET of an invite', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const request = await requestOf('GET', `/api/v1/invites/${code}?with_counts=true`, guild.ownerId);
    const whole = await raw(host.server.url, [request]);
    expect(whole.status).toBe(200);
    await each(request.length - 1, async (index) => {
      const answer = await raw(host.server.url, [request.slice(0, index + 1), request.slice(index + 1)]);
      expect({ index, status: answer.status, body: answer.body }).toEqual({
        index,
        status: 200,
        body: whole.body,
      });
    });
  });

  it('POST of an invite, with a body', async () => {
    const own = await makeGuild(host);
    const body = '{"max_age":600,"max_uses":42,"temporary":true,"x":"é"}';
    const path = `/api/v1/channels/${own.channelId}/invites`;
    const request = Buffer.from(await requestOf('POST', path, own.ownerId, body));
    await each(request.length - 1, async (index) => {
      const chunks = [request.subarray(0, index + 1), request.subarray(index + 1)];
      const answer = await raw(host.server.url, chunks);
      expect({ index, status: answer.status }).toEqual({ index, status: 200 });
      expect(JSON.parse(answer.body)).toMatchObject({ max_age: 600, max_uses: 42, temporary: true });
    });
    expect(await liveInvites(own)).toBe(request.length - 1);
  });

  it('POST of an accept, of which each takes one use', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const path = `/api/v1/invites/${code}`;
    const { length } = await requestOf('POST', path, snowflake(), '{}');
    await each(length - 1, async (index) => {
      const request = await requestOf('POST', path, snowflake(), '{}');
      const answer = await raw(host.server.url, [request.slice(0, index + 1), request.slice(index + 1)]);
      expect({ index, status: answer.status }).toEqual({ index, status: 200 });
      expect(JSON.parse(answer.body)).toMatchObject({ code, new_member: true });
    });
    expect(await usesOf(host, code)).toBe(length - 1);
  });

  it('all three in single bytes', async () => {
    const own = await makeGuild(host);
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const requests = [
      await requestOf('GET', `/api/v1/invites/${code}`),
      await requestOf('POST', `/api/v1/channels/${own.channelId}/invites`, own.ownerId, '{"max_uses":3}'),
      await requestOf('POST', `/api/v1/invites/${code}`, snowflake(), '{"a":1}'),
    ];
    const answers = await Promise.all(requests.map((request) => raw(host.server.url, [...request])));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect([await usesOf(host, code), await liveInvites(own)]).toEqual([1, 2]);
  });

  it('a chunked body', async () => {
    const own = await makeGuild(host);
    const head = await requestOf(
      'POST',
      `/api/v1/channels/${own.channelId}/invites`,
      own.ownerId,
      undefined,
      'Transfer-Encoding: chunked\r\n',
    );
    const body = '6\r\n{"max_\r\n9\r\nuses":42}\r\n0\r\n\r\n';
    await each(body.length - 1, async (index) => {
      const chunks = [head + body.slice(0, index + 1), body.slice(index + 1)];
      const answer = await raw(host.server.url, chunks);
      expect({ index, status: answer.status }).toEqual({ index, status: 200 });
      expect(JSON.parse(answer.body)).toMatchObject({ max_uses: 42 });
    });
    expect(await liveInvites(own)).toBe(body.length - 1);
  });
});

describe('what is no request', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['zero bytes', '\u0000'.repeat(100)],
    ['empty lines', '\r\n'.repeat(100)],
    ['a request line without a version', 'GET /api/v1/invites/abc\r\n\r\n'],
    ['a version that is none', 'GET /api/v1/invites/abc HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['line feeds alone', 'GET /api/v1/invites/abc HTTP/1.1\nHost: x\n\n'],
    ['a header without a colon', 'GET /api/v1/invites/abc HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['a space before the colon', 'GET /api/v1/invites/abc HTTP/1.1\r\nHost : x\r\n\r\n'],
    ['a header of 1 MB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(1_000_000)}\r\n\r\n`],
    ['10,000 headers', `GET / HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(10_000)}\r\n`],
    ['a path of 1 MB', `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['half a request', 'POST /api/v1/invites/abc HTTP/1.1\r\nHost: x\r\nContent-Le'],
  ])('gets no success and does no harm: %s', async (_name, bytes) => {
    for (const url of [host.server.url, host.server.adminUrl]) {
      expect(await everythingAfter(url, bytes)).not.toMatch(/HTTP\/1\.1 [25]\d\d/);
    }
  });

  it.each([
    ['both a length and a transfer encoding', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '{}'],
    ['the same in the other order', 'Transfer-Encoding: chunked\r\nContent-Length: 2\r\n', '{}'],
    ['two lengths that differ', 'Content-Length: 2\r\nContent-Length: 5\r\n', '{}   '],
    ['a length with a sign', 'Content-Length: +2\r\n', '{}'],
    ['a negative length', 'Content-Length: -2\r\n', '{}'],
    ['a length in hexadecimal', 'Content-Length: 0x2\r\n', '{}'],
    ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size beyond all', 'Transfer-Encoding: chunked\r\n', `${'f'.repeat(17)}\r\n{}\r\n0\r\n\r\n`],
    ['a negative chunk size', 'Transfer-Encoding: chunked\r\n', '-2\r\n{}\r\n0\r\n\r\n'],
  ])('makes no invite: %s', async (_name, headers, body) => {
    const own = await makeGuild(host);
    const head = await requestOf(
      'POST',
      `/api/v1/channels/${own.channelId}/invites`,
      own.ownerId,
      undefined,
      headers,
    );
    expect(await everythingAfter(host.server.url, head + body)).not.toMatch(/HTTP\/1\.1 [25]\d\d/);
    expect(await liveInvites(own)).toBe(0);
  });
});

describe('a connection that ends early', () => {
  it('does nothing by a request that is not whole', async () => {
    const own = await makeGuild(host);
    const body = '{"max_uses":1}';
    const request = await requestOf('POST', `/api/v1/channels/${own.channelId}/invites`, own.ownerId, body);
    await each(request.length, async (index) => hangUpAfter(host.server.url, request.slice(0, index)));
    expect(await liveInvites(own)).toBe(0);
  });

  it('after a whole accept leaves the sum as it must be', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const users = snowflakes(150);
    await each(users.length, async (index) => {
      await hangUpAfter(
        host.server.url,
        await requestOf('POST', `/api/v1/invites/${code}`, users[index], '{}'),
      );
    });
    // What was under way when the connection ended may still be done; then both numbers are one.
    await until('uses and members are the same', async () => {
      const uses = await usesOf(host, code);
      const joined = await Promise.all(users.map((user) => isMember(host, guild.id, user)));
      return joined.filter(Boolean).length === uses;
    });
    const last = snowflake();
    expect((await host.api.post(`/api/v1/invites/${code}`, { as: last })).object()).toMatchObject({
      new_member: true,
    });
  });

  it('in the middle of an import leaves a server that imports', async () => {
    const token = await signToken(host.server.secret, { sub: '1', role: 'service' });
    const head =
      `POST /internal/v1/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
      'Content-Length: 1000000\r\n\r\n';
    const line = (id: string): string => `{"put":"user","id":"${id}","username":"x","discriminator":1}\n`;
    await each(20, async () => hangUpAfter(host.server.adminUrl, head + snowflakes(200).map(line).join('')));
    const answer = await host.admin.post('/internal/v1/import', {
      as: '1',
      role: 'service',
      body: line(snowflake()),
    });
    expect(answer.json()).toEqual({ applied: 1, failed: [], failed_total: 0 });
  });
});

it('two accepts in one packet leave the sum as it must be', async () => {
  const { code } = await createInvite(host, guild.channelId, guild.ownerId);
  const users = snowflakes(2);
  const path = `/api/v1/invites/${code}`;
  const requests = await Promise.all(users.map((user) => requestOf('POST', path, user, '{}')));
  const first: RawAnswer = await raw(host.server.url, [requests.join('')]);
  expect([0, 200]).toContain(first.status);
  await until('uses and members are the same', async () => {
    const joined = await Promise.all(users.map((user) => isMember(host, guild.id, user)));
    const uses = await usesOf(host, code);
    if (first.status === 200 && uses === 0) return false;
    return joined.filter(Boolean).length === uses;
  });
});

it('one connection serves 300 requests, good and bad ones', async () => {
  const { code } = await createInvite(host, guild.channelId, guild.ownerId);
  const socket = connect({ port: Number(new URL(host.server.url).port), host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const requests = [
    [await requestOf('GET', `/api/v1/invites/${code}`), 200],
    [await requestOf('GET', '/api/v1/invites/a.b'), 404],
    [await requestOf('GET', `/api/v1/guilds/${guild.id}/invites`), 401],
    [await requestOf('POST', `/api/v1/channels/${guild.channelId}/invites`, guild.ownerId, '{'), 400],
    [await requestOf('PUT', `/api/v1/invites/${code}`, undefined, '{}'), 405],
    [await requestOf('POST', `/api/v1/invites/${code}`, guild.ownerId, '{}'), 200],
  ] as const;
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  for (let count = 0; count < 300; count += 1) {
    const [request, status] = requests[count % requests.length] ?? ['', 0];
    received = '';
    socket.write(request);
    await until('the answer is whole', () => {
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? Number.NaN);
      return received.length === received.indexOf('\r\n\r\n') + 4 + length;
    });
    expect(Number(received.slice(9, 12))).toBe(status);
    expect(received).not.toMatch(/^connection: close/im);
  }
  socket.destroy();
}, 20_000);

/** Sends the bytes and the end, and gives all that comes until the server hangs up. */
function everythingAfter(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
    let received = '';
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection stays open after ${JSON.stringify(received)}`));
    }, CONNECTION_MAX_MS);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    // A reset in the middle of sending is a refusal too.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
    socket.end(Buffer.from(bytes, 'latin1'));
  });
}

/** Sends the bytes and resets the connection as soon as they are gone. */
async function hangUpAfter(url: string, bytes: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await new Promise((sent) => socket.write(bytes, sent));
  const closed = once(socket, 'close');
  socket.resetAndDestroy();
  await closed;
}
