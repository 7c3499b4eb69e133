// Which data a process serves: their epoch, learned once and sent with every script. A Redis that was emptied, or replaced by
// another, answers nothing until it holds these data again; whoever restores them (jobs/) opens it last of all.

import type { Redis } from 'ioredis';
import { type Journal, journalKey } from './journals.js';
import { fromRedisError, StoreUnavailable } from './unavailable.js';

export interface Gate {
  /** null: not known yet. */
  readonly epoch: string | null;
  /** @throws StoreUnavailable while the journal is closed */
  learn(journal: Journal): Promise<string>;
  /** A script said that the journal is not open to this epoch. */
  noteClosed(journal: Journal): void;
}

/** While it is closed, Redis is asked this often at most. */
const ASK_EVERY_MS = 50;
/**
 * Another epoch may be that of a Redis that shouldn't be there, which is closed within a second or two. One that stays is
 * taken for what it is: the data were replaced on purpose.
 */
const ADOPT_AFTER_MS = 5000;

export function createGate(redis: Redis): Gate {
  let epoch: string | null = null;
  let asking: Promise<string | null> | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let other: { readonly epoch: string; readonly since: number } | null = null;

  const ask = (journal: Journal): Promise<string | null> => {
    asking ??= redis
      .get(journalKey(journal, 'epoch'))
      .catch((error: unknown) => {
        throw fromRedisError(error, 'learn the epoch');
      })
      .finally(() => {
        asking = null;
        askedAt = performance.now();
      });
    return asking;
  };

  const isTooSoon = (): boolean => performance.now() - askedAt < ASK_EVERY_MS;

  return {
    get epoch() {
      return epoch;
    },

    async learn(journal) {
      if (epoch !== null) return epoch;
      if (asking === null && isTooSoon()) throw new StoreUnavailable('down');
      const found = await ask(journal);
      if (found === null) throw new StoreUnavailable('down');
      epoch ??= found;
      return epoch;
    },

    noteClosed(journal) {
      if (asking !== null || isTooSoon()) return;
      ask(journal).then(
        (found) => {
          if (found === null || found === epoch) other = null;
          else if (other?.epoch !== found) other = { epoch: found, since: performance.now() };
          else if (performance.now() - other.since > ADOPT_AFTER_MS) {
            epoch = found;
            other = null;
          }
        },
        // Redis is away: whoever asks next notices by himself.
        () => {},
      );
    },
  };
}
