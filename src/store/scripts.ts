// Runs the Lua scripts: as functions of a library, which Redis compiles once and keeps, so that a call costs no more than its own
// work. Must never run one a second time on its own: only a Redis that doesn't know it is sent the library.

import type { Redis } from 'ioredis';
import type { Partition } from '../invite/partition.js';
import { createGate } from './gate.js';
import { type Journal, journalKey, journalOf, partitionKey } from './journals.js';
import { LIBRARY_PREFIX, readLibrary, type Script } from './script-texts.js';
import { CallCounts, StoreCounts } from './store-counts.js';
import { fromRedisError, StoreUnavailable } from './unavailable.js';

/** What a script may be given; numbers are sent in decimal. */
export type Argument = string | number;

export interface Scripts {
  /**
   * Runs `name` in a partition, or over several: never more than one on a cluster.
   * @param traces as lua/lib/trace.lua takes them, for the events that come of it; null: none
   * @returns the reply as Redis gave it: an array that starts with a status
   * @throws StoreUnavailable, StoreBug
   */
  run(
    name: string,
    partitions: Partition | readonly Partition[],
    args: readonly Argument[],
    traces?: string | null,
  ): Promise<unknown>;
  /** Sends the library to the server, so that the first requests don't have to. */
  load(): Promise<void>;
  /** Takes the libraries of other versions away; a process that still runs one sends it again. */
  forgetOthers(): Promise<void>;
  readonly names: readonly string[];
}

export function createScripts(redis: Redis, isCluster: boolean, counts = new StoreCounts()): Scripts {
  const library = readLibrary();
  const countsOf = new Map([...library.scripts.keys()].map((name) => [name, new CallCounts()]));
  for (const [name, ofScript] of countsOf) counts.calls.set(name, ofScript);
  const gate = createGate(redis);
  let loading: Promise<void> | null = null;

  /** One at a time, whoever asks. */
  const load = (): Promise<void> => {
    loading ??= redis
      .function('LOAD', library.text)
      .then(
        () => {},
        (error: unknown) => {
          if (!isMessage(error, /already exists/)) throw fromRedisError(error, 'load the library');
        },
      )
      .finally(() => {
        loading = null;
      });
    return loading;
  };

  const call = async (
    name: string,
    { functionName }: Script,
    keys: readonly string[],
    args: readonly Argument[],
  ) => {
    const ofScript = countsOf.get(name);
    const startedMs = performance.now();
    try {
      return await send(name, functionName, keys, args);
    } catch (error) {
      ofScript?.fail(error);
      throw error;
    } finally {
      ofScript?.durations.observe((performance.now() - startedMs) / 1000);
    }
  };

  const send = async (
    name: string,
    functionName: string,
    keys: readonly string[],
    args: readonly Argument[],
  ) => {
    try {
      return await redis.fcall(functionName, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isMessage(error, /^ERR Function not found/)) throw fromRedisError(error, name);
    }
    await load();
    try {
      return await redis.fcall(functionName, keys.length, ...keys, ...args);
    } catch (error) {
      throw fromRedisError(error, name);
    }
  };

  return {
    names: [...library.scripts.keys()],

    async run(name, partitions, args, traces = null) {
      const script = library.scripts.get(name);
      if (script === undefined) throw new RangeError(`no script ${name}`);
      const all = typeof partitions === 'number' ? [partitions] : partitions;
      const journal: Journal = journalOf(all[0] ?? 0, isCluster);
      const keys = [journalKey(journal, 'epoch'), ...all.map(partitionKey)];
      if (!script.isGated) return call(name, script, keys, args);
      const epoch = gate.epoch ?? (await gate.learn(journal));
      const reply = await call(name, script, keys, [
        ...args,
        traces === null ? epoch : `${epoch}\n${traces}`,
      ]);
      const refusal = refusalIn(reply);
      if (refusal === null) return reply;
      const ofScript = countsOf.get(name);
      if (ofScript !== undefined) ofScript.failures[refusal] += 1;
      if (refusal === 'closed') gate.noteClosed(journal);
      throw new StoreUnavailable('down');
    },

    load,

    async forgetOthers() {
      const others = await libraryNames(redis);
      for (const name of others) {
        if (name === library.name) continue;
        await redis.function('DELETE', name).catch((error: unknown) => {
          // Somebody else was faster.
          if (!isMessage(error, /not found/i)) throw fromRedisError(error, 'forget a library');
        });
      }
    },
  };
}

async function libraryNames(redis: Redis): Promise<readonly string[]> {
  const listed: unknown = await redis
    .function('LIST', 'LIBRARYNAME', `${LIBRARY_PREFIX}*`)
    .catch((error: unknown) => {
      throw fromRedisError(error, 'list libraries');
    });
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((fields: unknown) => {
    const name: unknown = Array.isArray(fields) ? fields[fields.indexOf('library_name') + 1] : undefined;
    return typeof name === 'string' ? [name] : [];
  });
}

/** What any script replies that did not even begin: not open to this epoch, or no room in the journal (lua/lib). */
function refusalIn(reply: unknown): 'closed' | 'full' | null {
  if (!Array.isArray(reply) || reply.length !== 1) return null;
  const [word] = reply as readonly unknown[];
  return word === 'closed' || word === 'full' ? word : null;
}

function isMessage(error: unknown, pattern: RegExp): boolean {
  return error instanceof Error && pattern.test(error.message);
}
