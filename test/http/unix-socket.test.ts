// The file of a Unix socket on which we listen: who may use it, what it may be put over, and when it goes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdtemp, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { valueReply } from '../../src/http/reply.js';
import { open } from '../../src/http/route.js';
import { createRouter } from '../../src/http/router.js';
import { type Server, startServer } from '../../src/http/server.js';
import { loadUws } from '../../src/http/uws.js';
import { NO_PROXIES } from '../../src/invite/trusted-proxies.js';
import { StartError } from '../../src/start-error.js';
import { removeFolder } from '../support/remove-folder.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invited-unix-'));
});
afterAll(() => removeFolder(folder));

const uws = loadUws();
const listen = (path: string, name: string, mode = 0o660): Promise<Server> =>
  startServer(uws, {
    listenOn: { kind: 'unix', path, mode },
    portSetting: 'INVITED_PORT',
    sharesPort: false,
    hasSockets: false,
    router: createRouter(
      [{ bases: [''], routes: [open('GET', '/name', async () => valueReply({ name }))] }],
      () => false,
    ),
    inFlightMax: 10,
    trustedProxies: NO_PROXIES,
    cors: null,
    rateLimits: null,
    authenticator: { identify: () => ({ caller: null, toldAddress: null }) },
    isUnavailable: () => false,
    onBug: () => {},
  });

/** Who answers there; null: nobody. */
function nameAt(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    request({ socketPath, path: '/name', agent: false, timeout: 5000 }, (incoming) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += String(chunk);
      });
      incoming.on('end', () => resolve((JSON.parse(body) as { readonly name: string }).name));
    })
      .on('error', () => resolve(null))
      .end();
  });
}

const modeOf = async (path: string): Promise<string> => ((await lstat(path)).mode & 0o777).toString(8);
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Whether a user of this group, who is not us, may connect. */
async function mayConnect(path: string, gid: number): Promise<boolean> {
  const script = `require('node:net').connect(${JSON.stringify(path)})
    .on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;
  const options = { uid: 65_534, gid, stdio: 'ignore', cwd: '/' } as const;
  const [code] = (await once(spawn(process.execPath, ['-e', script], options), 'exit')) as [number | null];
  return code === 0;
}

/** What a server leaves that is killed. */
async function leaveDeadSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('a Unix socket', () => {
  it('is for its user and group, unless the setting says more, and is gone at the end', async () => {
    const path = join(folder, 'rights.sock');
    const server = await listen(path, 'ours');
    expect(await modeOf(path)).toBe('660');
    expect(await nameAt(path)).toBe('ours');
    await server.drain(0);
    expect(await isThere(path)).toBe(false);
    const wide = await listen(path, 'wide', 0o666);
    expect(await modeOf(path)).toBe('666');
    await wide.drain(0);
  });

  it.runIf(process.getuid?.() === 0)('lets in a gateway of the same group, and nobody else', async () => {
    const path = join(folder, 'group.sock');
    await chmod(folder, 0o755);
    const server = await listen(path, 'ours');
    expect(await mayConnect(path, process.getgid?.() ?? 0)).toBe(true);
    expect(await mayConnect(path, 65_534)).toBe(false);
    await server.drain(0);
    const wide = await listen(path, 'ours', 0o666);
    expect(await mayConnect(path, 65_534)).toBe(true);
    await wide.drain(0);
  });

  it('is taken over from a server that was killed', async () => {
    const path = join(folder, 'dead.sock');
    await leaveDeadSocket(path);
    expect(await isThere(path)).toBe(true);
    const server = await listen(path, 'next');
    expect(await nameAt(path)).toBe('next');
    await server.drain(0);
  });

  it('is not taken away from a server that lives', async () => {
    const path = join(folder, 'alive.sock');
    const server = await listen(path, 'first');
    const second = listen(path, 'second');
    await expect(second).rejects.toThrow(StartError);
    await expect(second).rejects.toThrow(
      /^Another server listens on the socket .*alive\.sock \(INVITED_PORT\)\.$/,
    );
    expect(await nameAt(path)).toBe('first');
    await server.drain(0);
  });

  it('is waited for while the server before is ending', async () => {
    const path = join(folder, 'ending.sock');
    const server = await listen(path, 'first');
    const second = listen(path, 'second');
    await server.drain(0);
    const next = await second;
    expect(await nameAt(path)).toBe('second');
    await next.drain(0);
  });

  it('is left alone at the end where it is another server’s by now', async () => {
    const [path, aside] = [join(folder, 'moved.sock'), join(folder, 'aside.sock')];
    const server = await listen(path, 'first');
    await rename(path, aside);
    const next = await listen(path, 'next');
    await server.drain(0);
    expect(await nameAt(path)).toBe('next');
    await next.drain(0);
    expect(await isThere(path)).toBe(false);
  });

  it('is never put over anything else', async () => {
    const [file, link] = [join(folder, 'notes.txt'), join(folder, 'link.sock')];
    await writeFile(file, 'mine');
    await symlink(file, link);
    for (const path of [file, link, folder]) {
      await expect(listen(path, 'ours')).rejects.toThrow(`${path} is there and is no socket (INVITED_PORT).`);
    }
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it('can not be where there is no folder', async () => {
    const listening = listen(join(folder, 'none', 'public.sock'), 'ours');
    await expect(listening).rejects.toThrow(
      /^Can't listen on the socket .*none\/public\.sock \(INVITED_PORT\)\.$/,
    );
  });
});
