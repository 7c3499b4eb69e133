// Loads the Lua scripts, puts their shared pieces in front of them, and runs them by their digest.
// Must never run a script a second time on its own: only a Redis that has never seen it is sent its text.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { Partition } from '../invite/partition.js';
import { fromRedisError } from './unavailable.js';

const FOLDER = fileURLToPath(new URL('../../lua/', import.meta.url));
const INCLUDE = /^--! include ([a-z-]+)$/;

/** What a script may be given; numbers are sent in decimal. */
export type Argument = string | number;

interface Script {
  readonly text: string;
  readonly sha: string;
}

export interface Scripts {
  /**
   * Runs `name` in a partition, or over several: never more than one on a cluster.
   * @returns the reply as Redis gave it: an array that starts with a status
   * @throws StoreUnavailable, StoreBug
   */
  run(
    name: string,
    partitions: Partition | readonly Partition[],
    args: readonly Argument[],
  ): Promise<unknown>;
  /** Sends every script to the server, so that the first requests don't have to. */
  load(): Promise<void>;
  readonly names: readonly string[];
}

export function createScripts(redis: Redis): Scripts {
  const scripts = readScripts();
  return {
    names: [...scripts.keys()],

    async run(name, partitions, args) {
      const script = scripts.get(name);
      if (script === undefined) throw new RangeError(`no script ${name}`);
      const keys = (typeof partitions === 'number' ? [partitions] : partitions).map(seqKey);
      try {
        return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!isUnknownScript(error)) throw fromRedisError(error, name);
      }
      try {
        return await redis.eval(script.text, keys.length, ...keys, ...args);
      } catch (error) {
        throw fromRedisError(error, name);
      }
    },

    async load() {
      for (const [name, script] of scripts) {
        await redis.script('LOAD', script.text).catch((error: unknown) => {
          throw fromRedisError(error, `load ${name}`);
        });
      }
    },
  };
}

function seqKey(partition: Partition): string {
  return `invited:{${partition}}:seq`;
}

/** All scripts of lua/, whole, by name. */
export function readScripts(folder: string = FOLDER): ReadonlyMap<string, Script> {
  const scripts = new Map<string, Script>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.lua')) continue;
    const text = assemble(folder, file);
    scripts.set(file.slice(0, -'.lua'.length), { text, sha: createHash('sha1').update(text).digest('hex') });
  }
  return scripts;
}

/** The first line (#!lua …), then each included piece once, what it includes before it, then the script. */
function assemble(folder: string, file: string): string {
  const [shebang = '', ...body] = readFileSync(join(folder, file), 'utf8').split('\n');
  if (!shebang.startsWith('#!lua')) throw new Error(`${file} doesn't start with #!lua`);
  const pieces: string[] = [];
  const seen = new Set<string>();
  const visit = (lines: readonly string[]): string => {
    const own: string[] = [];
    for (const line of lines) {
      const name = INCLUDE.exec(line)?.[1];
      if (name === undefined) {
        own.push(line);
      } else if (!seen.has(name)) {
        seen.add(name);
        pieces.push(visit(readFileSync(join(folder, 'lib', `${name}.lua`), 'utf8').split('\n')));
      }
    }
    return own.join('\n');
  };
  const own = visit(body);
  return [shebang, ...pieces, own].join('\n');
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
