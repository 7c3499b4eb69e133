// Latency at fixed arrival rates: accept-hot at a quarter, half and three quarters of its peak, and the ceiling at the same
// rates, in turns.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invited } from './contenders/invited.js';
import type { OpenLoopJob, OpenLoopRun } from './load/open-loop-client.js';
import {
  type Entrant,
  type RoundSettings,
  takeTurn,
  targetOf,
  withCeiling,
  withContenders,
} from './rounds.js';
import { scenarios, trafficOf, worldOf } from './scenarios.js';
import { median } from './stats.js';

const CLIENT = fileURLToPath(new URL('./load/open-loop-client.ts', import.meta.url));
const SHARES = [0.25, 0.5, 0.75];
const PEAK_TURNS = 3;
/** Runs are numbered apart from those of the rounds, so that no two have the same users. */
const RUNS_FROM = 5000;
const OVERTIME_MS = 20_000;

export interface OpenLoopResult {
  /** accept-hot with as many requests as it would answer. */
  readonly peakPerSecond: number;
  readonly rates: readonly {
    readonly share: number;
    readonly perSecond: number;
    readonly standings: readonly {
      readonly name: string;
      readonly p50: number;
      readonly p99: number;
      readonly p999: number;
    }[];
  }[];
}

export async function measureOpenLoop(
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<OpenLoopResult> {
  tell('open-loop');
  const scenario = scenarios.find(({ name }) => name === 'accept-hot');
  if (scenario === undefined) throw new RangeError('no accept-hot');
  const world = worldOf(scenario);
  const traffic = trafficOf(scenario, world);
  return withContenders([invited()], world, 'everysec', (started) =>
    withCeiling(
      started.map((entrant) => ({ ...entrant, world, traffic })),
      async (entrants) => {
        const [first] = entrants;
        if (first === undefined) throw new RangeError('no contenders');
        const peaks: number[] = [];
        for (let at = 0; at < PEAK_TURNS; at += 1) peaks.push((await takeTurn(first, settings)).perSecond);
        const peakPerSecond = median(peaks);
        const rates = [];
        for (const share of SHARES) {
          const perSecond = Math.round(peakPerSecond * share);
          rates.push({ share, perSecond, standings: await atRate(entrants, perSecond, settings, tell) });
        }
        return { peakPerSecond, rates };
      },
    ),
  );
}

let run = RUNS_FROM;

async function atRate(
  entrants: readonly Entrant[],
  rate: number,
  { rounds, connections, seconds }: RoundSettings,
  tell: (line: string) => void,
): Promise<OpenLoopResult['rates'][number]['standings']> {
  const runs = new Map<string, OpenLoopRun['latencyMs'][]>(entrants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, running, traffic } of entrants) {
      run += 1;
      const outcome = await runClient({
        target: targetOf(running),
        traffic,
        run,
        connections,
        seconds,
        rate,
      });
      if (outcome.failures > 0) throw new Error(`${name}: ${outcome.failures} requests had no answer`);
      runs.get(name)?.push(outcome.latencyMs);
      tell(`${rate}/s  round ${round + 1}  ${name.padEnd(20)} p99 ${outcome.latencyMs.p99.toFixed(2)} ms`);
    }
  }
  return entrants.map(({ name }) => {
    const own = runs.get(name) ?? [];
    return {
      name,
      p50: median(own.map(({ p50 }) => p50)),
      p99: median(own.map(({ p99 }) => p99)),
      p999: median(own.map(({ p999 }) => p999)),
    };
  });
}

async function runClient(job: OpenLoopJob): Promise<OpenLoopRun> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-load-'));
  try {
    const file = join(folder, 'job.json');
    await writeFile(file, JSON.stringify(job));
    const output = await new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', CLIENT, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: job.seconds * 1000 + OVERTIME_MS,
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      child.on('error', reject);
      child.on('close', (code) =>
        code === 0 ? resolve(text) : reject(new Error(`the open-loop client ended with ${code}`)),
      );
    });
    return JSON.parse(output) as OpenLoopRun;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
