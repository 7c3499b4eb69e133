// The bench as a person runs it, as short as can be: that it measures, holds the sum, and says so in JSON. What it finds
// is not judged here: figures are for quiet machines.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './program.js';

const BENCH_MAX_MS = 120_000;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function bench(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'bench', 'main.ts'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('npm run bench', () => {
  it('measures invited and the ceiling in turns, and finds the sum right', {
    timeout: BENCH_MAX_MS,
  }, async () => {
    const brief = ['--rounds', '1', '--seconds', '1', '--connections', '16', '--no-peers'];
    // autocannon is there wherever the packages are.
    const { code, out, err } = await bench('accept-hot', ...brief, '--driver', 'autocannon', '--json');
    expect(err).not.toContain('Error');
    expect(code).toBe(0);
    const { scenarios, machine } = JSON.parse(out);
    expect(machine.driver).toBe('autocannon');
    const [{ standings }] = scenarios;
    expect(standings.map(({ name }: { readonly name: string }) => name)).toEqual(['invited', 'hello']);
    const [{ counts, turns, median }] = standings;
    expect(turns).toHaveLength(1);
    expect(median.perSecond).toBeGreaterThan(0);
    expect(median.serverMicros).toBeGreaterThan(0);
    expect(counts.uses).toBeGreaterThan(0);
    expect([counts.joins, counts.records]).toEqual([counts.uses, counts.uses]);
  });

  it.each([
    [['nonsense'], 'no such scenario: nonsense'],
    [['--rounds', '0'], '--rounds must be a whole number from 1 to 50'],
    [['--driver', 'ab'], '--driver must be wrk or autocannon'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('explains itself to %j', { timeout: BENCH_MAX_MS }, async (args, problem) => {
    const { code, err } = await bench(...args);
    expect(code).toBe(2);
    expect(err).toContain(problem);
    expect(err).toContain('usage: npm run bench');
  });
});
