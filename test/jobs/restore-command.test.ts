// `invited restore` as a person runs it: a process of its own, beside a server that may be running.

import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { restore as command, type Restored, type RestoreEvents } from '../../src/cli/restore.js';
import { dump } from '../support/dump.js';
import { onServerOnly } from '../support/postgres.js';
import { fill, RestoreWorld } from './world.js';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/main.ts');

onServerOnly('invited restore', (database) => {
  let world: RestoreWorld;
  beforeAll(async () => {
    world = await RestoreWorld.open(database().sql);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.reset();
    await world.run('truncate invited.meta');
  });

  const run = (...args: readonly string[]) =>
    new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((done) => {
      const env = {
        PATH: process.env['PATH'],
        INVITED_REDIS_URL: world.redisUrl,
        INVITED_POSTGRES_URL: database().url,
      };
      execFile(
        process.execPath,
        ['--import', 'tsx', MAIN, 'restore', ...args],
        { cwd: ROOT, env },
        (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });

  it('fills an empty Redis, opens it with the epoch of Postgres, and says up to when Postgres knows', async () => {
    await fill(world.engine);
    await world.copy();
    await world.run(`insert into invited.meta values ('epoch', 'of-postgres')`);
    await world.run(`update invited.journals set newest_at = '2026-01-02 03:04:05.678Z'`);
    const before = await dump(world.redis);
    await world.redis.flushall();
    const { code, out, err } = await run();
    expect(err).toMatch(/Redis is closed/);
    expect(out).toMatch(
      /^restored 2 guilds, 3 channels, \d+ members, 3 bans, 3 users, 1 group DMs, 10 invites, 1 vanity codes in /,
    );
    expect(out).toContain('changes after 2026-01-02T03:04:05.678Z may be lost');
    expect(code).toBe(0);
    expect(await world.store.epochs.read()).toEqual(['of-postgres']);
    expect(await dump(world.redis)).toEqual(before);
  });

  it('keeps its hands off where another process restores, or Postgres has nothing', async () => {
    const empty = await run();
    expect(empty).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('nothing to restore from'),
    });
    await fill(world.engine);
    await world.copy();
    await world.store.journal.lease(0, 'restore', 'another', 60_000);
    const busy = await run();
    expect(busy).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('Another process restores'),
    });
    expect(await world.store.epochs.read()).toEqual(['tests']);
  });

  it('leaves out damaged rows, says how many, and ends with 1', async () => {
    await fill(world.engine);
    await world.copy();
    await world.run(`update invited.users set record = '[]' where username = 'ada'`);
    await world.redis.flushall();
    const { code, out } = await run();
    expect(out).toContain('left out 1 rows');
    expect(code).toBe(1);
  });

  const told = async (args: readonly string[], work: (events: RestoreEvents) => Promise<Restored>) => {
    const lines: string[] = [];
    const code = await command(args, {
      run: work,
      problemOf: (error) => (error instanceof RangeError ? 'it is away.' : null),
      print: { out: (line) => lines.push(`out ${line}`), err: (line) => lines.push(`err ${line}`) },
    });
    return { code, lines };
  };
  const nothing = async (): Promise<Restored> => ({ status: 'nothing' });

  it('tells of wrong arguments, of help, of its progress, and of Redis that stays closed', async () => {
    expect(await told(['--nonsense'], nothing)).toMatchObject({
      code: 2,
      lines: [expect.stringContaining('Usage')],
    });
    expect(await told(['--help'], nothing)).toEqual({ code: 0, lines: ['out Usage: invited restore'] });
    const failed = await told([], async (events) => {
      events.closed();
      for (const done of [5000, 100_000, 105_000, 210_000]) events.progress(done);
      throw new RangeError();
    });
    expect(failed.code).toBe(1);
    expect(failed.lines.map((line) => line.slice(0, 20))).toEqual(
      [
        ...[
          'err Redis is closed: ',
          'err 100000 rows …',
          'err 210000 rows …',
          'err Not restored: it',
          'err Redis stays close',
        ],
      ].map((line) => line.slice(0, 20)),
    );
    await expect(told([], () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  });
});
