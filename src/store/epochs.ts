// The epochs of the journals: whose data this Redis holds, and whether they are whole (lua/lib/gate.lua). For whoever restores
// them; those who serve only learn the epoch (gate.ts).

import type { Redis } from 'ioredis';
import { type Journal, journalKey } from './journals.js';
import { fromRedisError } from './unavailable.js';

export interface Epochs {
  /** The epoch of each journal, null where there is none: empty, or closed. */
  read(): Promise<readonly (string | null)[]>;
  /** From here on every journal answers to those who serve this epoch. */
  open(epoch: string): Promise<void>;
  /** The same where there is no epoch yet: of several who do it at once, one epoch stands. */
  openNew(epoch: string): Promise<void>;
  /** From here on nobody is answered, until it is opened. */
  close(): Promise<void>;
}

export function createEpochs(redis: Redis, journals: readonly Journal[]): Epochs {
  const each = <Result>(work: (key: string) => Promise<Result>): Promise<readonly Result[]> =>
    Promise.all(journals.map((journal) => work(journalKey(journal, 'epoch')))).catch((error: unknown) => {
      throw fromRedisError(error, 'epoch');
    });
  return {
    read: () => each((key) => redis.get(key)),
    async open(epoch) {
      await each((key) => redis.set(key, epoch));
    },
    async openNew(epoch) {
      // The first journal decides.
      const first = journalKey(journals[0] ?? 0, 'epoch');
      await each((key) => (key === first ? redis.set(key, epoch, 'NX') : Promise.resolve(null)));
      const stands = (await each((key) => (key === first ? redis.get(key) : Promise.resolve(null)))).find(
        (found) => found !== null,
      );
      if (stands !== undefined) await each((key) => redis.set(key, stands));
    },

    async close() {
      await each((key) => redis.del(key));
    },
  };
}
