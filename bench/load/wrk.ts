// Drives a server with wrk: as many requests as it will answer, over a number of connections.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  firstUser,
  frame,
  type LoadOptions,
  type LoadResult,
  type LoadTarget,
  type Traffic,
  writeTokens,
} from './traffic.js';

const SCRIPT = fileURLToPath(new URL('./requests.lua', import.meta.url));
const THREADS = 2;
/** A user's number is the last nine digits of his id; LuaJIT counts those exactly. */
const NUMBER_DIGITS = 9;
const OVERTIME_MS = 15_000;

export async function runWrk(
  target: LoadTarget,
  traffic: Traffic,
  options: LoadOptions,
): Promise<LoadResult> {
  const threads = Math.min(THREADS, options.connections);
  const requests = join(options.folder, 'requests.txt');
  const hex = (text: string) => Buffer.from(text).toString('hex');
  const lines = traffic.requests.map((shape) => {
    const [before, behind] = frame(shape, traffic, target);
    return `${hex(before)} ${hex(behind)} ${shape.user === 'next' ? 1 : 0}`;
  });
  writeFileSync(requests, `${lines.join('\n')}\n`);
  const tokens = writeTokens(traffic, target, options);
  const first = String(firstUser(traffic, options.run));

  const output = await run(
    'wrk',
    [
      ...['-t', String(threads), '-c', String(options.connections), '-d', `${options.seconds}s`],
      ...['--timeout', '5s', '-s', SCRIPT, `http://${target.host}:${target.port}`, '--'],
      ...[requests, String(threads), first.slice(0, -NUMBER_DIGITS), first.slice(-NUMBER_DIGITS)],
      ...[String(traffic.members ?? 0), tokens ?? '-'],
    ],
    options.seconds * 1000 + OVERTIME_MS,
  );
  const fields = /^RESULT (.+)$/m.exec(output)?.[1]?.split(' ').map(Number);
  if (fields === undefined) throw new Error(`wrk gave no result:\n${output}`);
  const [micros = 0, answers = 0, refusals = 0, failures = 0, p50 = 0, p99 = 0, p999 = 0] = fields;
  return { seconds: micros / 1e6, answers, refusals, failures, latencyMs: { p50, p99, p999 } };
}

function run(program: string, args: readonly string[], maxMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: maxMs });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${code}:\n${output}`));
    });
  });
}
