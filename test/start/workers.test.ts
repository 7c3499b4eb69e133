// Several workers on one port, and what becomes of them when they or their supervisor die.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { cleanUp, type Program, ROOT, startProgram } from './program.js';

afterEach(cleanUp);

const WORKERS = 3;

async function workerPids(program: Program): Promise<readonly number[]> {
  const { pid } = program;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids: number[] = [];
  for (const child of children.trim().split(' ').map(Number)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes('worker')) pids.push(child);
  }
  return pids;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isServing(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

async function start(): Promise<{
  readonly program: Program;
  readonly adminUrl: string;
  readonly pids: readonly number[];
}> {
  const program = await startProgram({ env: { INVITED_WORKERS: String(WORKERS) } });
  const { adminUrl } = await program.ready();
  return { program, adminUrl, pids: await workerPids(program) };
}

describe('workers', () => {
  it('are as many as asked for, serve one port, and end with exit code 0 and nothing left', async () => {
    const { program, adminUrl, pids } = await start();
    expect(pids).toHaveLength(WORKERS);
    for (let at = 0; at < 20; at += 1) expect(await isServing(adminUrl)).toBe(true);
    program.signal('SIGTERM');
    expect((await program.ended()).code).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('are started again when they die, while the others serve on', async () => {
    const { program, adminUrl, pids } = await start();
    for (const pid of pids.slice(0, 2)) process.kill(pid, 'SIGKILL');
    expect(await holdsWithin(async () => (await workerPids(program)).length === WORKERS, 10_000)).toBe(true);
    const now = await workerPids(program);
    expect(now).toContain(pids[2]);
    expect(now.filter((pid) => pids.includes(pid))).toHaveLength(1);
    expect(await holdsWithin(() => isServing(adminUrl), 5000)).toBe(true);
  });

  it('all die with their supervisor, and free the port', async () => {
    const { program, adminUrl, pids } = await start();
    program.signal('SIGKILL');
    expect(await holdsWithin(async () => !pids.some(isRunning), 5000)).toBe(true);
    expect(await isServing(adminUrl)).toBe(false);
  });

  it.each(['worker', 'jobs'])(
    'a %s process whose supervisor died while it was still loading ends too',
    async (command) => {
      const child = fork(join(ROOT, 'dist', 'main.js'), [command], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      child.disconnect();
      expect(await ended).toEqual([1, null]);
    },
  );

  it('can not share a Unix socket', async () => {
    const program = await startProgram({ env: { INVITED_WORKERS: '2', INVITED_PORT: 'unix:/tmp/x.sock' } });
    const { code, err } = await program.ended();
    expect(code).toBe(1);
    expect(err).toBe('Wrong settings: INVITED_WORKERS must be 1 where a listener is a Unix socket.\n');
  });

  it('say in one line that they are not to be started by hand', async () => {
    const command = [process.execPath, join(ROOT, 'dist', 'main.js'), 'worker'] as const;
    const { code, err } = await (await startProgram({ command })).ended();
    expect(code).toBe(1);
    expect(err).toBe('A worker is started by `invited start`, not by hand.\n');
  });

  it('say in one line that the port is in use', async () => {
    const first = await startProgram();
    const { url } = await first.ready();
    const second = await startProgram({ env: { INVITED_PORT: new URL(url).port } });
    const { code, err } = await second.ended();
    expect(code).toBe(1);
    expect(err).toMatch(/^Port \d+ on 127\.0\.0\.1 is in use or may not be used \(INVITED_PORT\)\.\n$/);
  });
});
