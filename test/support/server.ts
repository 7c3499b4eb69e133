// Starts the built program as a stranger would, on free ports, against the Redis of the test run.
// Must never leave a process behind, and never hide why one did not start.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { removeFolder } from './remove-folder.js';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_MAX_MS = 20_000;
const STOP_MAX_MS = 15_000;
const OUTPUT_MAX_CHARACTERS = 65_536;

export interface TestServer {
  /** Of `invited start`, the supervisor of all its processes. */
  readonly pid: number;
  readonly url: string;
  readonly adminUrl: string;
  readonly secret: string;
  readonly gatewayKey: string;
  readonly redisUrl: string;
  /** Everything that the program has written so far, the newest 64 Ki characters of it. */
  output(): string;
  /** Ends it by SIGTERM; fails unless it exits with 0. */
  stop(): Promise<void>;
}

/** `env` adds to the settings of the test, or replaces them. */
export async function startServer(env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const secret = randomBytes(32).toString('base64url');
  const gatewayKey = randomBytes(24).toString('base64url');
  const redisUrl = env['INVITED_REDIS_URL'] ?? inject('redisUrl');
  const dataDir = await mkdtemp(join(tmpdir(), 'invited-http-'));
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inheritedEnv(),
      INVITED_REDIS_URL: redisUrl,
      INVITED_HOST: '127.0.0.1',
      INVITED_PORT: '0',
      INVITED_ADMIN_HOST: '127.0.0.1',
      INVITED_ADMIN_PORT: '0',
      INVITED_DEMO: '0',
      INVITED_DATA_DIR: dataDir,
      INVITED_JWT_SECRET: secret,
      INVITED_GATEWAY_KEYS: gatewayKey,
      // What the limits do is the subject of no test here; they would only get in the way of the others.
      INVITED_RATE_LIMITS: 'off',
      // All share one Redis, of which no two copies may be made; a test of the copy brings servers of its own.
      INVITED_POSTGRES: 'off',
      ...env,
    },
  });
  let all = '';
  let stdout = '';
  const keep = (chunk: unknown): void => {
    all = (all + String(chunk)).slice(-OUTPUT_MAX_CHARACTERS);
  };
  child.stdout.on('data', (chunk) => {
    if (!/^ready/m.test(stdout)) stdout += String(chunk);
    keep(chunk);
  });
  child.stderr.on('data', keep);
  const killWithTests = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithTests);
  child.once('exit', () => process.off('exit', killWithTests));

  const urls = await startedUrls(child, () => stdout).catch(async (error: unknown) => {
    await kill(child);
    await removeFolder(dataDir);
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${all}`);
  });
  return {
    ...urls,
    pid: child.pid ?? 0,
    secret,
    gatewayKey,
    redisUrl,
    output: () => all,
    async stop() {
      const code = await terminate(child);
      await removeFolder(dataDir);
      if (code !== 0) throw new Error(`the server ended with ${code} instead of 0\n${all}`);
    },
  };
}

/** The settings of the person who runs the tests must not reach the server. */
function inheritedEnv(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('INVITED_')));
}

function startedUrls(
  child: ChildProcess,
  stdout: () => string,
): Promise<{ readonly url: string; readonly adminUrl: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error(`not ready within ${START_MAX_MS} ms`)), START_MAX_MS);
    const finish = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    child.once('error', finish);
    child.once('exit', (code, signal) => finish(new Error(`ended at its start: ${code ?? signal}`)));
    child.stdout?.on('data', () => {
      const lines = stdout();
      const url = /^ {2}public {2}(http:\/\/127\.0\.0\.1:\d+)\s*$/m.exec(lines)?.[1];
      const adminUrl = /^ {2}admin {3}(http:\/\/127\.0\.0\.1:\d+)\s*$/m.exec(lines)?.[1];
      if (url === undefined || adminUrl === undefined || !/^ready/m.test(lines)) return;
      clearTimeout(timer);
      resolve({ url, adminUrl });
    });
  });
}

async function terminate(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
  const exited = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
  return child.exitCode ?? child.signalCode;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
