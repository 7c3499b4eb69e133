// `invited import`, against a small HTTP server that answers as the contract says the import endpoint does.

import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { importFile } from '../../src/cli/import.js';
import { recordingPrint } from '../support/print.js';
import { removeFolder } from '../support/remove-folder.js';

const SECRET = 'a secret of at least 32 bytes, for tests';

interface Received {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly bytes: number;
  readonly sha256: string;
}

let folder: string;
const servers: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invited-test-import-'));
});
afterAll(() => removeFolder(folder));
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serverAnswering(status: number, body: unknown) {
  const received: Received[] = [];
  const server = createServer(async (incoming, outgoing) => {
    received.push(await readWhole(incoming));
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return { url: await listen(server), received };
}

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function readWhole(incoming: IncomingMessage): Promise<Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of incoming) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    authorization: incoming.headers.authorization ?? '',
    bytes,
    sha256: hash.digest('hex'),
  };
}

async function run(args: readonly string[], stdin?: Readable) {
  const print = recordingPrint();
  const secretAsked: true[] = [];
  const code = await importFile(args, {
    secret: async () => {
      secretAsked.push(true);
      return SECRET;
    },
    print,
    ...(stdin === undefined ? {} : { stdin }),
  });
  return { code, out: print.outLines, err: print.errLines, secretAsked: secretAsked.length };
}

async function fileWith(text: string): Promise<string> {
  const path = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 12)}.ndjson`);
  await writeFile(path, text);
  return path;
}

describe('invited import', () => {
  it('sends the file byte for byte, as a service, and prints how much was applied', async () => {
    const text = '{"put":"user","id":"1","username":"ä"}\r\n\n'.repeat(50_000);
    const { url, received } = await serverAnswering(200, { applied: 50_000, failed: [], failed_total: 0 });
    const { code, out, err } = await run([await fileWith(text), '--url', `${url}/`]);
    expect({ code, out, err }).toEqual({ code: 0, out: ['applied 50000, failed 0'], err: [] });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      method: 'POST',
      path: '/internal/v1/import',
      bytes: Buffer.byteLength(text),
      sha256: createHash('sha256').update(text).digest('hex'),
    });
    const [scheme, jwt = ''] = received[0]?.authorization.split(' ') ?? [];
    expect(scheme).toBe('Bearer');
    const { payload } = await jwtVerify(jwt, new TextEncoder().encode(SECRET));
    expect(payload['role']).toBe('service');
  });

  it('reads stdin for -', async () => {
    const { url, received } = await serverAnswering(200, { applied: 1, failed: [], failed_total: 0 });
    const { code } = await run(
      ['-', '--url', url],
      Readable.from([Buffer.from('{"put":'), Buffer.from('"user"}')]),
    );
    expect(code).toBe(0);
    expect(received[0]?.sha256).toBe(createHash('sha256').update('{"put":"user"}').digest('hex'));
  });

  it('names each refused line, and exits 1', async () => {
    const failed = [
      { line: 3, code: 'UNKNOWN_GUILD', message: 'Unknown guild.' },
      { line: 9, code: 'INVALID_FORM_BODY', message: 'Not JSON.' },
    ];
    const { url } = await serverAnswering(200, { applied: 7, failed, failed_total: 250 });
    const { code, out } = await run([await fileWith('x'), '--url', url]);
    expect(code).toBe(1);
    expect(out).toEqual([
      'applied 7, failed 250',
      'line 3: UNKNOWN_GUILD Unknown guild.',
      'line 9: INVALID_FORM_BODY Not JSON.',
      '… and 248 more',
    ]);
  });

  it('uses the token it is given, and then needs no secret', async () => {
    const { url, received } = await serverAnswering(200, { applied: 0, failed: [], failed_total: 0 });
    const { secretAsked } = await run([await fileWith(''), '--url', url, '--token', 'given']);
    expect(received[0]?.authorization).toBe('Bearer given');
    expect(secretAsked).toBe(0);
  });

  it.each([
    [401, { code: 'UNAUTHORIZED', message: 'No.' }, '401 UNAUTHORIZED'],
    [503, 'busy', '503'],
    [200, { applied: 1 }, '200'],
    [200, 'no JSON', '200'],
  ])('exits 2 with one line for the answer %i %j', async (status, body, named) => {
    const { url } = await serverAnswering(status, body);
    const { code, out, err } = await run([await fileWith('x'), '--url', url]);
    expect({ code, out, lines: err.length }).toEqual({ code: 2, out: [], lines: 1 });
    expect(err[0]).toContain(named);
  });

  it('takes a refusal that comes before everything was sent', async () => {
    const server = createServer((_, outgoing) => {
      outgoing.writeHead(401, { 'content-type': 'application/json' }).end('{"code":"UNAUTHORIZED"}');
    });
    const url = await listen(server);
    const endless = new Readable({ read: () => {} });
    endless.push('{"put":"user"}\n');
    const { code, err } = await run(['-', '--url', url], endless);
    expect(code).toBe(2);
    expect(err).toEqual([`${url}/internal/v1/import refused the import: 401 UNAUTHORIZED.`]);
  });

  it('exits 2 with one line when nobody listens', async () => {
    const server = createServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { code, err } = await run([await fileWith('x'), '--url', url]);
    expect(code).toBe(2);
    expect(err).toEqual([`${url}/internal/v1/import can't be reached: ECONNREFUSED.`]);
  });

  it('exits 2 with one line when the server breaks the connection', async () => {
    const server = createServer((incoming) => incoming.socket.destroy());
    const { code, err } = await run([await fileWith('x'.repeat(1_000_000)), '--url', await listen(server)]);
    expect(code).toBe(2);
    expect(err).toHaveLength(1);
  });

  it.each([
    [[], 'One file is needed'],
    [['a', 'b'], 'One file is needed'],
    [['/no/such/file.ndjson'], 'there is no such file'],
    [[tmpdir()], 'is a folder'],
    [['-', '--url', 'localhost:9090'], '--url must be an http or https URL'],
    [['-', '--force'], '--force'],
  ])('refuses %j with exit code 2', async (args, problem) => {
    const { code, out, err } = await run(args);
    expect({ code, out, lines: err.length }).toEqual({ code: 2, out: [], lines: 1 });
    expect(err[0]).toContain(problem);
    expect(err[0]).not.toContain('\n');
  });
});
