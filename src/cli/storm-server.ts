// The server that a storm without --url runs against: the embedded default, as `npm start` gives it, in a
// temporary folder and on free ports. Must never touch the data of a real one.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StormFailed, type StormTarget } from './storm-run.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const READY_MAX_MS = 60_000;
const STOP_MAX_MS = 15_000;
const PRINTED_CHARS_MAX = 100_000;

export interface StormServer {
  readonly target: StormTarget;
  stop(): Promise<void>;
}

/** @throws StormFailed when the server doesn't get ready; what it said is on stderr */
export async function startStormServer(
  env: Readonly<Record<string, string | undefined>>,
): Promise<StormServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'invited-storm-'));
  const secret = randomBytes(32).toString('base64url');
  const server = spawn(process.execPath, [MAIN, 'start'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      // A storm is always against the same defaults, whatever is set here.
      ...Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('INVITED_'))),
      INVITED_HOST: '127.0.0.1',
      INVITED_PORT: '0',
      INVITED_ADMIN_PORT: '0',
      INVITED_DATA_DIR: dataDir,
      INVITED_DEMO: '0',
      INVITED_JWT_SECRET: secret,
      INVITED_RATE_LIMITS: 'off',
      INVITED_LOG_LEVEL: 'warn',
    },
  });
  server.stderr.pipe(process.stderr, { end: false });
  const stop = async () => {
    await end(server);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  try {
    return { target: { ...(await urlsOf(server)), secret }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads what the server prints until it says that it is ready. */
function urlsOf(
  server: ChildProcessWithoutNullStreams,
): Promise<{ readonly url: string; readonly adminUrl: string }> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const timer = setTimeout(
      () => reject(new StormFailed(`The server was not ready within ${READY_MAX_MS / 1000} s.`)),
      READY_MAX_MS,
    );
    server.once('close', () => {
      clearTimeout(timer);
      reject(new StormFailed('The server did not start.'));
    });
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-PRINTED_CHARS_MAX);
      const url = /^ {2}public +(http:\S+)$/m.exec(printed)?.[1];
      const adminUrl = /^ {2}admin +(http:\S+)$/m.exec(printed)?.[1];
      if (!/^ready.*\n/m.test(printed) || url === undefined || adminUrl === undefined) return;
      clearTimeout(timer);
      resolve({ url, adminUrl });
    });
  });
}

async function end(server: ChildProcessWithoutNullStreams): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), STOP_MAX_MS);
  await ended;
  clearTimeout(timer);
}
