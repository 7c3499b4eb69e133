// Starts one of bench/peers as a program of its own and waits until it serves. It ends with us, however we end: its
// stdin is a pipe that only we hold.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deadlineReached } from '../../src/embedded/deadline.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const READY_MAX_MS = 30_000;
const STOP_MAX_MS = 10_000;
const PRINTED_CHARS_MAX = 100_000;

export interface PeerProcess {
  readonly url: string;
  readonly pid: number;
  /** SIGTERM, SIGKILL after 10 s. */
  stop(): Promise<void>;
}

/** `file` is one of bench/peers, `env` its PEER_… settings. */
export async function startPeer(file: string, env: Readonly<Record<string, string>>): Promise<PeerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', `bench/peers/${file}`], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PEER_PORT: '0', ...env },
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    const url = await readyUrl(child, ended);
    return { url, pid: child.pid ?? 0, stop: () => stop(child, ended) };
  } catch (error) {
    await stop(child, ended);
    throw error;
  }
}

async function readyUrl(child: ChildProcess, ended: Promise<void>): Promise<string> {
  let printed = '';
  let url: string | undefined;
  const ready = new Promise<void>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-PRINTED_CHARS_MAX);
      url ??= /^ready (http:\S+)$/m.exec(printed)?.[1];
      if (url !== undefined) resolve();
    });
  });
  const isLate = await deadlineReached(Promise.race([ready, ended]), READY_MAX_MS);
  if (url !== undefined) return url;
  throw new Error(
    isLate ? `The peer was not ready within ${READY_MAX_MS / 1000} s.` : 'The peer did not start.',
  );
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  if (await deadlineReached(ended, STOP_MAX_MS)) child.kill('SIGKILL');
  await ended;
}
