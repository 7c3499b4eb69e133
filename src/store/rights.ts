// May our user of Redis do all that the program does? `ACL DRYRUN` tells without doing it (Redis 7.0), to who may ask; to anyone
// else a few commands that only read tell some of it. What scripts call counts too: Redis holds them to their caller's rights.

import type { Redis } from 'ioredis';
import { readLibrary } from './script-texts.js';

export interface Rights {
  /** null: we may not even ask who we are. */
  readonly user: string | null;
  /** Commands that we may not run, as an ACL rule names them (`function|load`). */
  readonly denied: readonly string[];
  /** May we touch the keys `invited:*`? */
  readonly hasKeys: boolean;
  /** Was every command tried, or only those that read? */
  readonly isSure: boolean;
}

const KEY = 'invited:{0}:doctor';
/** What the program sends itself, beside what its scripts call. */
const SENT = [
  'DEL',
  'EXISTS',
  'GET',
  'HMGET',
  'HSCAN',
  'HVALS',
  'INFO',
  'MGET',
  'PING',
  'SCAN',
  'SET',
  'TIME',
];
/** Those with a word or a number of keys before their keys. */
const SHAPED: Readonly<Record<string, readonly string[]>> = {
  fcall: ['FCALL', 'invited_doctor', '1', KEY],
  'function|load': ['FUNCTION', 'LOAD', ''],
  'function|list': ['FUNCTION', 'LIST'],
  'function|delete': ['FUNCTION', 'DELETE', ''],
  'xinfo|stream': ['XINFO', 'STREAM', KEY],
};
const CALL = /redis\.p?call\('([A-Z]+)'/g;
/** As many as any command of ours needs at least; ACLs don't look at what stands behind the keys. */
const WORDS_MAX = 6;

export async function readRights(redis: Redis): Promise<Rights> {
  const user = await redis.acl('WHOAMI').then(String, () => null);
  const tried = user === null ? null : await dryRun(redis, user);
  return tried === null
    ? { user, ...(await tryReads(redis)), isSure: false }
    : { user, ...tried, isSure: true };
}

/** By the name that an ACL rule has for it. */
function commands(): ReadonlyMap<string, readonly string[]> {
  const called = [...readLibrary().text.matchAll(CALL)].map(([, name]) => name ?? '');
  const plain = new Set([...SENT, ...called]);
  // Of its subcommands only one is called.
  plain.delete('XINFO');
  return new Map([
    ...[...plain].map((name): [string, readonly string[]] => [name.toLowerCase(), [name]]),
    ...Object.entries(SHAPED),
  ]);
}

type Tried = Pick<Rights, 'denied' | 'hasKeys'>;

/** null: we may not ask. */
async function dryRun(redis: Redis, user: string): Promise<Tried | null> {
  const denied: string[] = [];
  let hasKeys = true;
  const all = [...commands()];
  const verdicts = await Promise.all(all.map(([, words]) => verdictOn(redis, user, words)));
  for (const [at, [name]] of all.entries()) {
    const verdict = verdicts[at];
    if (verdict === undefined || verdict === null) return null;
    if (verdict === 'command') denied.push(name);
    if (verdict === 'key') hasKeys = false;
  }
  return { denied, hasKeys };
}

/** null: we may not ask, or this Redis can't tell. */
async function verdictOn(
  redis: Redis,
  user: string,
  words: readonly string[],
): Promise<'allowed' | 'command' | 'key' | null> {
  // How many words a command needs is told by the refusal of too few.
  for (let length = words.length; length <= WORDS_MAX; length += 1) {
    const padded = [...words, ...Array.from({ length: length - words.length }, () => KEY)];
    const said = await redis.acl('DRYRUN', user, ...(padded as [string])).then(String, messageOf);
    if (/wrong number of arguments/i.test(said)) continue;
    if (said === 'OK') return 'allowed';
    if (said.startsWith('NOPERM')) return null;
    if (/no permissions to access/i.test(said)) return 'key';
    return /no permissions to run/i.test(said) ? 'command' : null;
  }
  return null;
}

async function tryReads(redis: Redis): Promise<Tried> {
  const attempts: readonly (readonly [string, Promise<unknown>])[] = [
    ['get', redis.get(KEY)],
    ['xlen', redis.xlen(KEY)],
    ['hvals', redis.hvals(KEY)],
    ['function|list', redis.function('LIST', 'LIBRARYNAME', 'invited_doctor')],
    // There is no such function, and that is what Redis says to who may call one.
    ['fcall', redis.fcall('invited_doctor', 0)],
  ];
  const denied: string[] = [];
  let hasKeys = true;
  for (const [name, attempt] of attempts) {
    const said = await attempt.then(() => '', messageOf);
    if (!said.startsWith('NOPERM')) continue;
    if (/\bkeys?\b/.test(said)) hasKeys = false;
    else denied.push(name);
  }
  return { denied, hasKeys };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
