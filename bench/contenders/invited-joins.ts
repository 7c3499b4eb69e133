// Counts the join records of invited: the users in the packed entries of every partition's stream. Reads on from where
// it stopped, so that counting after each round stays cheap.

import type { Redis } from 'ioredis';
import { PARTITIONS } from '../../src/invite/partition.js';

const ENTRIES_A_CALL = 500;
/** Words of a line before its users (lua/README.md, Events). */
const WORDS_BEFORE_USERS = 7;

export function readJoins(redis: Redis): { count(): Promise<number> } {
  const readTo = new Map<number, string>();
  let total = 0;

  const readPartition = async (partition: number): Promise<void> => {
    for (;;) {
      const from = readTo.get(partition);
      const entries = await redis.xrange(
        `invited:{${partition}}:events`,
        from === undefined ? '-' : `(${from}`,
        '+',
        'COUNT',
        ENTRIES_A_CALL,
      );
      for (const [id, fields] of entries) {
        readTo.set(partition, id);
        const at = fields.indexOf('joins');
        if (at === -1) continue;
        for (const line of (fields[at + 1] ?? '').split('\n'))
          total += line.split(' ').length - WORDS_BEFORE_USERS;
      }
      if (entries.length < ENTRIES_A_CALL) return;
    }
  };

  return {
    async count() {
      for (let partition = 0; partition < PARTITIONS; partition += 1) await readPartition(partition);
      return total;
    },
  };
}
