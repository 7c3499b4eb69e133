// The result as a person reads it in a terminal.

import type { CopyResult } from './copy.js';
import type { IdleResult } from './idle.js';
import type { LimitsResult } from './limits.js';
import type { OpenLoopResult } from './open-loop.js';
import type { RelayResult } from './relay.js';
import type { BenchResult } from './result.js';
import { CEILING, type Standing } from './rounds.js';
import type { ScaleResult } from './scale.js';
import type { Scenario } from './scenarios.js';

type Print = (line: string) => void;

export function printScenario(print: Print, scenario: Scenario, standings: readonly Standing[]): void {
  print(`\n${scenario.name}: ${scenario.title}`);
  const sums = standings
    .filter(({ name }) => name !== CEILING)
    .map(
      ({ name, counts }) =>
        `${name}: uses=${counts.uses} joins=${counts.joins} records=${counts.records ?? '–'}`,
    );
  table(print, [
    ['', 'answers/s', `of ${CEILING}`, 'p50 ms', 'p99 ms', 'p99.9 ms', 'server µs', 'store µs', 'refused'],
    ...standings.map(({ name, median }) => [
      name,
      whole(median.perSecond),
      median.share.toFixed(2),
      median.p50.toFixed(2),
      median.p99.toFixed(2),
      median.p999.toFixed(2),
      median.serverMicros.toFixed(1),
      median.storeMicros.toFixed(1),
      `${(median.refused * 100).toFixed(0)} %`,
    ]),
  ]);
  const own = standings[0];
  const peers = standings.slice(1).filter(({ name }) => name !== CEILING);
  if (own !== undefined) {
    for (const peer of peers) {
      const ratio = own.median.share / peer.median.share;
      print(`  ${own.name} ÷ ${peer.name}: ${ratio.toFixed(1)}`);
    }
  }
  print(`  the sum holds: ${sums.join(' · ')}`);
}

export function printIdle(print: Print, { standings }: IdleResult): void {
  print('\none-client: a single client that waits for each answer');
  table(print, [
    ['', 'p50 ms', 'p99 ms', 'answers/s'],
    ...standings.map(({ name, median }) => [
      name,
      median.p50.toFixed(3),
      median.p99.toFixed(3),
      whole(median.perSecond),
    ]),
  ]);
}

export function printOpenLoop(print: Print, { peakPerSecond, rates }: OpenLoopResult): void {
  print(
    `\nopen-loop: accept-hot at fixed rates, latency from the planned moment; peak ${whole(peakPerSecond)}/s`,
  );
  table(print, [
    ['', 'rate/s', '', 'p50 ms', 'p99 ms', 'p99.9 ms'],
    ...rates.flatMap(({ share, perSecond, standings }) =>
      standings.map(({ name, p50, p99, p999 }) => [
        `${share * 100} %`,
        whole(perSecond),
        name,
        p50.toFixed(2),
        p99.toFixed(2),
        p999.toFixed(2),
      ]),
    ),
  ]);
}

export function printCopy(print: Print, { scenarios }: CopyResult): void {
  for (const { name, standings, drained, agreed } of scenarios) {
    print(`\ncopy: ${name}, with and without a copy in Postgres`);
    table(print, [
      [
        '',
        'accepts/s',
        'of without',
        'p99 ms',
        'rows/s behind a turn',
        'for s',
        'verify agrees after s',
        'of accepts',
      ],
      ...standings.map(({ name: label, median }) => {
        const drain = drained.find((one) => one.name === label);
        const verified = agreed.find((one) => one.name === label);
        return [
          label,
          whole(median.perSecond),
          median.share.toFixed(2),
          median.p99.toFixed(2),
          drain === undefined ? '–' : whole(drain.rowsPerSecond),
          drain === undefined ? '–' : drain.seconds.toFixed(1),
          verified === undefined ? '–' : verified.seconds.toFixed(1),
          verified === undefined ? '–' : whole(verified.accepts),
        ];
      }),
    ]);
  }
}

export function printRelay(print: Print, { standings, told }: RelayResult): void {
  print('\nrelay: accept-hot, while a reader of the event stream and a webhook are told');
  table(print, [
    ['', 'accepts/s', 'of unheard', 'p99 ms'],
    ...standings.map(({ name, median }) => [
      name,
      whole(median.perSecond),
      median.share.toFixed(2),
      median.p99.toFixed(2),
    ]),
  ]);
  print(
    `  told, from the beginning of a turn until all was: stream ${whole(told.streamPerSecond)}/s, webhook ${whole(told.webhookPerSecond)}/s`,
  );
}

export function printLimits(print: Print, { standings }: LimitsResult): void {
  print('\nlimits: accept-hot, each request a new user, with and without rate limits');
  table(print, [
    ['', 'accepts/s', 'of without', 'p99 ms', 'server µs', 'store µs'],
    ...standings.map(({ name, median }) => [
      name,
      whole(median.perSecond),
      median.share.toFixed(2),
      median.p99.toFixed(2),
      median.serverMicros.toFixed(1),
      median.storeMicros.toFixed(1),
    ]),
  ]);
}

export function printScale(print: Print, { sizes }: ScaleResult): void {
  print('\nscale: the same load on what holds more');
  table(print, [
    [
      'invites',
      'members',
      'accept/s',
      'of first',
      'read/s',
      'of first',
      'B an invite',
      'B waiting',
      'B a member',
    ],
    ...sizes.map((size) => [
      whole(size.invites),
      whole(size.members),
      whole(size.acceptPerSecond),
      size.acceptOfSmallest.toFixed(2),
      whole(size.readPerSecond),
      size.readOfSmallest.toFixed(2),
      whole(size.bytesPerInvite),
      whole(size.bytesWaitingPerInvite),
      size.bytesPerMember === null ? '–' : whole(size.bytesPerMember),
    ]),
  ]);
}

export function printMachine(print: Print, { machine, settings, at }: BenchResult): void {
  print(`\n${machine.cores} × ${machine.processor}, ${machine.memoryGib} GiB, ${machine.system}`);
  print(
    `Node ${machine.node}, Redis ${machine.redis}, Postgres ${machine.postgres}, ${machine.uws}, ${machine.driver}, commit ${machine.commit}`,
  );
  print(
    `${settings.connections} connections from the same cores, ${settings.rounds} rounds of ${settings.seconds} s in turns, medians; ${at}`,
  );
}

function table(print: Print, rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  for (const row of rows) {
    const cells = row.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
    );
    print(`  ${cells.join('  ')}`);
  }
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}
