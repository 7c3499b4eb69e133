// Runs contenders against each other: all are up at once, and take turns, so that what slows the machine for a while slows
// each of them. Holds every store to its sum after each turn; a wrong sum fails the bench.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender, Counts, Running, World } from './contender.js';
import { startHello } from './contenders/hello.js';
import { cpuMicros } from './cpu.js';
import { runAutocannon } from './load/autocannon.js';
import { frame, type LoadResult, type LoadTarget, type Traffic } from './load/traffic.js';
import { runWrk } from './load/wrk.js';
import { type Scenario, trafficOf, worldOf } from './scenarios.js';
import { median } from './stats.js';
import { checkSum } from './sum.js';

export const CEILING = 'hello';

export interface RoundSettings {
  readonly rounds: number;
  /** Of each turn. */
  readonly seconds: number;
  readonly connections: number;
  readonly driver: 'wrk' | 'autocannon';
}

/** One turn of one contender. */
export interface Turn extends LoadResult {
  readonly perSecond: number;
  /** Processor time of the server and of its store, in µs for each answer. */
  readonly serverMicros: number;
  readonly storeMicros: number;
}

export interface Standing {
  readonly name: string;
  readonly turns: readonly Turn[];
  readonly median: {
    readonly perSecond: number;
    /** Share of the throughput of whoever all are compared with: the median of the ratios within each round. */
    readonly share: number;
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly serverMicros: number;
    readonly storeMicros: number;
    /** Share of answers that were refusals. */
    readonly refused: number;
  };
  /** What its store held at the end. */
  readonly counts: Counts;
}

/** Who takes turns, and at what. */
export interface Entrant {
  readonly name: string;
  readonly running: Running;
  readonly world: World;
  readonly traffic: Traffic;
}

/** What every contender is started with, and every load sends. */
export const KEYS: Pick<LoadTarget, 'gatewayKey' | 'jwtSecret'> = {
  gatewayKey: 'a-gateway-key-for-benches-only-32',
  jwtSecret: 'a secret for benches only, of 32 bytes or more',
};
const WARM_UP_SECONDS = 2;
const SETTLE_MAX_MS = 10_000;

let runs = 0;

/** @throws when a contender doesn't start, a request fails, or a sum is wrong */
export async function runScenario(
  scenario: Scenario,
  contenders: readonly Contender[],
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<readonly Standing[]> {
  const world = worldOf(scenario);
  const traffic = trafficOf(scenario, world);
  return withContenders(contenders, world, scenario.fsync ?? 'everysec', (started) => {
    const entrants = started.map((entrant) => ({ ...entrant, world, traffic }));
    return withCeiling(entrants, (all) => takeTurns(all, CEILING, scenario.sum, settings, tell));
  });
}

/** Puts the ceiling beside them, answering with a body like the first one's. */
export async function withCeiling<Result>(
  entrants: readonly Entrant[],
  work: (entrants: readonly Entrant[]) => Promise<Result>,
): Promise<Result> {
  const [first] = entrants;
  if (first === undefined) throw new RangeError('no contenders');
  const hello = await startHello(await sampleBody(first));
  try {
    return await work([...entrants, { ...first, name: CEILING, running: hello }]);
  } finally {
    await hello.stop();
  }
}

/** Starts and fills all of them, and ends them again whatever happens. */
export async function withContenders<Result>(
  contenders: readonly Contender[],
  world: World,
  fsync: 'off' | 'everysec' | 'always',
  work: (started: readonly Pick<Entrant, 'name' | 'running'>[]) => Promise<Result>,
): Promise<Result> {
  const started: Pick<Entrant, 'name' | 'running'>[] = [];
  const folders: string[] = [];
  try {
    for (const contender of contenders) {
      const folder = await mkdtemp(join(tmpdir(), 'invited-bench-'));
      folders.push(folder);
      const running = await contender.start({ ...KEYS, folder, fsync });
      started.push({ name: contender.name, running });
      await running.load(world);
    }
    return await work(started);
  } finally {
    for (const { running } of started) await running.stop();
    for (const folder of folders)
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** `reference`: the entrant with whom all are compared. */
export async function takeTurns(
  entrants: readonly Entrant[],
  reference: string,
  sum: Scenario['sum'],
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<readonly Standing[]> {
  const turns = new Map<string, Turn[]>(entrants.map(({ name }) => [name, []]));
  const counts = new Map<string, Counts>();
  for (const entrant of entrants) {
    await takeTurn(entrant, { ...settings, seconds: WARM_UP_SECONDS });
    counts.set(entrant.name, await settledCounts(entrant));
  }
  for (let round = 0; round < settings.rounds; round += 1) {
    // Each goes first once.
    const shift = round % entrants.length;
    for (const entrant of [...entrants.slice(shift), ...entrants.slice(0, shift)]) {
      const turn = await takeTurn(entrant, settings);
      turns.get(entrant.name)?.push(turn);
      const before = counts.get(entrant.name);
      const after = await settledCounts(entrant);
      if (entrant.name !== CEILING && before !== undefined) {
        checkSum(entrant.name, sum, turn, before, after, settings.connections);
      }
      counts.set(entrant.name, after);
      tell(`round ${round + 1}  ${entrant.name.padEnd(20)} ${Math.round(turn.perSecond)} answers/s`);
    }
  }
  const ofReference = turns.get(reference) ?? [];
  return entrants.map(({ name }) => {
    const own = turns.get(name) ?? [];
    const of = (figure: (turn: Turn) => number) => median(own.map(figure));
    return {
      name,
      turns: own,
      median: {
        perSecond: of(({ perSecond }) => perSecond),
        share: median(own.map((turn, at) => turn.perSecond / (ofReference[at]?.perSecond ?? Number.NaN))),
        p50: of(({ latencyMs }) => latencyMs.p50),
        p99: of(({ latencyMs }) => latencyMs.p99),
        p999: of(({ latencyMs }) => latencyMs.p999),
        serverMicros: of(({ serverMicros }) => serverMicros),
        storeMicros: of(({ storeMicros }) => storeMicros),
        refused: of(({ refusals, answers }) => refusals / answers),
      },
      counts: counts.get(name) ?? { uses: 0, joins: 0, records: null },
    };
  });
}

export async function takeTurn({ running, traffic }: Entrant, settings: RoundSettings): Promise<Turn> {
  runs += 1;
  const folder = await mkdtemp(join(tmpdir(), 'invited-load-'));
  try {
    const drive = settings.driver === 'wrk' ? runWrk : runAutocannon;
    const options = { ...settings, run: runs, folder };
    const before = [cpuMicros(running.serverPids()), cpuMicros(running.storePids())] as const;
    const result = await drive(targetOf(running), traffic, options);
    const after = [cpuMicros(running.serverPids()), cpuMicros(running.storePids())] as const;
    await running.settle?.();
    if (result.failures > 0) throw new Error(`${result.failures} requests had no answer`);
    return {
      ...result,
      perSecond: result.answers / result.seconds,
      serverMicros: (after[0] - before[0]) / result.answers,
      storeMicros: (after[1] - before[1]) / result.answers,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function targetOf(running: Running): LoadTarget {
  const { hostname, port } = new URL(running.url);
  return { ...KEYS, host: hostname, port: Number(port) };
}

/** What a contender answers to the traffic's first request, as a user of no run. */
async function sampleBody({ running, traffic }: Entrant): Promise<string> {
  const [shape] = traffic.requests;
  if (shape === undefined) throw new RangeError('traffic without requests');
  const target = targetOf(running);
  // Its identity is the same as in the load; a reading of the invite has the size of its acceptance, or nearly.
  const reading =
    shape.user === 'next' ? { ...shape, method: 'GET' as const, user: 'nobody' as const } : shape;
  const [before, behind] = frame(reading, traffic, target);
  const headers = Object.fromEntries(
    (before + behind)
      .split('\r\n\r\n')[0]
      ?.split('\r\n')
      .slice(1)
      .filter((line) => line !== '' && !/^(host|content-length):/i.test(line))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]) ?? [],
  );
  const answer = await fetch(running.url + reading.path, {
    method: reading.method,
    headers,
    ...(reading.body === '' ? {} : { body: reading.body }),
  });
  return answer.text();
}

/** Requests that were under way when the load stopped may still be counted: waits until nothing moves any more. */
async function settledCounts({ running, world }: Entrant): Promise<Counts> {
  const deadline = performance.now() + SETTLE_MAX_MS;
  let last = await running.count(world);
  while (performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = await running.count(world);
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
  throw new Error('the counts did not come to rest');
}
