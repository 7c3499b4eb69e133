// `npm run bench`: measures, prints, and fails if a sum does not hold. See docs/performance.md for how to read it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Contender } from './contender.js';
import { invited } from './contenders/invited.js';
import { peersHere } from './contenders/peer-servers.js';
import { type CopyResult, measureCopy } from './copy.js';
import { type IdleResult, measureIdle } from './idle.js';
import { type LimitsResult, measureLimits } from './limits.js';
import { describeMachine, driverVersion, hasWrk } from './machine.js';
import { measureOpenLoop, type OpenLoopResult } from './open-loop.js';
import {
  printCopy,
  printIdle,
  printLimits,
  printMachine,
  printOpenLoop,
  printRelay,
  printScale,
  printScenario,
} from './print.js';
import { measureRelay, type RelayResult } from './relay.js';
import { renderReport } from './report.js';
import type { BenchResult } from './result.js';
import { type RoundSettings, runScenario } from './rounds.js';
import { measureScale, type ScaleResult } from './scale.js';
import { scenarios } from './scenarios.js';

const EXTRA = ['one-client', 'open-loop', 'copy', 'relay', 'limits', 'scale'] as const;
/** Only where they are asked for: they take their time. */
const LONG: readonly string[] = ['copy', 'relay', 'limits', 'scale'];
const USAGE = `usage: npm run bench -- [scenario …] [options]

  scenarios       ${scenarios.map(({ name }) => name).join(' ')}
                  ${EXTRA.join(' ')} (default: all but ${LONG.join(', ')})
  --rounds N      turns of each contender, 1–50 (default 5)
  --seconds N     of each turn, 1–60 (default 3)
  --connections N 1–2000 (default 256)
  --driver NAME   wrk or autocannon (default: wrk where it is installed, Debian's package wrk)
  --no-peers      leave out what others would build
  --json          print the result as JSON, the talk on stderr
  --report FILE   write a page with charts
  --svg FOLDER    write the charts alone
`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '256' },
      driver: { type: 'string', default: hasWrk() ? 'wrk' : 'autocannon' },
      'no-peers': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      report: { type: 'string' },
      svg: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const settings = {
    rounds: wholeNumber('--rounds', values.rounds, 50),
    seconds: wholeNumber('--seconds', values.seconds, 60),
    connections: wholeNumber('--connections', values.connections, 2000),
    driver: driverNamed(values.driver),
  };
  const known: readonly string[] = [...scenarios.map(({ name }) => name), ...EXTRA];
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new WrongUsage(`no such scenario: ${unknown.join(', ')}`);
  const wanted = positionals.length > 0 ? positionals : known.filter((name) => !LONG.includes(name));

  const talk = values.json ? process.stderr : process.stdout;
  const print = (line: string): void => void talk.write(`${line}\n`);
  const tell = (line: string): void => void process.stderr.write(`  ${line}\n`);
  const result: BenchResult = {
    at: new Date().toISOString(),
    machine: describeMachine(driverVersion(settings.driver)),
    settings,
    scenarios: [],
    openLoop: null,
    idle: null,
    scale: null,
    copy: null,
    relay: null,
    limits: null,
  };
  for (const scenario of scenarios.filter(({ name }) => wanted.includes(name))) {
    tell(scenario.name);
    const contenders: readonly Contender[] =
      scenario.withPeers && !values['no-peers'] ? [invited(), ...peersHere(tell)] : [invited()];
    const standings = await runScenario(scenario, contenders, settings, tell);
    result.scenarios.push({ name: scenario.name, title: scenario.title, standings });
    printScenario(print, scenario, standings);
  }
  if (wanted.includes('one-client')) {
    const idle: IdleResult = await measureIdle(settings, tell);
    result.idle = idle;
    printIdle(print, idle);
  }
  if (wanted.includes('open-loop')) {
    const openLoop: OpenLoopResult = await measureOpenLoop(settings, tell);
    result.openLoop = openLoop;
    printOpenLoop(print, openLoop);
  }
  if (wanted.includes('copy')) {
    const copy: CopyResult = await measureCopy(settings, tell);
    result.copy = copy;
    printCopy(print, copy);
  }
  if (wanted.includes('relay')) {
    const relay: RelayResult = await measureRelay(settings, tell);
    result.relay = relay;
    printRelay(print, relay);
  }
  if (wanted.includes('limits')) {
    const limits: LimitsResult = await measureLimits(settings, tell);
    result.limits = limits;
    printLimits(print, limits);
  }
  if (wanted.includes('scale')) {
    const scale: ScaleResult = await measureScale(settings, tell);
    result.scale = scale;
    printScale(print, scale);
  }
  printMachine(print, result);
  if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  if (values.report !== undefined || values.svg !== undefined) {
    const { page, charts } = renderReport(result);
    if (values.report !== undefined) write(values.report, page);
    if (values.svg !== undefined) {
      for (const [name, svg] of Object.entries(charts)) write(`${values.svg}/${name}.svg`, svg);
    }
  }
  return 0;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stderr.write(`written: ${file}\n`);
}

class WrongUsage extends Error {}

function driverNamed(name: string): RoundSettings['driver'] {
  if (name !== 'wrk' && name !== 'autocannon') throw new WrongUsage('--driver must be wrk or autocannon');
  return name;
}

function wholeNumber(name: string, text: string, max: number): number {
  const number = Number(text);
  if (!/^\d{1,4}$/.test(text) || number < 1 || number > max) {
    throw new WrongUsage(`${name} must be a whole number from 1 to ${max}`);
  }
  return number;
}

// What was started ends with this process; Ctrl-C reaches it from the terminal as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage =
    error instanceof WrongUsage ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${isUsage ? USAGE : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
