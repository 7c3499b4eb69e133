// What the copy in Postgres costs, and how fast it is: the same load on a server without one, with the embedded Postgres and with a real
// one, in turns. After each turn nobody asks for anything until all is copied; then `invited verify` compares the two stores.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Running } from './contender.js';
import { type InvitedContender, type InvitedRunning, invited } from './contenders/invited.js';
import { postgresProblem, startPeerPostgres } from './contenders/peer-postgres.js';
import { KEYS, type RoundSettings, type Standing, takeTurns } from './rounds.js';
import { scenarios, trafficOf, worldOf } from './scenarios.js';
import { median } from './stats.js';

export const WITHOUT = 'no Postgres';

export interface CopyResult {
  readonly scenarios: readonly {
    readonly name: string;
    readonly standings: readonly Standing[];
    /** Rows a second while catching up after a turn: the median of the turns. */
    readonly drained: readonly {
      readonly name: string;
      readonly rowsPerSecond: number;
      readonly seconds: number;
    }[];
    /** From the end of the last turn until `invited verify --watch` found that both agree. */
    readonly agreed: readonly { readonly name: string; readonly seconds: number; readonly accepts: number }[];
  }[];
}

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** Less than that is no measure of speed. */
const DRAIN_MIN_MS = 200;

export async function measureCopy(
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<CopyResult> {
  const results: CopyResult['scenarios'][number][] = [];
  for (const name of ['accept-hot', 'accept-many']) {
    tell(`copy: ${name}`);
    results.push(await measure(name, settings, tell));
  }
  return { scenarios: results };
}

interface Up {
  readonly name: string;
  readonly running: InvitedRunning;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly drains: { readonly rows: number; readonly ms: number }[];
}

async function measure(
  name: string,
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<CopyResult['scenarios'][number]> {
  const scenario = scenarios.find((known) => known.name === name);
  if (scenario === undefined) throw new RangeError(`no ${name}`);
  const world = worldOf(scenario);
  const traffic = trafficOf(scenario, world);
  const cleanUps: (() => Promise<void>)[] = [];
  const newFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'invited-bench-'));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
    return folder;
  };
  try {
    const contenders: [InvitedContender, Readonly<Record<string, string>>][] = [
      contender(WITHOUT, { INVITED_POSTGRES: 'off' }),
      contender('embedded Postgres', {}),
    ];
    const problem = postgresProblem();
    if (problem === null) {
      const postgres = await startPeerPostgres(await newFolder());
      cleanUps.push(() => postgres.stop());
      contenders.push(
        contender('real Postgres', { INVITED_POSTGRES_URL: postgres.env['PEER_POSTGRES_URL'] ?? '' }),
      );
    } else {
      tell(`without a real Postgres: ${problem}`);
    }
    const up: Up[] = [];
    for (const [{ name: label, start }, env] of contenders) {
      const folder = await newFolder();
      const running = await start({ ...KEYS, folder, fsync: 'everysec' });
      cleanUps.push(() => running.stop());
      await running.load(world);
      await running.settle?.();
      up.push({ name: label, running, folder, env, drains: [] });
    }
    const entrants = up.map((one) => ({ name: one.name, running: measured(one), world, traffic }));
    const standings = await takeTurns(entrants, WITHOUT, scenario.sum, settings, tell);
    const agreed = [];
    for (const one of up) {
      if (one.running.copy === null) continue;
      // One more turn, and right behind it the comparison, while it is still being copied.
      const entrant = { name: one.name, running: { ...one.running, settle: async () => {} }, world, traffic };
      const [last] = await takeTurns([entrant], one.name, scenario.sum, { ...settings, rounds: 1 }, () => {});
      agreed.push({
        name: one.name,
        seconds: await verifySeconds(one),
        accepts: last?.turns[0]?.answers ?? 0,
      });
    }
    return {
      name,
      standings,
      drained: up.flatMap(({ name: label, drains }) => {
        const measurable = drains.filter(({ ms }) => ms >= DRAIN_MIN_MS);
        if (measurable.length === 0) return [];
        return [
          {
            name: label,
            rowsPerSecond: median(measurable.map(({ rows, ms }) => (rows / ms) * 1000)),
            seconds: median(measurable.map(({ ms }) => ms / 1000)),
          },
        ];
      }),
      agreed,
    };
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}

function contender(
  name: string,
  env: Readonly<Record<string, string>>,
): [InvitedContender, Readonly<Record<string, string>>] {
  return [invited(name, env), env];
}

/** Notes how fast it catches up after each turn. */
function measured({ running, drains }: Up): Running {
  return {
    ...running,
    async settle() {
      if (running.copy === null) return;
      const { events, ms } = await running.copy.untilWhole();
      drains.push({ rows: 2 * events, ms });
    },
  };
}

async function verifySeconds({ folder, env }: Up): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [MAIN, 'verify', '--watch', '--timeout', '120s'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], INVITED_DATA_DIR: folder, ...env },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`invited verify found differences (exit ${String(code)})`);
  return (performance.now() - startedAt) / 1000;
}
