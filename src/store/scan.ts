// Goes through everything that a Redis holds of ours, for those who copy or compare it whole. What is put or taken away meanwhile may
// come or not; what was there all the time comes at least once.

import type { Redis } from 'ioredis';
import type { Partition } from '../invite/partition.js';
import type { EntityAsked } from './journal-store.js';
import { fromRedisError } from './unavailable.js';

/** Keys asked for in one step, and fields of a hash. */
export const STEP = 1000;
export const KEY =
  /^invited:\{(\d+)\}:(guild|group-dm|user|invite):([^:]+)(?::(members|channels|bans|ip-bans))?$/;
/** What the fields of a guild's hashes are called as entities. */
export const PART = { members: 'member', channels: 'channel', bans: 'bans', 'ip-bans': 'ip-bans' } as const;

/** The entities by the names that marks have (lua/README.md), and `invite:<code>`, in lists of up to some thousand. */
export async function* scanEntities(redis: Redis): AsyncGenerator<readonly EntityAsked[]> {
  try {
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', 'invited:{*}:*', 'COUNT', STEP);
      cursor = next;
      const whole: EntityAsked[] = [];
      for (const key of keys) {
        const [, number, kind = '', id = '', part] = KEY.exec(key) ?? [];
        if (kind === '') continue;
        const partition = Number(number);
        if (part === undefined) whole.push({ entity: `${kind}:${id}`, partition });
        else yield* scanHash(redis, key, `${PART[part as keyof typeof PART]}:${id}`, partition);
      }
      if (whole.length > 0) yield whole;
    } while (cursor !== '0');
  } catch (error) {
    throw fromRedisError(error, 'scan');
  }
}

export async function* scanHash(
  redis: Redis,
  key: string,
  name: string,
  partition: Partition,
): AsyncGenerator<readonly EntityAsked[]> {
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscan(key, cursor, 'COUNT', STEP);
    cursor = next;
    if (fields.length > 0) {
      yield fields.flatMap((field, at) => (at % 2 === 0 ? [{ entity: `${name}:${field}`, partition }] : []));
    }
  } while (cursor !== '0');
}
