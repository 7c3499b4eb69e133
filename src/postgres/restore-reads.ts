// What a restore needs of Postgres beside the pages of entities of the directory (read-directory.ts).

import type { Snowflake } from '../invite/id.js';
import type { InviteSettings } from '../invite/ledger-events.js';
import { msOf, textList } from './columns.js';
import { type Sql, type SqlSession, statement } from './connection.js';

/** For one statement: some look at a whole table, or at all joins of an invite. */
const READ_MAX_MS = 60_000;

const FENCE = statement('fence all journals', `update invited.journals set fence = fence + 1`);

// Where entities were read for a copy of everything, their seq can be beyond that of the journals. Ended invites
// and joins come by the stream, and so are never beyond it.
const SEQ_TABLES = [
  'journals',
  'guilds',
  'channels',
  'members',
  'bans',
  'ip_bans',
  'users',
  'group_dms',
  'vanity',
];
const LARGEST_SEQ = statement(
  'read the largest seq',
  `select greatest(0, ${SEQ_TABLES.map((table) => `(select max(seq) from invited.${table})`).join(', ')},
     (select max(seq) from invited.invites where ended_at is null),
     (select max(token::bigint) from invited.vanity where token ~ '^[0-9]{1,15}$')) as seq`,
);

const VANITY_JOINS = statement(
  'count the joins of vanity codes',
  `select v.code, (
     select count(*) from invited.joins j
     where j.code = v.code and j.vanity and j.guild_id = v.guild_id and j.at >= v.created_at
   ) as joins
   from invited.vanity v where v.code = any ($1::text[])`,
);

const VANITIES = statement(
  'read vanity codes',
  `select v.code, v.guild_id as "guildId", v.token, ${msOf('v.created_at')} as "createdAtMs"
   from invited.vanity v where v.code > $1 order by v.code limit $2`,
);

// First the page, then what is asked of each of its rows: a condition within would make Postgres look at all
// that follow, page after page. The last join says how many uses there were with it: to count them would take
// as long as there are joins.
const LIVE = statement(
  'read live invites',
  `select i.code, i.created_seq as "createdSeq", i.guild_id as "guildId", i.channel_id as "channelId",
     i.inviter_id as "inviterId", ${msOf('i.created_at')} as "createdAtMs", ${msOf('i.expires_at')} as "expiresAtMs",
     i.max_age as "maxAgeS", i.max_uses as "maxUses", i.uses, i.temporary as "isTemporary", i.paused as "isPaused", i.version,
     i.created_seq = (select max(n.created_seq) from invited.invites n where n.code = i.code) as "isNewest",
     (
       select j.uses from invited.joins j
       where j.code = i.code and j.seq > i.created_seq and not j.vanity order by j.seq desc limit 1
     ) as "ledgerUses"
   from (
     select * from invited.invites where ended_at is null and (code, created_seq) > ($1::text, $2::bigint)
     order by code, created_seq limit $3
   ) as i
   order by i.code, i.created_seq`,
);

const ENDED = statement(
  'read ended invites',
  `select i.code, ${msOf('i.created_at')} as "createdAtMs"
   from invited.invites i
   where i.code = any ($1::text[]) and i.ended_at is not null
     and not exists (
       select from invited.invites o where o.code = i.code and o.created_at = i.created_at and o.ended_at is null
     )`,
);

/** Each statement in a transaction of its own, with more time than usual. */
export function patient(sql: Sql): SqlSession {
  return { query: (what, params) => sql.transaction((session) => session.query(what, params), READ_MAX_MS) };
}

/**
 * Whoever has read on in a journal of Redis, and not written it yet, is refused from now on: so nothing
 * changes any more.
 */
export async function fenceAllJournals(sql: SqlSession): Promise<void> {
  await sql.query(FENCE);
}

/** The largest seq that any row knows, of any journal. */
export async function largestSeq(sql: SqlSession): Promise<number> {
  const [row] = await sql.query<{ seq: string }>(LARGEST_SEQ);
  return Number(row?.seq ?? 0);
}

/** How many joins the ledger has for each of these vanity codes since its guild got it. */
export async function vanityJoins(
  sql: SqlSession,
  codes: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (codes.length === 0) return new Map();
  const rows = await sql.query<{ code: string; joins: string }>(VANITY_JOINS, [textList(codes)]);
  return new Map(rows.map(({ code, joins }) => [code, Number(joins)]));
}

export interface VanityOwner {
  readonly code: string;
  readonly guildId: Snowflake;
  readonly token: string;
  readonly createdAtMs: number;
}

export async function readVanities(
  sql: SqlSession,
  after: string | null,
  limit: number,
): Promise<readonly VanityOwner[]> {
  const rows = await sql.query<Omit<VanityOwner, 'createdAtMs'> & { createdAtMs: string }>(VANITIES, [
    after ?? '',
    limit,
  ]);
  return rows.map((row) => ({ ...row, createdAtMs: Number(row.createdAtMs) }));
}

/** Of the invites that ever had these codes, those that have ended. */
export async function endedAmong(
  sql: SqlSession,
  codes: readonly string[],
): Promise<readonly { readonly code: string; readonly createdAtMs: number }[]> {
  if (codes.length === 0) return [];
  const rows = await sql.query<{ code: string; createdAtMs: string }>(ENDED, [textList(codes)]);
  return rows.map(({ code, createdAtMs }) => ({ code, createdAtMs: Number(createdAtMs) }));
}

/** An invite that has not ended in so many words; whether it has expired, Redis decides by its own clock. */
export interface LiveInvite extends InviteSettings {
  readonly createdSeq: number;
  /** false: the end of this one was lost, since another one has its code now. */
  readonly isNewest: boolean;
  /** What the ledger of joins says of its uses; null: nothing. */
  readonly ledgerUses: number | null;
}

interface LiveRow
  extends Omit<LiveInvite, 'createdSeq' | 'createdAtMs' | 'expiresAtMs' | 'uses' | 'ledgerUses'> {
  readonly createdSeq: string;
  readonly createdAtMs: string;
  readonly expiresAtMs: string | null;
  readonly uses: string;
  readonly ledgerUses: string | null;
}

export async function readLiveInvites(
  sql: SqlSession,
  after: Pick<LiveInvite, 'code' | 'createdSeq'> | null,
  limit: number,
): Promise<readonly LiveInvite[]> {
  const rows = await sql.query<LiveRow>(LIVE, [after?.code ?? '', after?.createdSeq ?? -1, limit]);
  return rows.map((row) => ({
    ...row,
    createdSeq: Number(row.createdSeq),
    createdAtMs: Number(row.createdAtMs),
    expiresAtMs: row.expiresAtMs === null ? null : Number(row.expiresAtMs),
    uses: Number(row.uses),
    ledgerUses: row.ledgerUses === null ? null : Number(row.ledgerUses),
  }));
}
