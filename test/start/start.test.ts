// `invited start` from outside: what a person, a terminal or a supervisor sees of it. Each test starts the
// built program as a process of its own; nothing here looks inside.

import { execFile } from 'node:child_process';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jwtVerify } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { signToken } from '../../src/cli/sign-token.js';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { preparedFolder } from '../support/postgres-embedded.js';
import { startLocalRedis } from '../support/redis.js';
import { removeFolder } from '../support/remove-folder.js';
import {
  afterwards,
  cleanUp,
  type Ended,
  randomId,
  redisIsGone,
  redisPidOf,
  SECRET,
  startProgram,
  temporaryFolder,
} from './program.js';

afterEach(cleanUp);

/** Longer than any step of these tests may take by itself. */
const GONE_MAX_MS = 15_000;

async function asService(): Promise<Record<string, string>> {
  const token = await signToken(SECRET, { sub: '1', role: 'service', ttlSeconds: 600 });
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
}

async function putGuild(adminUrl: string): Promise<string> {
  const id = randomId();
  const answer = await fetch(`${adminUrl}/internal/v1/guilds/${id}`, {
    method: 'PUT',
    headers: await asService(),
    body: JSON.stringify({ name: `Guild ${id}`, owner_id: randomId() }),
  });
  expect(answer.status).toBe(200);
  return id;
}

async function nameOfGuild(adminUrl: string, id: string): Promise<unknown> {
  const answer = await fetch(`${adminUrl}/internal/v1/guilds/${id}`, { headers: await asService() });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { readonly name: unknown }).name;
}

/** How many processes have this in their command line. */
async function processesWith(text: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(text)).length;
}

function expectOneLine(ended: Ended, ...parts: readonly (string | RegExp)[]): void {
  expect(ended.code).toBe(1);
  expect(ended.err).toMatch(/^[^\n]+\n$/);
  expect(ended.err).not.toContain('    at ');
  for (const part of parts) expect(ended.err).toMatch(part);
  expect(ended.out).not.toMatch(/^ready/m);
}

describe('invited start', () => {
  it('serves on the two addresses it prints, and says on /readyz that it is ready', async () => {
    const program = await startProgram();
    const { url, adminUrl } = await program.ready();
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    expect((await fetch(`${adminUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/api/v1/invites/doesnotexist`)).status).toBe(404);
    expect((await fetch(`${url}/readyz`)).status).toBe(404);
  });

  it('keeps its data over a second start', async () => {
    const first = await startProgram();
    const guild = await putGuild((await first.ready()).adminUrl);
    first.signal('SIGTERM');
    expect((await first.ended()).code).toBe(0);
    const second = await startProgram({ dataDir: first.dataDir });
    expect(await nameOfGuild((await second.ready()).adminUrl, guild)).toBe(`Guild ${guild}`);
  });

  it('comes back from its Postgres when the files of its Redis are gone', async () => {
    const dataDir = await preparedFolder();
    const env = { INVITED_POSTGRES: 'on' };
    const first = await startProgram({ env, dataDir });
    const guild = await putGuild((await first.ready()).adminUrl);
    first.signal('SIGTERM');
    expect((await first.ended()).code).toBe(0);
    await removeFolder(join(dataDir, 'redis'));
    const second = await startProgram({ env, dataDir });
    expect(await nameOfGuild((await second.ready()).adminUrl, guild)).toBe(`Guild ${guild}`);
    second.signal('SIGTERM');
    expect((await second.ended()).code).toBe(0);
    await removeFolder(dataDir);
  });

  it('leaves no Postgres behind when it is killed', async () => {
    const dataDir = await preparedFolder();
    const program = await startProgram({ env: { INVITED_POSTGRES: 'on' }, dataDir });
    await program.ready();
    const isThere = async () => (await processesWith(join(dataDir, 'postgres'))) > 0;
    expect(await holdsWithin(isThere, GONE_MAX_MS)).toBe(true);
    program.signal('SIGKILL');
    await program.ended();
    expect(await holdsWithin(async () => !(await isThere()), GONE_MAX_MS)).toBe(true);
    await removeFolder(dataDir);
  });

  it('makes a secret of its own when none is set, and keeps it', async () => {
    const env = { INVITED_JWT_SECRET: '' };
    const first = await startProgram({ env });
    await first.ready();
    first.signal('SIGTERM');
    await first.ended();
    const second = await startProgram({ env, dataDir: first.dataDir });
    const { adminUrl } = await second.ready();
    const { stdout: token } = await run(
      [process.execPath, 'dist/main.js', 'token', '--user', '1', '--role', 'service'],
      { INVITED_DATA_DIR: first.dataDir },
    );
    const answer = await fetch(`${adminUrl}/internal/v1/guilds/${randomId()}`, {
      headers: { authorization: `Bearer ${token.trim()}` },
    });
    expect(answer.status).toBe(404);
  });

  it.each([
    ['SIGINT', 1],
    ['SIGINT', 3],
    ['SIGTERM', 1],
  ] as const)(
    'ends itself and its Redis with exit code 0 on %s to its process group, sent %i times',
    async (signal, times) => {
      const program = await startProgram();
      const guild = await putGuild((await program.ready()).adminUrl);
      const pid = await redisPidOf(program.dataDir);
      for (let sent = 0; sent < times; sent += 1) program.signalGroup(signal);
      expect((await program.ended()).code).toBe(0);
      expect(await redisIsGone(program.dataDir, pid)).toBe(true);
      const again = await startProgram({ dataDir: program.dataDir });
      expect(await nameOfGuild((await again.ready()).adminUrl, guild)).toBe(`Guild ${guild}`);
    },
  );

  it('leaves no Redis behind when it is killed, and the next start has the data', async () => {
    const program = await startProgram();
    const guild = await putGuild((await program.ready()).adminUrl);
    const pid = await redisPidOf(program.dataDir);
    program.signal('SIGKILL');
    await program.ended();
    const isGone = () => redisIsGone(program.dataDir, pid);
    expect(await holdsWithin(isGone, GONE_MAX_MS)).toBe(true);
    const next = await startProgram({ dataDir: program.dataDir });
    expect(await nameOfGuild((await next.ready()).adminUrl, guild)).toBe(`Guild ${guild}`);
  });

  it('can be started again in the very moment in which it is killed', async () => {
    const program = await startProgram();
    const guild = await putGuild((await program.ready()).adminUrl);
    program.signal('SIGKILL');
    const next = await startProgram({ dataDir: program.dataDir });
    expect(await nameOfGuild((await next.ready()).adminUrl, guild)).toBe(`Guild ${guild}`);
  });

  it('serves again after its Redis was killed', async () => {
    const program = await startProgram();
    const { adminUrl } = await program.ready();
    const guild = await putGuild(adminUrl);
    const pid = await redisPidOf(program.dataDir);
    process.kill(pid, 'SIGKILL');
    const isBack = async () => {
      const replaced = (await redisPidOf(program.dataDir).catch(() => pid)) !== pid;
      return replaced && (await fetch(`${adminUrl}/readyz`)).status === 200;
    };
    expect(await holdsWithin(isBack, GONE_MAX_MS)).toBe(true);
    expect(await nameOfGuild(adminUrl, guild)).toBe(`Guild ${guild}`);
  });
});

describe('invited start, when it can not', () => {
  it.each(['INVITED_PORT', 'INVITED_ADMIN_PORT'])('names the port when %s is in use', async (setting) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    afterwards(() => new Promise((resolve) => taken.close(resolve)));
    const port = String((taken.address() as AddressInfo).port);
    const program = await startProgram({ env: { [setting]: port } });
    expectOneLine(await program.ended(), port, /in use/);
    // Nothing stays behind: the folder can be used again at once.
    await (await startProgram({ dataDir: program.dataDir })).ready();
  });

  it('names the data folder when it can not be written', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const program = await startProgram({ dataDir: join(file, 'data') });
    expectOneLine(await program.ended(), join(file, 'data'));
  });

  it('says so when another one uses the data folder', async () => {
    const first = await startProgram();
    const { adminUrl } = await first.ready();
    const second = await startProgram({ dataDir: first.dataDir });
    expectOneLine(await second.ended(), /another/i, first.dataDir);
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
  });

  it('names the policy of a Redis that evicts, and goes on when that is allowed', async () => {
    const redis = await startLocalRedis(['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']);
    afterwards(redis.stop);
    const refused = await startProgram({ env: { INVITED_REDIS_URL: redis.url } });
    expectOneLine(await refused.ended(), 'allkeys-lru', 'noeviction');
    const allowed = await startProgram({
      env: { INVITED_REDIS_URL: redis.url, INVITED_ALLOW_EVICTION: '1' },
    });
    expect((await fetch(`${(await allowed.ready()).adminUrl}/readyz`)).status).toBe(200);
  });

  it.each([
    ['everysec', ['--appendonly', 'no'], false],
    ['always', ['--appendonly', 'yes', '--appendfsync', 'everysec'], false],
    ['always', ['--appendonly', 'yes', '--appendfsync', 'always'], true],
    ['everysec', ['--appendonly', 'yes', '--appendfsync', 'always'], true],
    ['cache', ['--appendonly', 'no'], true],
  ])('holds a Redis to INVITED_DURABILITY=%s: %j', async (durability, settings, isEnough) => {
    const redis = await startLocalRedis(settings);
    afterwards(redis.stop);
    const program = await startProgram({
      env: { INVITED_REDIS_URL: redis.url, INVITED_DURABILITY: durability },
    });
    if (isEnough) expect((await fetch(`${(await program.ready()).adminUrl}/readyz`)).status).toBe(200);
    else expectOneLine(await program.ended(), `INVITED_DURABILITY=${durability}`, 'this one has');
  });

  it('names the setting when the Redis it shall use can not be reached', async () => {
    const program = await startProgram({ env: { INVITED_REDIS_URL: 'redis://:hunter2@127.0.0.1:1' } });
    const ended = await program.ended();
    expectOneLine(ended, 'INVITED_REDIS_URL');
    expect(`${ended.out}${ended.err}`).not.toContain('hunter2');
  });

  it('says what is missing when there is no redis-server', async () => {
    const program = await startProgram({ env: { PATH: await pathWith('sh') } });
    expectOneLine(await program.ended(), 'redis-server', 'INVITED_REDIS_URL');
  });

  it('names every setting that is wrong, and no value', async () => {
    const program = await startProgram({ env: { INVITED_PORT: '99999', INVITED_JWT_SECRET: 'hunter2' } });
    const ended = await program.ended();
    expectOneLine(ended, 'INVITED_PORT', 'INVITED_JWT_SECRET');
    expect(`${ended.out}${ended.err}`).not.toContain('hunter2');
  });
});

describe('invited start with the demo', () => {
  it('prints tokens for three people', async () => {
    const program = await startProgram({ env: { INVITED_DEMO: '1' } });
    const { out } = await program.ready();
    const people = new Set<string>();
    for (const token of new Set(out.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g))) {
      const { payload } = await jwtVerify(token, new TextEncoder().encode(SECRET));
      people.add(payload.sub ?? '');
    }
    expect(people.size).toBeGreaterThanOrEqual(3);
  });

  it.skipIf(process.platform === 'win32')('prints three curl lines that work as they stand', async () => {
    const program = await startProgram({ env: { INVITED_DEMO: '1' } });
    const { out } = await program.ready();
    const lines = out.match(/^ *curl .+$/gm) ?? [];
    expect(lines).toHaveLength(3);
    let hasAccepted = false;
    for (const line of lines) {
      const { stdout } = await run(['sh', '-c', line]);
      const answer: unknown = JSON.parse(stdout);
      // An error has a code and a message; an invite has a code and a type.
      expect(answer, line).not.toHaveProperty('message');
      hasAccepted ||= typeof answer === 'object' && answer !== null && 'new_member' in answer;
    }
    expect(hasAccepted).toBe(true);
  });

  it('starts again with the demo that is already there', async () => {
    const first = await startProgram({ env: { INVITED_DEMO: '1' } });
    await first.ready();
    first.signal('SIGTERM');
    expect((await first.ended()).code).toBe(0);
    const second = await startProgram({ env: { INVITED_DEMO: '1' }, dataDir: first.dataDir });
    const { adminUrl } = await second.ready();
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
  });
});

describe('npm start', () => {
  it('ends cleanly on Ctrl-C, with nothing left, though npm passes the signal on a second time', async () => {
    const program = await startProgram({ command: ['npm', 'start'] });
    await program.ready();
    const pid = await redisPidOf(program.dataDir);
    program.signalGroup('SIGINT');
    expect((await program.ended()).code).toBe(0);
    expect(await redisIsGone(program.dataDir, pid)).toBe(true);
  });

  it('ends the server when a supervisor ends npm alone', async () => {
    const program = await startProgram({ command: ['npm', 'start'] });
    await program.ready();
    const pid = await redisPidOf(program.dataDir);
    program.signal('SIGTERM');
    expect((await program.ended()).code).toBe(0);
    expect(await redisIsGone(program.dataDir, pid)).toBe(true);
  });

  it('hands the exit code and the one line of a failed start on', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const program = await startProgram({
      dataDir: join(file, 'data'),
      command: [process.execPath, 'scripts/start.mjs'],
    });
    expectOneLine(await program.ended(), join(file, 'data'));
  });
});

/** A PATH on which nothing but `program` can be found. */
async function pathWith(program: string): Promise<string> {
  const folder = await temporaryFolder();
  const { stdout } = await run(['sh', '-c', `command -v ${program}`]);
  await symlink(stdout.trim(), join(folder, program));
  return folder;
}

async function run(
  [file, ...args]: readonly [string, ...(readonly string[])],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('INVITED_'));
  return promisify(execFile)(file, args, {
    cwd: new URL('../..', import.meta.url),
    env: { ...Object.fromEntries(inherited), ...env },
    timeout: GONE_MAX_MS,
  });
}
