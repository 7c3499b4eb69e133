// What is shown of users, read in bulk: in one command, on a cluster in one for each partition that is asked.

import type { Redis } from 'ioredis';
import type { Snowflake } from '../invite/id.js';
import { type JsonText, jsonText } from '../invite/invite.js';
import { type Partition, partitionOfId } from '../invite/partition.js';
import { fromRedisError } from './unavailable.js';

export interface UserStore {
  /** The JSON of each user that the directory knows. Sends its command in this very turn, or none for no ids. */
  read(ids: Iterable<Snowflake>): Promise<ReadonlyMap<Snowflake, JsonText>>;
}

const NOBODY = 'null' as JsonText;

/** As a JSON string; `null` for a user whom the directory doesn't know. */
export function usernameOf(userJson: JsonText | null): JsonText {
  if (userJson === null) return NOBODY;
  const user: unknown = JSON.parse(userJson);
  if (typeof user !== 'object' || user === null || !('username' in user)) return NOBODY;
  return jsonText(user.username);
}

export function createUserStore(redis: Redis, isCluster: boolean): UserStore {
  return {
    async read(ids) {
      const groups = new Map<Partition, Snowflake[]>();
      for (const id of new Set(ids)) {
        const slot = isCluster ? partitionOfId(id) : 0;
        const group = groups.get(slot);
        if (group === undefined) groups.set(slot, [id]);
        else group.push(id);
      }
      const users = new Map<Snowflake, JsonText>();
      const read = async (group: readonly Snowflake[]) => {
        const values = await redis.mget(group.map((id) => `invited:{${partitionOfId(id)}}:user:${id}`));
        group.forEach((id, at) => {
          const json = values[at];
          if (typeof json === 'string') users.set(id, json as JsonText);
        });
      };
      try {
        await Promise.all([...groups.values()].map(read));
      } catch (error) {
        throw fromRedisError(error, 'read users');
      }
      return users;
    },
  };
}
