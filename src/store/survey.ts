// Goes through all that a Redis holds of ours without reading it: what there is by name, and of the parts of a guild how many. For who
// compares, and looks closer only where the numbers differ. As scan.ts, it may see or miss what changes meanwhile.

import type { Redis } from 'ioredis';
import type { Snowflake } from '../invite/id.js';
import type { Partition } from '../invite/partition.js';
import type { EntityAsked } from './journal-store.js';
import { partitionKey } from './journals.js';
import { KEY, PART, STEP, scanHash } from './scan.js';
import { fromRedisError } from './unavailable.js';

export type PartName = (typeof PART)[keyof typeof PART];

/** All members of one guild, or all its channels … */
export interface Part {
  readonly name: PartName;
  readonly guildId: Snowflake;
  readonly partition: Partition;
  /** How many there are. */
  readonly length: number;
}

export interface Surveyed {
  /** Guilds, group DMs, users, and what lies under the codes of invites: invites, ended ones, pointers. */
  readonly whole: readonly EntityAsked[];
  readonly parts: readonly Part[];
}

export interface Survey {
  /** In steps of some thousand keys. */
  run(): AsyncIterable<Surveyed>;
  /** What a part has, by name. */
  entitiesOf(part: Part): AsyncIterable<readonly EntityAsked[]>;
}

const HASH_OF: Readonly<Record<PartName, string>> = {
  member: 'members',
  channel: 'channels',
  bans: 'bans',
  'ip-bans': 'ip-bans',
};

export function createSurvey(redis: Redis): Survey {
  return {
    async *run() {
      let cursor = '0';
      do {
        const [next, keys] = await redis
          .scan(cursor, 'MATCH', 'invited:{*}:*', 'COUNT', STEP)
          .catch((error: unknown) => {
            throw fromRedisError(error, 'survey');
          });
        cursor = next;
        yield await surveyed(redis, keys);
      } while (cursor !== '0');
    },
    async *entitiesOf(part) {
      try {
        yield* scanHash(redis, keyOf(part), `${part.name}:${part.guildId}`, part.partition);
      } catch (error) {
        throw fromRedisError(error, 'survey a part');
      }
    },
  };
}

async function surveyed(redis: Redis, keys: readonly string[]): Promise<Surveyed> {
  const whole: EntityAsked[] = [];
  const parts: Omit<Part, 'length'>[] = [];
  for (const key of keys) {
    const [, number, kind, id = '', part] = KEY.exec(key) ?? [];
    if (kind === undefined) continue;
    const partition = Number(number);
    if (part === undefined) whole.push({ entity: `${kind}:${id}`, partition });
    else parts.push({ name: PART[part as keyof typeof PART], guildId: id as Snowflake, partition });
  }
  return { whole, parts: parts.length === 0 ? [] : await counted(redis, parts) };
}

/** What a deleted guild left behind counts for nothing. */
async function counted(redis: Redis, parts: readonly Omit<Part, 'length'>[]): Promise<readonly Part[]> {
  const pipeline = redis.pipeline();
  for (const part of parts) pipeline.exists(guildKey(part)).hlen(keyOf(part));
  const replies = (await pipeline.exec()) ?? [];
  return parts.flatMap((part, at) => {
    const [failure, exists] = replies[2 * at] ?? [];
    const [otherFailure, length] = replies[2 * at + 1] ?? [];
    const error = failure ?? otherFailure;
    if (error) throw fromRedisError(error, 'survey');
    return exists === 1 ? [{ ...part, length: Number(length) }] : [];
  });
}

function guildKey({ guildId, partition }: Omit<Part, 'length'>): string {
  return `${partitionKey(partition)}guild:${guildId}`;
}

function keyOf(part: Omit<Part, 'length'>): string {
  return `${guildKey(part)}:${HASH_OF[part.name]}`;
}
