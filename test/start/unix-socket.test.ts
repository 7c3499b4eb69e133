// The program on a Unix socket, from outside: through the death of its worker, of all of it, and its end. What becomes of the file
// in each case that there is, test/http/unix-socket.test.ts tries.

import { once } from 'node:events';
import { lstat, readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { signToken } from '../../src/cli/sign-token.js';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { cleanUp, type Program, randomId, SECRET, startProgram, temporaryFolder } from './program.js';

afterEach(cleanUp);

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** 0: nobody answers. */
async function ask(
  socketPath: string,
  call: Call = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const { method = 'GET', path = '/api/v1/invites/unknown', headers = {} } = call;
  const outgoing = request({ socketPath, method, path, headers, agent: false, timeout: 5000 });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.on('timeout', () => outgoing.destroy()).end();
  try {
    const [incoming] = await answered;
    return { status: incoming.statusCode ?? 0, body: await text(incoming) };
  } catch {
    return { status: 0, body: '' };
  }
}

const isServed = async (path: string): Promise<boolean> => (await ask(path)).status === 404;
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

async function killWorker({ pid }: Program): Promise<void> {
  for (const child of (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes('worker')) process.kill(Number(child), 'SIGKILL');
  }
}

describe('the program on a Unix socket', () => {
  it('serves, comes back when it is killed, and takes its socket with it at the end', {
    timeout: 90_000,
  }, async () => {
    const path = join(await temporaryFolder(), 'public.sock');
    const serve = () =>
      startProgram({ env: { INVITED_PORT: `unix:${path}`, INVITED_TRUSTED_PROXIES: 'unix' } });
    const first = await serve();
    expect((await first.ready()).url).toBe(`unix:${path}`);
    expect(await isServed(path)).toBe(true);

    await killWorker(first);
    expect(await holdsWithin(async () => !(await isServed(path)), 5000)).toBe(true);
    expect(await holdsWithin(() => isServed(path), 20_000)).toBe(true);

    first.signalGroup('SIGKILL');
    await first.ended();
    expect(await isThere(path)).toBe(true);
    const second = await serve();
    await expectAddresses(path, (await second.ready()).adminUrl);
    second.signal('SIGTERM');
    expect((await second.ended()).code).toBe(0);
    expect(await isThere(path)).toBe(false);
  });
});

/** The proxy that is the only one who may connect is believed, since the setting says so. */
async function expectAddresses(path: string, adminUrl: string): Promise<void> {
  const bearer = async (sub: string, role: 'user' | 'service') => ({
    authorization: `Bearer ${await signToken(SECRET, { sub, role, ttlSeconds: 600 })}`,
  });
  const [guildId, channelId, ownerId] = [randomId(), randomId(), randomId()];
  const put = async (where: string, body: unknown): Promise<void> => {
    const headers = await bearer('1', 'service');
    const answer = await fetch(`${adminUrl}/internal/v1/guilds/${guildId}${where}`, {
      ...{ method: 'PUT', headers, body: JSON.stringify(body) },
    });
    expect(answer.status).toBe(200);
  };
  await put('', { name: 'Guild', owner_id: ownerId });
  await put(`/channels/${channelId}`, { name: 'general', type: 0, position: 0 });
  await put('/ip-bans/203.0.113.5', {});
  const made = await ask(path, {
    ...{
      method: 'POST',
      path: `/api/v1/channels/${channelId}/invites`,
      headers: await bearer(ownerId, 'user'),
    },
  });
  const { code } = JSON.parse(made.body) as { readonly code: string };
  const acceptFrom = async (xForwardedFor: string): Promise<number> => {
    const headers = { ...(await bearer(randomId(), 'user')), 'x-forwarded-for': xForwardedFor };
    return (await ask(path, { method: 'POST', path: `/api/v1/invites/${code}`, headers })).status;
  };
  expect(await acceptFrom('198.51.100.1, 203.0.113.5')).toBe(403);
  expect(await acceptFrom('203.0.113.5, 198.51.100.1')).toBe(200);
}
