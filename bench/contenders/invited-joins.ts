// Counts the join records of invited: the users in the packed entries of its stream. Reads on from where
// it stopped, so that counting after each round stays cheap.

import type { Redis } from 'ioredis';

const ENTRIES_A_CALL = 500;
/** Words of a line before its users (lua/README.md, Events). */
const WORDS_BEFORE_USERS = 7;

export function readJoins(redis: Redis): { count(): Promise<number> } {
  let readTo: string | null = null;
  let total = 0;
  return {
    async count() {
      for (;;) {
        const from = readTo === null ? '-' : `(${readTo}`;
        const entries = await redis.xrange('invited:{0}:events', from, '+', 'COUNT', ENTRIES_A_CALL);
        for (const [id, fields] of entries) {
          readTo = id;
          const at = fields.indexOf('joins');
          if (at === -1) continue;
          for (const line of (fields[at + 1] ?? '').split('\n'))
            total += line.split(' ').length - WORDS_BEFORE_USERS;
        }
        if (entries.length < ENTRIES_A_CALL) return total;
      }
    },
  };
}
