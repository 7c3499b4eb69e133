// What the doctor says of this machine, of ports and of the data folder, each set up wrongly in its own way.

import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { judgeClock } from '../../src/doctor/clock.js';
import { cpus, memory, openFiles } from '../../src/doctor/machine.js';
import { runChecks } from '../../src/doctor/run-checks.js';
import { removeFolder } from '../support/remove-folder.js';
import { examined, lineOf } from './world.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'invited-doctor-'));
  cleanups.push(() => removeFolder(path));
  return path;
}

/** @returns its port */
async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  return String(typeof address === 'object' ? address?.port : '');
}

const redisAway = { INVITED_REDIS_URL: 'redis://127.0.0.1:1' };

describe('a port', () => {
  const at = (port: string) => ({
    ...redisAway,
    INVITED_HOST: '127.0.0.1',
    INVITED_PORT: port,
    INVITED_ADMIN_PORT: port,
  });

  it('that is free is free afterwards, too', async () => {
    const server = createServer();
    const port = await listening(server);
    await cleanups.pop()?.();
    const found = await examined(at(port));
    expect([found.of('ports.public'), found.of('ports.admin')]).toEqual([
      [`ok: http://127.0.0.1:${port} is free`],
      [`ok: http://127.0.0.1:${port} is free`],
    ]);
    const again = createServer();
    await new Promise<void>((resolve, reject) =>
      again.once('error', reject).listen(Number(port), '127.0.0.1', resolve),
    );
    again.close();
  });

  it.each([
    ['speaks HTTP', () => createHttpServer((_, answer) => answer.writeHead(404).end('{"code":"not ours"}'))],
    ['says nothing', () => createServer(() => {})],
    ['hangs up', () => createServer((socket) => socket.destroy())],
  ])('that another program has, which %s, is a problem with the name of that program', async (_, make) => {
    const server = make();
    const connections: { destroy(): unknown }[] = [];
    server.on('connection', (socket) => connections.push(socket));
    const port = await listening(server);
    const found = await examined(at(port));
    for (const connection of connections) connection.destroy();
    const [line] = found.of('ports.public');
    expect(line).toMatch(
      new RegExp(`^problem: port ${port} is in use by .+ → end it, or another INVITED_PORT$`),
    );
    if (process.platform === 'linux') expect(line).toContain(`(pid ${process.pid})`);
    expect(found.of('ports.admin')[0]).toMatch(/^problem: .* → end it, or another INVITED_ADMIN_PORT$/);
  });

  it('on an address that is not of this machine is a problem', async () => {
    const found = await examined({ ...redisAway, INVITED_HOST: '192.0.2.1' });
    expect(found.of('ports.public')[0]).toMatch(/^problem: can't listen .*EADDRNOTAVAIL → .*INVITED_HOST/);
  });

  it('that is a socket needs its folder', async () => {
    const path = join(await folder(), 'no', 'public.sock');
    const found = await examined({ ...redisAway, INVITED_PORT: `unix:${path}` });
    expect(found.of('ports.public')[0]).toMatch(/^problem: can't listen .*ENOENT → .*INVITED_PORT/);
    await mkdir(join(path, '..'));
    expect((await examined({ ...redisAway, INVITED_PORT: `unix:${path}` })).of('ports.public')[0]).toMatch(
      /^ok: /,
    );
    await writeFile(path, '');
    expect((await examined({ ...redisAway, INVITED_PORT: `unix:${path}` })).of('ports.public')[0]).toMatch(
      /^problem: .* is there, and no socket/,
    );
  });
});

describe('the data folder', () => {
  it('is only looked at where something is kept in it', async () => {
    const found = await examined({ ...redisAway, INVITED_DATA_DIR: '/proc/nothing' });
    expect(found.of('data_folder')[0]).toMatch(/^ok: nothing is kept in it/);
  });

  it('that others may look into is a warning, and a secret that they may read a problem', async () => {
    const path = await folder();
    const env = { ...redisAway, INVITED_DATA_DIR: path, INVITED_JWT_SECRET: '' };
    expect((await examined(env)).of('data_folder')[0]).toMatch(
      /^ok: .* is ours alone; it holds the token secret/,
    );
    await chmod(path, 0o755);
    await writeFile(join(path, 'jwt-secret'), 'canary', { mode: 0o644 });
    const found = await examined(env);
    expect(found.of('data_folder')).toEqual([
      expect.stringMatching(/^warning: other users .* → chmod 700 \//),
      expect.stringMatching(/^problem: other users may read .* → chmod 600 \/.*jwt-secret/),
    ]);
    expect(JSON.stringify(found.all)).not.toContain('canary');
  });

  it('that is a file, or can not be made, is a problem', async () => {
    const path = join(await folder(), 'file');
    await writeFile(path, '');
    const env = (dataDir: string) => ({ ...redisAway, INVITED_DATA_DIR: dataDir, INVITED_JWT_SECRET: '' });
    expect((await examined(env(path))).of('data_folder')[0]).toMatch(
      /^problem: .* is no folder → another INVITED_DATA_DIR/,
    );
    expect((await examined(env(join(path, 'below')))).of('data_folder')[0]).toMatch(
      /^problem: .* → another INVITED_DATA_DIR/,
    );
  });

  it('that will be made is well', async () => {
    const path = join(await folder(), 'a', 'b');
    const found = await examined({ INVITED_DATA_DIR: path });
    expect(found.of('data_folder')[0]).toMatch(/^ok: .* will be made at the first start, for Redis$/);
    expect(found.of('redis')[0]).toMatch(/^ok: .* the start runs redis-server \d/);
  });
});

describe('secrets', () => {
  it.each([
    ['Ab1!', /^problem: key 1 of INVITED_GATEWAY_KEYS is 4 bytes long/],
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', /^warning: key 1 .* fewer than 10 different characters/],
    ['abcdefghijklmnopqrst', /^warning: key 1 .* is 20 bytes long/],
    ['abcdefghijklmnopqrstuvwxyz0123456789', /^problem: key 1 .* is the token secret as well/],
    ['zyxwvutsrqponmlkjihgfedcba987654321', /^ok: 1 of at least 32 bytes/],
  ])('that are gateway keys are judged by what they are: %s', async (key, expected) => {
    const found = await examined({ ...redisAway, INVITED_GATEWAY_KEYS: key });
    expect(found.of('secrets.gateway_keys')[0]).toMatch(expected);
    expect(JSON.stringify(found.all)).not.toContain(key);
  });

  it('that sign tokens must not be one letter', async () => {
    const found = await examined({
      ...redisAway,
      INVITED_JWT_SECRET: 'abababababababababababababababababab',
    });
    expect(found.of('secrets.jwt')[0]).toMatch(
      /^warning: INVITED_JWT_SECRET has fewer than 10 different characters/,
    );
  });
});

describe('the keys of an issuer', () => {
  it.each([
    ['{"keys": [{"kty": "OKP"}]}', /^ok: .* holds 1 key$/],
    ['{"keys": []}', /^warning: .* holds no key/],
    ['canary', /^problem: .* holds no JWK Set/],
  ])('in a file are looked at: %s', async (text, expected) => {
    const path = join(await folder(), 'keys.json');
    const env = { ...redisAway, INVITED_JWKS: path, INVITED_JWT_SECRET: '' };
    expect((await examined(env)).of('issuer')[0]).toMatch(
      /^problem: .* can't be read: ENOENT → the path in INVITED_JWKS/,
    );
    await writeFile(path, text);
    const found = await examined(env);
    expect(found.of('issuer')[0]).toMatch(expected);
    expect(found.of('secrets.jwt')).toEqual(['ok: tokens are believed by the keys of INVITED_JWKS only']);
    expect(found.of('data_folder')[0]).toMatch(/^ok: nothing is kept in it/);
  });

  it('behind a URL are not asked for, but must come encrypted', async () => {
    const at = async (url: string) => (await examined({ ...redisAway, INVITED_JWKS: url })).of('issuer')[0];
    expect(await at('https://issuer.example/keys?canary')).toMatch(
      /^ok: https:\/\/issuer\.example\/keys; not asked/,
    );
    expect(await at('http://issuer.example/keys')).toMatch(/^problem: .* unencrypted: .* → https:/);
  });
});

describe('what others can reach', () => {
  it.each(['0.0.0.0', '::', '10.0.0.1'])('is a warning for an admin listener on %s', async (host) => {
    const found = await examined({ ...redisAway, INVITED_ADMIN_HOST: host });
    expect(found.of('listeners.admin')[0]).toMatch(
      /^warning: .*INVITED_ADMIN_HOST.* → INVITED_ADMIN_HOST=127\.0\.0\.1/,
    );
  });

  it('is never tried at webhooks, whose URLs are not told either', async () => {
    let asked = 0;
    const port = await listening(
      createHttpServer((_, answer) => {
        asked += 1;
        answer.end();
      }),
    );
    const found = await examined({
      ...redisAway,
      INVITED_WEBHOOK_URLS: `http://127.0.0.1:${port}/canary?token=canary,http://hooks.example/canary`,
      INVITED_WEBHOOK_SECRET: Buffer.alloc(24, 7).toString('base64'),
    });
    expect(found.of('webhooks')).toEqual([
      expect.stringMatching(
        /^ok: 2 URLs; whether they answer was not tried, since the doctor sends nothing to others/,
      ),
      expect.stringMatching(/^warning: events are sent to hooks\.example unencrypted → https:\/\//),
    ]);
    expect(asked).toBe(0);
    expect(JSON.stringify(found.all)).not.toContain('canary');
  });
});

describe('the machine', () => {
  const config = (env: Readonly<Record<string, string>> = {}) => loadConfig(env);

  it('may have too few files, too little memory, or too few processors', () => {
    expect(lineOf(openFiles(config(), 1024))).toMatch(
      /^warning: .*1024 open files.*INVITED_MAX_IN_FLIGHT=10000.* → LimitNOFILE=10200/,
    );
    expect(openFiles(config({ INVITED_MAX_IN_FLIGHT: '500' }), 1024).status).toBe('ok');
    expect(openFiles(config(), null).status).toBe('ok');
    const large = config({ INVITED_WORKERS: '8' });
    expect(lineOf(memory(large, { total: 1024, available: 900 }))).toMatch(
      /^warning: 900 MiB of 1024 .* → .*fewer INVITED_WORKERS/,
    );
    expect(memory(config(), { total: 4096, available: 3000 }).status).toBe('ok');
    expect(lineOf(cpus(large, 2))).toMatch(
      /^warning: 8 HTTP processes .* on 2 processors.* → INVITED_WORKERS=2/,
    );
    expect(cpus(large, 8).status).toBe('ok');
  });

  it('is told with what runs here', async () => {
    const found = await examined(redisAway);
    expect(found.of('node')[0]).toBe(`ok: Node ${process.versions.node}`);
    expect(found.of('uwebsockets')[0]).toMatch(/^(ok: uWebSockets\.js$|warning: uWebSockets\.js-legacy: )/);
  });
});

describe('clocks', () => {
  it.each([
    [400, 5, 'ok'],
    [-1500, 5, 'warning'],
    // It may well be all on the way.
    [1500, 900, 'ok'],
    [40_000, 10, 'problem'],
  ])('that differ by %d ± %d ms are %s', (aheadMs, unsureMs, status) => {
    const found = judgeClock('clock', 'Redis', { aheadMs, unsureMs });
    expect(found.status).toBe(status);
    expect(found.message).toContain(`${Math.abs(aheadMs)} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} ours`);
  });
});

describe('wrong settings', () => {
  it('are a problem with their names, and never their values', async () => {
    const found = await examined({ INVITED_PORT: 'canary', INVITED_JWT_SECRET: 'canary' });
    expect(found.all).toHaveLength(1);
    expect(found.of('settings')[0]).toMatch(/^problem: Wrong settings: INVITED_PORT .*INVITED_JWT_SECRET/);
    expect(JSON.stringify(found.all)).not.toContain('canary');
  });
});

describe('a check that does not come to an end', () => {
  it('is a problem, and those behind it are made', async () => {
    const fine = { check: 'fine', status: 'ok', message: 'it is', fix: null } as const;
    const found = await runChecks(
      [
        { name: 'endless', run: () => new Promise(() => {}) },
        { name: 'fine', run: async () => [fine] },
      ],
      50,
    );
    expect(found).toEqual([
      { check: 'endless', status: 'problem', message: 'could not be checked within 0.05 s', fix: null },
      fine,
    ]);
  });
});
