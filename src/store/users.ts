// What is shown of users, read in bulk: one command for each partition that is asked.

import type { Redis } from 'ioredis';
import type { Snowflake } from '../invite/id.js';
import type { JsonText } from '../invite/invite.js';
import { type Partition, partitionOfId } from '../invite/partition.js';
import { fromRedisError } from './unavailable.js';

export interface UserStore {
  /** The JSON of each user that the directory knows. */
  read(ids: Iterable<Snowflake>): Promise<ReadonlyMap<Snowflake, JsonText>>;
}

export function createUserStore(redis: Redis): UserStore {
  return {
    async read(ids) {
      const byPartition = new Map<Partition, Snowflake[]>();
      for (const id of new Set(ids)) {
        const partition = partitionOfId(id);
        const group = byPartition.get(partition);
        if (group === undefined) byPartition.set(partition, [id]);
        else group.push(id);
      }
      const users = new Map<Snowflake, JsonText>();
      const read = async (partition: Partition, group: readonly Snowflake[]) => {
        const values = await redis.mget(group.map((id) => `invited:{${partition}}:user:${id}`));
        group.forEach((id, at) => {
          const json = values[at];
          if (typeof json === 'string') users.set(id, json as JsonText);
        });
      };
      try {
        await Promise.all([...byPartition].map(([partition, group]) => read(partition, group)));
      } catch (error) {
        throw fromRedisError(error, 'read users');
      }
      return users;
    },
  };
}
