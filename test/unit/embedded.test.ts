// The embedded Redis and its data folder: what must hold when processes die, come back, or start at once.

import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { askRedis } from '../../src/embedded/ask-redis.js';
import { openDataFolder, socketFolder } from '../../src/embedded/data-folder.js';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { lockFolder } from '../../src/embedded/folder-lock.js';
import { spawnGuarded } from '../../src/embedded/guarded-process.js';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../src/embedded/redis.js';
import { loadOrCreateSecret } from '../../src/embedded/secret.js';
import { StartError } from '../../src/start-error.js';
import { removeFolder } from '../support/remove-folder.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-test-'));
  cleanups.push(() => removeFolder(folder));
  return folder;
}

async function startIn(dataDir: string, onRestart?: (message: string) => void): Promise<EmbeddedRedis> {
  const redis = await startEmbeddedRedis({
    dataDir,
    appendFsync: 'everysec',
    ...(onRestart === undefined ? {} : { onRestart }),
  });
  cleanups.push(() => redis.stop());
  return redis;
}

async function withClient<Result>(path: string, work: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis({ path, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

async function pidOf(socketPath: string): Promise<number> {
  const info = await withClient(socketPath, (client) => client.info('server'));
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function startErrorOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  const message = error instanceof Error ? error.message : '';
  expect(message).not.toContain('\n');
  return message;
}

describe('embedded Redis', () => {
  it('listens on a socket that only we can use, never evicts, and has no TCP port', async () => {
    const { socketPath } = await startIn(await temporaryFolder());
    expect((await stat(socketPath)).mode & 0o777).toBe(0o700);
    await withClient(socketPath, async (client) => {
      expect(await client.config('GET', 'port')).toEqual(['port', '0']);
      expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
      expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
      expect(await client.config('GET', 'appendfsync')).toEqual(['appendfsync', 'everysec']);
      expect(await client.config('GET', 'save')).toEqual(['save', '']);
    });
  });

  it('keeps what was written over a stop and a start', async () => {
    const folder = await temporaryFolder();
    const first = await startIn(folder);
    await withClient(first.socketPath, (client) => client.set('kept', 'yes'));
    await first.stop();
    const second = await startIn(folder);
    expect(await withClient(second.socketPath, (client) => client.get('kept'))).toBe('yes');
  });

  it('is gone, process and socket, when stop resolves', async () => {
    const redis = await startIn(await temporaryFolder());
    const pid = await pidOf(redis.socketPath);
    await redis.stop();
    expect(isRunning(pid)).toBe(false);
    expect(await askRedis(redis.socketPath, 'PING', 1000)).toBe('gone');
  });

  it('comes back with its data when it is killed, and says so', async () => {
    const messages: string[] = [];
    const redis = await startIn(await temporaryFolder(), (message) => messages.push(message));
    await withClient(redis.socketPath, (client) => client.set('kept', 'yes'));
    const before = await pidOf(redis.socketPath);
    process.kill(before, 'SIGKILL');
    const isBack = async () => {
      if ((await askRedis(redis.socketPath, 'PING', 1000)) !== 'ready') return false;
      return (await pidOf(redis.socketPath)) !== before;
    };
    expect(await holdsWithin(isBack, 10_000)).toBe(true);
    expect(await withClient(redis.socketPath, (client) => client.get('kept'))).toBe('yes');
    expect(messages).toEqual(['The embedded Redis ended (signal 9); it is started again in 100 ms.']);
  });

  it('can be stopped while it is being started again', async () => {
    const messages: string[] = [];
    const redis = await startIn(await temporaryFolder(), (message) => messages.push(message));
    process.kill(await pidOf(redis.socketPath), 'SIGKILL');
    expect(await holdsWithin(async () => messages.length > 0, 10_000, 5)).toBe(true);
    await redis.stop();
    expect(await askRedis(redis.socketPath, 'PING', 1000)).toBe('gone');
  });

  it('works in a folder whose name has spaces, quotes, and characters outside ASCII', async () => {
    const folder = join(await temporaryFolder(), `a "b" 'c' ü $HOME`);
    await mkdir(folder);
    const redis = await startIn(folder);
    await withClient(redis.socketPath, (client) => client.set('kept', 'yes'));
    expect(await readdir(join(folder, 'redis'))).toContain('appendonlydir');
  });

  it('puts the socket elsewhere when the folder has too long a path', async () => {
    const folder = join(await temporaryFolder(), 'x'.repeat(120));
    await mkdir(folder);
    const redis = await startIn(folder);
    cleanups.push(async () => removeFolder(await socketFolder(folder)));
    expect(Buffer.byteLength(redis.socketPath)).toBeLessThanOrEqual(100);
    expect((await stat(await socketFolder(folder))).mode & 0o777).toBe(0o700);
  });

  it('refuses a socket folder that others can use', async () => {
    const folder = join(await temporaryFolder(), 'y'.repeat(120));
    const sockets = await socketFolder(folder);
    cleanups.push(() => removeFolder(sockets));
    await chmod(sockets, 0o777);
    expect(await startErrorOf(socketFolder(folder))).toContain(sockets);
  });

  it('ends a Redis that an earlier run left on the socket, and then takes its place', async () => {
    const folder = await temporaryFolder();
    const socketPath = join(folder, 'redis.sock');
    await mkdir(join(folder, 'redis'));
    const leftover = await spawnGuarded('redis-server', [
      ...['--port', '0', '--unixsocket', socketPath, '--dir', join(folder, 'redis'), '--appendonly', 'yes'],
    ]);
    cleanups.push(() => leftover.end());
    const isReady = async () => (await askRedis(socketPath, 'PING', 1000)) === 'ready';
    expect(await holdsWithin(isReady, 10_000)).toBe(true);
    await withClient(socketPath, (client) => client.set('kept', 'yes'));
    const redis = await startIn(folder);
    expect(await pidOf(redis.socketPath)).not.toBe(leftover.pid);
    expect(await withClient(redis.socketPath, (client) => client.get('kept'))).toBe('yes');
  });

  it('names the cause in one line when its file is damaged', async () => {
    const folder = await temporaryFolder();
    const first = await startIn(folder);
    await withClient(first.socketPath, (client) => client.set('kept', 'yes'));
    await first.stop();
    const files = join(folder, 'redis', 'appendonlydir');
    const incremental = (await readdir(files)).find((name) => name.endsWith('.incr.aof'));
    await writeFile(join(files, incremental ?? ''), 'this is no append-only file');
    const message = await startErrorOf(startEmbeddedRedis({ dataDir: folder, appendFsync: 'everysec' }));
    expect(message).toMatch(/^The embedded Redis ended at once \(exit code 1\): .*append only file/);
    expect(message).toContain(join(folder, 'redis.log'));
  });
});

describe('guarded process', () => {
  it('says that a program is missing', async () => {
    const end = await (await spawnGuarded('no-such-program-anywhere', [])).ended;
    expect(end).toMatchObject({ missing: true });
  });

  it('does not pass our environment on', async () => {
    process.env['INVITED_TEST_SECRET'] = 'must stay here';
    const { output, code } = await (await spawnGuarded('env', [])).ended;
    delete process.env['INVITED_TEST_SECRET'];
    expect(code).toBe(0);
    expect(output).toMatch(/^PATH=/m);
    expect(output).not.toContain('must stay here');
  });

  it('ends the program when the shell between us and it is killed', async () => {
    const guarded = await spawnGuarded('sleep', ['300']);
    const pid = guarded.pid ?? 0;
    process.kill(await parentOf(pid), 'SIGKILL');
    expect((await guarded.ended).code).toBeNull();
    expect(await holdsWithin(async () => !isRunning(pid), 10_000)).toBe(true);
  });

  it('kills a program that ignores SIGTERM', async () => {
    const marker = join(await temporaryFolder(), 'ignores-term');
    const guarded = await spawnGuarded('sh', [
      ...['-c', 'trap "" TERM; touch "$0"; while :; do sleep 1; done', marker],
    ]);
    const isDeaf = () =>
      stat(marker).then(
        () => true,
        () => false,
      );
    expect(await holdsWithin(isDeaf, 10_000)).toBe(true);
    await guarded.end();
    expect((await guarded.ended).code).toBe(128 + 9);
    expect(isRunning(guarded.pid ?? 0)).toBe(false);
  });
});

async function parentOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=', '-p', String(pid)]);
  return Number(stdout.trim());
}

describe('data folder', () => {
  it('creates the folder and its parents for us alone', async () => {
    const path = join(await temporaryFolder(), 'a', 'b');
    const folder = await openDataFolder(path);
    cleanups.push(folder.release);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it('names the folder when a part of its path is a file', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const below = join(file, 'data');
    expect(await startErrorOf(openDataFolder(below))).toBe(
      `The data folder ${below} can't be used (INVITED_DATA_DIR): a part of its path is no folder.`,
    );
    expect(await startErrorOf(openDataFolder(file))).toContain('it is no folder');
  });

  it('belongs to one at a time, by whatever name it is opened', async () => {
    const path = await temporaryFolder();
    const other = join(await temporaryFolder(), 'link');
    await symlink(path, other);
    const first = await openDataFolder(path);
    expect(await startErrorOf(openDataFolder(other))).toBe(`Another invited uses the data folder ${path}.`);
    await first.release();
    const second = await openDataFolder(other);
    expect(second.path).toBe(path);
    await second.release();
  });

  it('is free again as soon as its owner is killed', async () => {
    const path = await temporaryFolder();
    const owner = await lockInChild(path);
    expect(await lockFolder(path)).toBeNull();
    const ended = once(owner, 'exit');
    owner.kill('SIGKILL');
    await ended;
    expect(await readdir(path)).toEqual(['lock-1.sock']);
    const lock = await lockFolder(path);
    expect(lock).not.toBeNull();
    expect(await readdir(path)).toEqual(['lock-2.sock']);
    await lock?.release();
    expect(await readdir(path)).toEqual([]);
  });

  it('is given to exactly one of many who take it over from a dead owner at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const path = await temporaryFolder();
      const owner = await lockInChild(path);
      const ended = once(owner, 'exit');
      owner.kill('SIGKILL');
      await ended;
      const locks = await Promise.all(Array.from({ length: 12 }, () => lockFolder(path)));
      const held = locks.filter((lock) => lock !== null);
      expect(held).toHaveLength(1);
      expect(await lockFolder(path)).toBeNull();
      await held[0]?.release();
    }
  });
});

/** A process that holds a lock as a killed owner would leave it: a listening socket, and nothing that cleans up. */
async function lockInChild(path: string): Promise<ChildProcess> {
  const script = join(await temporaryFolder(), 'owner.mjs');
  await writeFile(
    script,
    `import { createServer } from 'node:net';
     createServer((c) => c.destroy()).listen(process.argv[2], () => process.send('listening'));`,
  );
  const child = fork(script, [join(path, 'lock-1.sock')]);
  cleanups.push(async () => child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

describe('secret of the data folder', () => {
  it('is 32 random bytes that only we can read, and stays the same', async () => {
    const folder = await temporaryFolder();
    const secret = await loadOrCreateSecret(folder);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect((await stat(join(folder, 'jwt-secret'))).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateSecret(folder)).toBe(secret);
    expect(await loadOrCreateSecret(await temporaryFolder())).not.toBe(secret);
  });

  it('is the same for all who create it at once, and no draft stays behind', async () => {
    const folder = await temporaryFolder();
    const secrets = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateSecret(folder)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(folder)).toEqual(['jwt-secret']);
  });

  it('is never replaced when it is damaged', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'jwt-secret'), 'short');
    const message = await startErrorOf(loadOrCreateSecret(folder));
    expect(message).toContain(join(folder, 'jwt-secret'));
    expect(message).not.toContain('short');
    expect(await readFile(join(folder, 'jwt-secret'), 'utf8')).toBe('short');
  });
});
