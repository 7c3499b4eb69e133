// `invited webhooks`: what it prints, and what it ends with.

import { describe, expect, it } from 'vitest';
import { type ListedLetter, webhooks } from '../../src/cli/webhooks.js';
import { recordingPrint } from '../support/print.js';

class Outage extends Error {}

const letter = (eventId: string, changes: Partial<ListedLetter> = {}): ListedLetter => ({
  ...{ eventId, type: 'INVITE_ACCEPT', guildId: '7', consumer: 'webhook:0123456789abcdef' },
  ...{ url: 'https://one.example/hook', attempts: 10, reason: 'status 500', atMs: 1_700_000_000_000 },
  ...{ json: `{"id":"${eventId}"}`, ...changes },
});

interface Given {
  readonly pages?: readonly (readonly ListedLetter[])[];
  /** Of each letter why it is left; null: it is delivered. */
  readonly why?: (eventId: string) => string | null;
  readonly fails?: Error;
}

async function run(args: readonly string[], { pages = [], why = () => null, fails }: Given = {}) {
  const print = recordingPrint();
  let closed = 0;
  const asked: (string | null)[] = [];
  const code = await webhooks(args, {
    print,
    outageOf: (error) => (error instanceof Outage ? 'It is away.' : null),
    async open() {
      if (fails !== undefined) throw fails;
      return {
        async *list() {
          yield* pages;
        },
        async replay(eventId, onLeft) {
          asked.push(eventId);
          const chosen = pages.flat().filter((one) => eventId === null || one.eventId === eventId);
          let left = 0;
          for (const one of chosen) {
            const reason = why(one.eventId);
            if (reason === null) continue;
            left += 1;
            onLeft(one, reason);
          }
          return { delivered: chosen.length - left, left };
        },
        async close() {
          closed += 1;
        },
      };
    },
  });
  return { code, out: print.outLines, err: print.errLines, asked, closed };
}

describe('invited webhooks list', () => {
  it('prints a table of all pages', async () => {
    const pages = [[letter('1-0')], [letter('1700000000000-12.3', { attempts: 3, reason: 'timed out' })]];
    expect(await run(['list'], { pages })).toMatchObject({
      code: 0,
      err: [],
      closed: 1,
      out: [
        'id                  type           url                       attempts  reason      at',
        '1-0                 INVITE_ACCEPT  https://one.example/hook  10        status 500  2023-11-14T22:13:20.000Z',
        '1700000000000-12.3  INVITE_ACCEPT  https://one.example/hook  3         timed out   2023-11-14T22:13:20.000Z',
      ],
    });
  });

  it('says so when there are none', async () => {
    expect(await run(['list'])).toMatchObject({ code: 0, out: ['No dead letters.'] });
    expect(await run(['list', '--json'])).toMatchObject({ code: 0, out: [] });
  });

  it('prints a line of JSON each, with the event as it is', async () => {
    const json = '{"id":"1-0","n":12345678901234567890}';
    const { out } = await run(['list', '--json'], { pages: [[letter('1-0', { json, guildId: null })]] });
    expect(out).toEqual([
      '{"id":"1-0","type":"INVITE_ACCEPT","guild_id":null,"consumer":"webhook:0123456789abcdef",' +
        '"url":"https://one.example/hook","attempts":10,"reason":"status 500",' +
        `"at":"2023-11-14T22:13:20.000Z","event":${json}}`,
    ]);
    expect(() => JSON.parse(out[0] ?? '')).not.toThrow();
  });
});

describe('invited webhooks replay', () => {
  const pages = [[letter('1-0'), letter('2-0')]];

  it('ends with 0 where all are delivered', async () => {
    expect(await run(['replay', '--all'], { pages })).toEqual({
      ...{ code: 0, out: ['2 delivered, 0 left.'], err: [], asked: [null], closed: 1 },
    });
    expect(await run(['replay', '--id', '2-0'], { pages })).toMatchObject({
      ...{ code: 0, out: ['1 delivered, 0 left.'], asked: ['2-0'] },
    });
    expect(await run(['replay', '--all'])).toMatchObject({ code: 0, out: ['0 delivered, 0 left.'] });
  });

  it('says of each that is left why, and ends with 1', async () => {
    const why = (eventId: string) => (eventId === '2-0' ? 'status 410' : null);
    expect(await run(['replay', '--all'], { pages, why })).toMatchObject({
      ...{ code: 1, out: ['1 delivered, 1 left.'] },
      err: ['2-0 to https://one.example/hook: status 410'],
    });
  });

  it('says no more than a hundred times why', async () => {
    const many = [Array.from({ length: 250 }, (_, at) => letter(`${at}-0`))];
    const { err } = await run(['replay', '--all'], { pages: many, why: () => 'timed out' });
    expect([err.length, err.at(-1)]).toEqual([101, '… and 150 more']);
  });

  it('ends with 1 where there is no such event', async () => {
    const err = ['There is no dead letter of this event.'];
    expect(await run(['replay', '--id', '9-0'], { pages })).toMatchObject({ code: 1, out: [], err });
  });
});

describe('invited webhooks', () => {
  it.each([
    [[], 'Say list or replay.'],
    [['drop'], 'Say list or replay.'],
    [['list', 'all'], 'There are too many arguments.'],
    [['list', '--all'], '--id and --all go with replay.'],
    [['replay'], 'Give either --id or --all.'],
    [['replay', '--all', '--id', '1'], 'Give either --id or --all.'],
    [['replay', '--id', ''], '--id must be the id of an event.'],
    [['replay', '--all', '--json'], '--json goes with list.'],
    [['list', '--nonsense'], "Unknown option '--nonsense'"],
  ])('ends with 2 for %j, with nothing done', async (args, problem) => {
    const { code, out, err, closed } = await run(args);
    expect({ code, out, closed }).toEqual({ code: 2, out: [], closed: 0 });
    expect(err).toEqual([expect.stringContaining(problem)]);
    expect(err[0]).toContain('Usage: invited webhooks');
  });

  it('helps', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, out: [expect.stringContaining('Usage:')] });
  });

  it('ends with 2 when Redis can not be had, but not for a bug', async () => {
    const fails = new Outage();
    expect(await run(['list'], { fails })).toMatchObject({ code: 2, err: ['Could not list: It is away.'] });
    await expect(run(['list'], { fails: new Error('a bug') })).rejects.toThrow('a bug');
  });
});
