// The dead letters: events that a webhook did not take, kept in Redis until they are replayed. They lie beside the first journal, those
// of all journals and webhooks together, at most KEPT_MAX of them.

import type { Journal } from './journals.js';
import { ReplyReader } from './reply.js';
import type { Argument, Scripts } from './scripts.js';
import { StoreBug } from './unavailable.js';

export interface DeadLetter {
  /** The name of the webhook. */
  readonly consumer: string;
  /** Of its URL what people may see. */
  readonly url: string;
  readonly eventId: string;
  readonly type: string;
  /** null: a group DM's. */
  readonly guildId: string | null;
  /** The event as it was sent. */
  readonly json: string;
  readonly attempts: number;
  /** Why it failed the last time. */
  readonly reason: string;
}

export interface KeptDeadLetter extends DeadLetter {
  /** Of its entry; grows from one to the next. */
  readonly id: string;
  readonly atMs: number;
}

export interface DeadLetters {
  /** Keeps one; of one webhook and event only the first. @returns how many of the oldest went for it */
  put(letter: DeadLetter): Promise<{ readonly dropped: number }>;
  /** Oldest first; `after`: the id of the last of the page before. @param limit 1-1000 */
  list(after: string | null, limit: number): Promise<readonly KeptDeadLetter[]>;
  count(): Promise<number>;
  /** By their ids. */
  remove(ids: readonly string[]): Promise<void>;
}

const KEPT_MAX = 100_000;
const FIRST: Journal = 0;
const IDS_A_CALL = 1000;

/** @param keptMax beyond it the oldest go */
export function createDeadLetters(scripts: Scripts, keptMax: number = KEPT_MAX): DeadLetters {
  const ask = async (name: string, args: readonly Argument[]) =>
    new ReplyReader(await scripts.run(name, FIRST, args), name);

  return {
    async put({ consumer, url, eventId, type, guildId, json, attempts, reason }) {
      const event = [eventId, type, guildId ?? '', json];
      const reply = await ask('dead-letter-put', [consumer, url, ...event, attempts, reason, keptMax]);
      return { dropped: reply.oneOf(['put', 'known']) === 'put' ? reply.integer() : 0 };
    },

    async list(after, limit) {
      const reply = await ask('dead-letter-list', [after ?? '', limit]);
      reply.oneOf(['listed']);
      reply.integer();
      const letters: KeptDeadLetter[] = [];
      for (const listed = reply.inner(); !listed.atEnd(); ) letters.push(readLetter(listed.inner()));
      return letters;
    },

    async count() {
      const reply = await ask('dead-letter-list', ['', 0]);
      reply.oneOf(['listed']);
      return reply.integer();
    },

    async remove(ids) {
      for (let from = 0; from < ids.length; from += IDS_A_CALL) {
        const reply = await ask('dead-letter-remove', ids.slice(from, from + IDS_A_CALL));
        reply.oneOf(['removed']);
      }
    },
  };
}

function readLetter(entry: ReplyReader): KeptDeadLetter {
  const id = entry.text();
  const fields = new Map<string, string>();
  for (const pairs = entry.inner(); !pairs.atEnd(); ) fields.set(pairs.text(), pairs.text());
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw new StoreBug(`dead-letter-list: no ${name}`);
    return value;
  };
  return {
    id,
    consumer: field('consumer'),
    url: field('url'),
    eventId: field('event_id'),
    type: field('type'),
    guildId: field('guild_id') || null,
    json: field('json'),
    attempts: Number(field('attempts')),
    reason: field('reason'),
    atMs: Number(field('at')),
  };
}
