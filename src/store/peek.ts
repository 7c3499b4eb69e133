// Reads what is stored of many entities, as it stands there, by plain commands: far cheaper than the scripts for who expects nearly all
// of it to be as he thinks. Not held to the epoch, and knows nothing of guilds that are gone: what looks wrong is to be read again by
// the scripts (journal-store.ts).

import type { Redis } from 'ioredis';
import type { Snowflake } from '../invite/id.js';
import { type Partition, partitionOfId } from '../invite/partition.js';
import { partitionKey } from './journals.js';
import { fromRedisError } from './unavailable.js';

/** The hashes of a guild in which one field is all of an entity. */
export type GuildHash = 'members' | 'channel-records' | 'bans' | 'ip-bans';

export interface Peek {
  /** Fields of a hash of guilds; null: not there. Cheapest where those of a guild follow each other. */
  fields(
    hash: GuildHash,
    asked: readonly (readonly [guildId: Snowflake, field: string])[],
  ): Promise<readonly (string | null)[]>;
  /** What lies under the ids of users, or the codes of invites. `place`: the id that says in which partition. */
  values(
    word: 'user' | 'invite',
    asked: readonly (readonly [place: string, id: string])[],
  ): Promise<readonly (string | null)[]>;
}

export function createPeek(redis: Redis, isCluster: boolean): Peek {
  return {
    async fields(hash, asked) {
      const groups: { readonly guildId: string; readonly fields: string[] }[] = [];
      for (const [guildId, field] of asked) {
        const last = groups.at(-1);
        if (last?.guildId === guildId) last.fields.push(field);
        else groups.push({ guildId, fields: [field] });
      }
      const pipeline = redis.pipeline();
      for (const { guildId, fields } of groups) {
        pipeline.hmget(`${partitionKey(partitionOfId(guildId))}guild:${guildId}:${hash}`, ...fields);
      }
      const replies = (await pipeline.exec()) ?? [];
      return replies.flatMap(([error, values]) => {
        if (error) throw fromRedisError(error, 'peek at fields');
        return values as (string | null)[];
      });
    },

    async values(word, asked) {
      const found: (string | null)[] = asked.map(() => null);
      const groups = new Map<Partition, { readonly keys: string[]; readonly places: number[] }>();
      asked.forEach(([place, id], at) => {
        const partition = partitionOfId(place);
        // On a cluster no command may ask for more than one partition.
        const slot = isCluster ? partition : 0;
        const group = groups.get(slot) ?? { keys: [], places: [] };
        groups.set(slot, group);
        group.keys.push(`${partitionKey(partition)}${word}:${id}`);
        group.places.push(at);
      });
      const read = async ({ keys, places }: { readonly keys: string[]; readonly places: number[] }) => {
        const values = await redis.mget(keys);
        places.forEach((at, index) => {
          found[at] = values[index] ?? null;
        });
      };
      try {
        await Promise.all([...groups.values()].map(read));
      } catch (error) {
        throw fromRedisError(error, 'peek at values');
      }
      return found;
    },
  };
}
