import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../src/store/batcher.js';
import { StoreUnavailable } from '../../src/store/unavailable.js';

const STAYS = { isGone: false };

interface Call {
  readonly requests: readonly number[];
  readonly settle: (outcome: readonly (string | Error)[] | Error) => void;
}

/** A batcher whose calls are answered by hand. */
function open(limits: { readonly batchMax?: number; readonly waitingMax?: number } = {}) {
  const calls: Call[] = [];
  const batcher = createBatcher<number, string>({
    laneOf: (request) => (request < 0 ? 1 : 0),
    shareKey: (request) => (request >= 100 ? String(request) : null),
    send: (requests) =>
      new Promise((resolve, reject) => {
        calls.push({
          requests,
          settle: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
        });
      }),
    batchMax: limits.batchMax ?? 100,
    callsMax: 1,
    waitingMax: limits.waitingMax ?? 100,
  });
  const ask = (request: number, client = STAYS) =>
    batcher.submit(request, client).catch((error: unknown) => (error as StoreUnavailable).kind ?? 'bug');
  return { calls, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const answersTo = (call: Call | undefined) => (call?.requests ?? []).map((request) => `to ${request}`);

describe('the batcher', () => {
  it('sends what arrives in one turn of the event loop as one call, in the same turn', async () => {
    const { calls, ask } = open();
    const answers = Promise.all([ask(1), ask(2), ask(3)]);
    await turn();
    expect(calls.map(({ requests }) => requests)).toEqual([[1, 2, 3]]);
    calls[0]?.settle(answersTo(calls[0]));
    expect(await answers).toEqual(['to 1', 'to 2', 'to 3']);
  });

  it('gathers what arrives while a call is under way, and sends it when that ends', async () => {
    const { calls, ask } = open();
    const first = ask(1);
    await turn();
    const rest = Promise.all([ask(2), ask(3)]);
    await turn();
    expect(calls).toHaveLength(1);
    calls[0]?.settle(answersTo(calls[0]));
    expect(await first).toBe('to 1');
    await turn();
    expect(calls[1]?.requests).toEqual([2, 3]);
    calls[1]?.settle(answersTo(calls[1]));
    expect(await rest).toEqual(['to 2', 'to 3']);
  });

  it('never sends more than batchMax at once', async () => {
    const { calls, ask } = open({ batchMax: 2 });
    const answers = Promise.all([ask(1), ask(2), ask(3)]);
    await turn();
    expect(calls[0]?.requests).toEqual([1, 2]);
    calls[0]?.settle(answersTo(calls[0]));
    await turn();
    await turn();
    expect(calls[1]?.requests).toEqual([3]);
    calls[1]?.settle(answersTo(calls[1]));
    expect(await answers).toEqual(['to 1', 'to 2', 'to 3']);
  });

  it('keeps lanes apart: one that waits holds up no other', async () => {
    const { calls, ask } = open();
    void ask(1);
    await turn();
    const other = ask(-1);
    await turn();
    expect(calls.map(({ requests }) => requests)).toEqual([[1], [-1]]);
    calls[1]?.settle(['fine']);
    expect(await other).toBe('fine');
  });

  it('refuses at once when too many wait, and takes more when they have been sent', async () => {
    const { calls, ask } = open({ waitingMax: 2 });
    void ask(1);
    await turn();
    const waiting = Promise.all([ask(2), ask(3)]);
    expect(await ask(4)).toBe('down');
    calls[0]?.settle(['one']);
    await turn();
    await turn();
    calls[1]?.settle(answersTo(calls[1]));
    expect(await waiting).toEqual(['to 2', 'to 3']);
    const fifth = ask(5);
    await turn();
    calls[2]?.settle(['five']);
    expect(await fifth).toBe('five');
  });

  it('leaves out a client who has gone before the call', async () => {
    const { calls, ask } = open();
    const client = { isGone: false };
    const first = ask(1, client);
    const second = ask(2);
    client.isGone = true;
    await turn();
    expect(calls.map(({ requests }) => requests)).toEqual([[2]]);
    calls[0]?.settle(['two']);
    expect(await first).toBe('down');
    expect(await second).toBe('two');
  });

  it('makes no call for nobody, and goes on behind it', async () => {
    const { calls, ask } = open();
    void ask(1, { isGone: true });
    await turn();
    expect(calls).toHaveLength(0);
    const next = ask(2);
    await turn();
    calls[0]?.settle(['two']);
    expect(await next).toBe('two');
  });

  it('tells an outage to those under way as it was, and to those behind them that nothing was sent', async () => {
    const { calls, ask } = open();
    const first = ask(1);
    await turn();
    const second = ask(2);
    calls[0]?.settle(new StoreUnavailable('unknown'));
    expect([await first, await second]).toEqual(['unknown', 'down']);
    const third = ask(3);
    await turn();
    calls[1]?.settle(['back']);
    expect(await third).toBe('back');
  });

  it('tells a bug to those in the call alone', async () => {
    const { calls, ask } = open();
    const first = ask(1);
    await turn();
    const second = ask(2);
    calls[0]?.settle(new Error('a bug'));
    expect(await first).toBe('bug');
    await turn();
    calls[1]?.settle(['two']);
    expect(await second).toBe('two');
  });

  it('asks once for what several want at the same time, though one of them goes', async () => {
    const { calls, ask } = open();
    const client = { isGone: false };
    const answers = Promise.all([ask(100, client), ask(100), ask(101), ask(100)]);
    client.isGone = true;
    await turn();
    expect(calls.map(({ requests }) => requests)).toEqual([[100, 101]]);
    // Under way it may be too old for whoever comes now.
    const late = ask(100);
    calls[0]?.settle(answersTo(calls[0]));
    expect(await answers).toEqual(['to 100', 'to 100', 'to 101', 'to 100']);
    await turn();
    expect(calls[1]?.requests).toEqual([100]);
    calls[1]?.settle(['anew']);
    expect(await late).toBe('anew');
  });

  it('fails those alone whose answer is an error', async () => {
    const { calls, ask } = open();
    const answers = Promise.all([ask(1), ask(2), ask(3)]);
    await turn();
    calls[0]?.settle(['one', new Error('a broken record'), 'three']);
    expect(await answers).toEqual(['one', 'bug', 'three']);
  });

  it('takes too few answers for a bug, and answers the others', async () => {
    const { calls, ask } = open();
    const answers = Promise.all([ask(1), ask(2)]);
    await turn();
    calls[0]?.settle(['one']);
    expect(await answers).toEqual(['one', 'bug']);
  });
});
