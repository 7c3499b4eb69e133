// All that a Redis holds of ours, as it can be compared: what two of them need not have in common is left
// out, such as the names of revisions, and what only says how things came about.

import type { Redis } from 'ioredis';
import { partitionOfCode, partitionOfId } from '../../src/invite/partition.js';

/** Of the journal; what says which data these are; and what only the repeats of a request need. */
const LEFT_OUT =
  /:(?:epoch|seq|events|dirty|trimmed|newer|jobs|figures|full|forgotten|endings|consumers|lease:[a-z]+|done:[a-z]+|idempotency:[\w-]+|limits:[a-z-]+:\d+)$/;
const INVITE = /\}:invite:(.*)$/;
const GUILD = /\}:guild:\d+$/;
/** Sets whose scores only say an order. */
const ORDERED = /:(?:recipients|invites)$/;
/** Keys that are read at once. */
const SIDE_BY_SIDE = 500;
const INVITE_REVISION = 7;
const GUILD_REVISION = 7;

/** Key → what it holds, and when it ends. Pointers that lead nowhere any more are nothing. */
export async function dump(redis: Redis): Promise<Readonly<Record<string, unknown>>> {
  const found: Record<string, unknown> = {};
  const keys = (await redis.keys('*')).filter((key) => !LEFT_OUT.test(key)).sort();
  for (let from = 0; from < keys.length; from += SIDE_BY_SIDE) {
    const some = keys.slice(from, from + SIDE_BY_SIDE);
    const values = await Promise.all(
      some.map(async (key) => ((await leadsNowhere(redis, key)) ? null : await read(redis, key))),
    );
    some.forEach((key, index) => {
      if (values[index] !== null) found[key] = values[index];
    });
  }
  return found;
}

async function leadsNowhere(redis: Redis, key: string): Promise<boolean> {
  const code = INVITE.exec(key)?.[1];
  const [mark, target = ''] = code === undefined ? [] : ((await redis.get(key)) ?? '').split(' ');
  if (mark !== '>') return false;
  const place = `invited:{${partitionOfId(target)}}`;
  const guild = (await redis.get(`${place}:guild:${target}`)) ?? '';
  return !guild.split(' ').includes(code ?? '') && (await redis.exists(`${place}:invite:${code}`)) === 0;
}

async function read(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return [record(key, (await redis.get(key)) ?? ''), await redis.pexpiretime(key)];
    case 'hash':
      return Object.fromEntries(Object.entries(await redis.hgetall(key)).sort());
    case 'set':
      return (await redis.smembers(key)).sort();
    case 'zset':
      return ORDERED.test(key)
        ? await redis.zrange(key, '0', '-1')
        : await redis.zrange(key, '0', '-1', 'WITHSCORES');
    default:
      return `a ${type}`;
  }
}

function record(key: string, text: string): string {
  const words = text.split(' ');
  const code = INVITE.exec(key)?.[1];
  if (code !== undefined && words[0] === '>') {
    // Of an invite's pointer, the token is any number that is smaller than later ones; when it was claimed,
    // nobody needs any more.
    return [...words.slice(0, 2), isVanity(code, key) ? words[2] : '*', '*'].join(' ');
  }
  if (code !== undefined) words[INVITE_REVISION] = '*';
  else if (GUILD.test(key)) words[GUILD_REVISION] = '*';
  else return text;
  return words.join(' ');
}

/** Tests give vanity codes this prefix, to be told from imported codes. */
function isVanity(code: string, key: string): boolean {
  return code.startsWith('vanity-') && key.includes(`{${partitionOfCode(code)}}`);
}
