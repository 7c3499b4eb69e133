// What the jobs processes count, left in Redis for the HTTP workers, any of which may be asked for it: a text of each process, which
// is gone seconds after the process. Knows nothing of what the texts say.

import type { Redis } from 'ioredis';
import { type Journal, journalKey } from './journals.js';
import { ReplyReader } from './reply.js';
import type { Scripts } from './scripts.js';
import { fromRedisError } from './unavailable.js';

export interface ToldFigures {
  /** Not '', which is for `takeBack`. */
  tell(holder: string, text: string, ttlMs: number): Promise<void>;
  takeBack(holder: string): Promise<void>;
  /** The newest text of each process. */
  read(): Promise<readonly string[]>;
}

/** They lie beside the first journal, where one process is as good as another. */
const FIRST: Journal = 0;

export function createToldFigures(redis: Redis, scripts: Scripts): ToldFigures {
  const tell = async (holder: string, text: string, ttlMs: number): Promise<void> => {
    const reply = await scripts.run('figures-tell', FIRST, [holder, text, ttlMs]);
    new ReplyReader(reply, 'figures-tell').oneOf(['told']);
  };
  return {
    tell,
    takeBack: (holder) => tell(holder, '', 1),
    async read() {
      const told = await redis.hvals(journalKey(FIRST, 'figures')).catch((error: unknown) => {
        throw fromRedisError(error, 'read figures');
      });
      // Before each stands until when it counts, which who tells next looks after.
      return told.map((text) => text.slice(text.indexOf(' ') + 1));
    },
  };
}
