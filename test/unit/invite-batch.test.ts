import { describe, expect, it } from 'vitest';
import { type BatchedScript, type CodeRequest, runBatch } from '../../src/store/invite-batch.js';
import { createPresenter } from '../../src/store/present.js';
import type { Scripts } from '../../src/store/scripts.js';
import { ScriptRefused, StoreBug, StoreUnavailable } from '../../src/store/unavailable.js';

const REQUESTS: readonly CodeRequest[] = ['a', 'b', 'c'].map((code) => ({ code, followed: null }));

/** Answers each code with itself, unless reading its reply is made to fail. */
function echo(failsOn?: string): BatchedScript<CodeRequest, string, string> {
  return {
    name: 'echo',
    argumentsOf: () => [],
    readReply(reply, { code }) {
      if (code === failsOn) throw new StoreBug('a reply that is none');
      return { word: reply.text(), shows: false, told: null };
    },
    answersOf: (word, _, { requests }) => requests.map(() => word),
  };
}

/** Scripts that reply with the codes they are given, four arguments a code, or as `run` says. */
function open(run: (codes: readonly string[]) => unknown = (codes) => codes) {
  const calls: (readonly string[])[] = [];
  const scripts: Scripts = {
    names: [],
    load: async () => {},
    forgetOthers: async () => {},
    async run(_, __, args) {
      const codes = args.filter((_, at) => at % 4 === 1).map(String);
      calls.push(codes);
      return run(codes);
    },
  };
  return { calls, scripts, presenter: createPresenter({ read: async () => new Map() }) };
}

describe('a batch', () => {
  it('is one call', async () => {
    const { calls, scripts, presenter } = open();
    expect(await runBatch(echo(), scripts, presenter, REQUESTS)).toEqual(['a', 'b', 'c']);
    expect(calls).toEqual([['a', 'b', 'c']]);
  });

  it('that Redis refuses is asked again code by code, and only the broken one fails', async () => {
    const { calls, scripts, presenter } = open((codes) => {
      if (codes.includes('b')) throw new ScriptRefused('echo: a broken record');
      return codes;
    });
    const [a, b, c] = await runBatch(echo(), scripts, presenter, REQUESTS);
    expect([a, c]).toEqual(['a', 'c']);
    expect(b).toBeInstanceOf(ScriptRefused);
    expect(calls).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  });

  it('that was carried out is never sent again, though its reply can not be read', async () => {
    const { calls, scripts, presenter } = open();
    await expect(runBatch(echo('b'), scripts, presenter, REQUESTS)).rejects.toThrow('a reply that is none');
    expect(calls).toHaveLength(1);
  });

  it('that may have been carried out is never sent again', async () => {
    const { calls, scripts, presenter } = open(() => {
      throw new StoreUnavailable('unknown');
    });
    await expect(runBatch(echo(), scripts, presenter, REQUESTS)).rejects.toThrow(StoreUnavailable);
    expect(calls).toHaveLength(1);
  });
});
