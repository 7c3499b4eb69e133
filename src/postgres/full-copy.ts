// The end of a full copy (jobs/full-copy.ts): what was not found any more goes, and the journal is copied from here on.

import { type Sql, statement } from './connection.js';
import { lockJournal, moveJournal } from './journals.js';

export interface FullCopyEnd {
  readonly journal: number;
  readonly fence: string;
  /** The copy goes on behind this entry of the stream. */
  readonly streamId: string;
  /** Rows whose `seq` is smaller were not found by the copy; null: nothing is to go. */
  readonly forgetOlderThan: number | null;
}

const END_MAX_MS = 600_000;

const FORGET = ['guilds', 'channels', 'members', 'bans', 'ip_bans', 'users', 'group_dms', 'vanity'].map(
  (table) => statement(`forget old ${table}`, `delete from invited.${table} where seq < $1::bigint`),
);
const FORGET_ROLES = statement(
  'forget old roles',
  `delete from invited.roles r where not exists (select from invited.guilds g where g.id = r.guild_id)`,
);
/** When and why they ended, nobody knows any more. */
const END_INVITES = statement(
  'end lost invites',
  `update invited.invites set ended_at = clock_timestamp(), ended_reason = 'lost' where ended_at is null and seq < $1::bigint`,
);

/** @returns false: another writer has the journal; nothing was done */
export function endFullCopy(sql: Sql, end: FullCopyEnd): Promise<boolean> {
  return sql.transaction(async (session) => {
    if ((await lockJournal(session, end.journal, end.fence, null)) !== 'mine') return false;
    if (end.forgetOlderThan !== null) {
      for (const forget of [...FORGET, END_INVITES]) await session.query(forget, [end.forgetOlderThan]);
      await session.query(FORGET_ROLES);
    }
    await moveJournal(session, end.journal, end.fence, { streamId: end.streamId, seq: 0, newestAtMs: 0 });
    return true;
  }, END_MAX_MS);
}
