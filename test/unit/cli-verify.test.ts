// `invited verify`: what it prints, how long it watches, and what it ends with.

import { describe, expect, it } from 'vitest';
import { type Compared, verify } from '../../src/cli/verify.js';
import { recordingPrint } from '../support/print.js';

const AGREE: Compared = { problems: 0, lines: [], summary: 'they agree' };
const DIFFER: Compared = { problems: 2, lines: ['one', 'two'], summary: '2 differ' };

class Outage extends Error {}

/** @param rounds what each comparison comes to; the last one again and again */
async function run(args: readonly string[], rounds: readonly (Compared | Error)[], openFails?: Error) {
  const print = recordingPrint();
  let compared = 0;
  let closed = 0;
  const code = await verify(args, {
    print,
    outageOf: (error) => (error instanceof Outage ? 'It is away.' : null),
    async open() {
      if (openFails !== undefined) throw openFails;
      return {
        async compare(stopping) {
          stopping.throwIfAborted();
          const round = rounds[Math.min(compared, rounds.length - 1)];
          compared += 1;
          if (round === undefined || round instanceof Error) throw round ?? new Error('no round');
          return round;
        },
        async close() {
          closed += 1;
        },
      };
    },
  });
  return { code, out: print.outLines, err: print.errLines, compared, closed };
}

describe('invited verify', () => {
  it('prints one line and ends with 0 where they agree', async () => {
    expect(await run([], [AGREE])).toEqual({ code: 0, out: ['they agree'], err: [], compared: 1, closed: 1 });
  });

  it('prints each difference and ends with 1 where they do not', async () => {
    const { code, out, closed } = await run([], [DIFFER]);
    expect({ code, out, closed }).toEqual({ code: 1, out: ['one', 'two', '2 differ'], closed: 1 });
  });

  it('ends with 2 when one side can not be had, before or while it compares', async () => {
    const err = ['Could not compare: It is away.'];
    expect(await run([], [new Outage()])).toMatchObject({ code: 2, out: [], err, closed: 1 });
    expect(await run([], [AGREE], new Outage())).toMatchObject({ code: 2, out: [], err, compared: 0 });
    expect(await run(['--watch'], [AGREE], new Outage())).toMatchObject({ code: 2, err, compared: 0 });
  });

  it('does not take a bug for an outage', async () => {
    await expect(run([], [new Error('a bug')])).rejects.toThrow('a bug');
    await expect(run(['--watch'], [new Error('a bug')])).rejects.toThrow('a bug');
  });

  it('watches until they agree, with a line for each round, through an outage too', async () => {
    const { code, out, compared } = await run(['--watch'], [DIFFER, new Outage(), AGREE]);
    expect({ code, compared }).toEqual({ code: 0, compared: 3 });
    expect(out).toEqual(['2 differ', 'Could not compare: It is away.', 'they agree']);
  });

  it('watches no longer than it is told, and prints what differed last', async () => {
    const { code, out, err, closed } = await run(['--watch', '--timeout', '1s'], [DIFFER]);
    expect({ code, err, closed }).toEqual({ code: 1, err: ['They did not agree within 1 s.'], closed: 1 });
    expect(out.slice(-3)).toEqual(['2 differ', 'one', 'two']);
  });

  it.each([
    [['--timeout', '5s'], /--timeout goes with --watch/],
    [['--watch', '--timeout', '5'], /--timeout must be a time/],
    [['--watch', '--timeout', '0s'], /--timeout must be a time/],
    [['--watch', '--timeout', '25h'], /--timeout must be a time/],
    [['--nonsense'], /nonsense/],
    [['more'], /./],
  ])('refuses %j with one line, and opens nothing', async (args, problem) => {
    const { code, out, err, compared, closed } = await run(args, [AGREE]);
    expect({ code, out, compared, closed }).toEqual({ code: 2, out: [], compared: 0, closed: 0 });
    expect(err).toHaveLength(1);
    expect(err[0]).toMatch(problem);
  });

  it('says how it is used', async () => {
    const { code, out, closed } = await run(['--help'], [AGREE]);
    expect({ code, closed }).toEqual({ code: 0, closed: 0 });
    expect(out[0]).toMatch(/^Usage: invited verify/);
  });
});
