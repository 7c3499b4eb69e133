// Invites as Postgres has them, page by page, with the uses that its two records of them know: the invite's own row, and
// the joins in the ledger. And the check of one against the other. Must count in bulk: one statement a page.

import type { Snowflake } from '../invite/id.js';
import type { InviteSettings, StoredEndReason } from '../invite/ledger-events.js';
import { msOf, timeOf } from './columns.js';
import { type Sql, type SqlSession, statement } from './connection.js';

export interface StoredInvite extends InviteSettings {
  readonly createdSeq: number;
  /** Of the last change of its settings. */
  readonly seq: number;
  /** The larger of what its row says and what the ledger adds up to. */
  readonly uses: number;
  readonly endedAtMs: number | null;
  readonly endedReason: StoredEndReason | null;
  readonly endedBy: Snowflake | null;
}

export interface InviteKey {
  readonly code: string;
  readonly createdSeq: number;
}

// The joins of an invite lie between its creation (or where they were counted anew) and its end, or that of the next with its code.
const JOINS = `
  select count(*) as joins from invited.joins j
  where j.code = i.code and not j.vanity and j.seq > i.counted_from
    and j.seq <= case when i.ended_at is null then 9223372036854775807 else i.seq end
    and j.seq < coalesce(
      (select min(n.created_seq) from invited.invites n where n.code = i.code and n.created_seq > i.created_seq), 9223372036854775807)`;

const COLUMNS = `i.code, i.created_seq as "createdSeq", i.seq, i.guild_id as "guildId", i.channel_id as "channelId",
  i.inviter_id as "inviterId", ${msOf('i.created_at')} as "createdAtMs", ${msOf('i.expires_at')} as "expiresAtMs", i.max_age as "maxAgeS",
  i.max_uses as "maxUses", greatest(i.uses, i.base_uses + l.joins) as uses, i.temporary as "isTemporary", i.paused as "isPaused",
  i.version, ${msOf('i.ended_at')} as "endedAtMs", i.ended_reason as "endedReason", i.ended_by as "endedBy"`;

/** @param rows SQL that chooses the rows of invited.invites */
export function selectInvites(rows: string): string {
  return `select ${COLUMNS} from (${rows}) as i, lateral (${JOINS}) as l order by i.code, i.created_seq`;
}

/**
 * SQL: is this row, `o`, a live invite? Should the end of one have been lost, the newest with its code counts. (Asked by `not exists`,
 * Postgres would join the whole table for each page.)
 */
export function isLive(nowMs: string): string {
  return `o.ended_at is null and (o.expires_at is null or o.expires_at > ${timeOf(nowMs)})
       and o.created_seq = (select max(n.created_seq) from invited.invites n where n.code = o.code)`;
}

const LIVE = statement(
  'read live invites',
  selectInvites(`
     select * from invited.invites o
     where (code, created_seq) > ($1::text, $2::bigint) and ${isLive('$4::float8')}
     order by code, created_seq limit $3`),
);

const ALL = statement(
  'read invites',
  selectInvites(
    'select * from invited.invites where (code, created_seq) > ($1::text, $2::bigint) order by code, created_seq limit $3',
  ),
);

const DIFFERENCES = statement(
  'check the sums of invites',
  `select i.code, i.created_seq as "createdSeq", i.uses, i.base_uses as "baseUses", i.max_uses as "maxUses", l.joins,
     l.joins <> i.uses - i.base_uses or (i.max_uses > 0 and i.uses > i.max_uses) as "isWrong"
   from (select * from invited.invites where (code, created_seq) > ($1::text, $2::bigint) order by code, created_seq limit $3) as i,
     lateral (${JOINS}) as l
   order by i.code, i.created_seq`,
);

// Joins by a vanity code since its guild got it, or since they were counted anew.
const VANITY_DIFFERENCES = statement(
  'check the sums of vanity codes',
  `select v.code, v.uses, v.base_uses as "baseUses", l.joins
   from invited.vanity v,
     lateral (
       select count(*) as joins from invited.joins j
       where j.code = v.code and j.vanity and j.guild_id = v.guild_id and j.at >= v.created_at and j.seq > v.counted_from
     ) as l
   where l.joins <> v.uses - v.base_uses
   order by v.code limit $1`,
);

const PAGE = 5000;
const CHECK_MAX_MS = 60_000;

/** @param nowMs leaves out what has expired by then; null: gives every invite there ever was, in the order of code and creation */
export async function readInvites(
  sql: SqlSession,
  after: InviteKey | null,
  limit: number,
  nowMs: number | null,
): Promise<readonly StoredInvite[]> {
  const params = [after?.code ?? '', after?.createdSeq ?? -1, limit];
  const rows = await (nowMs === null
    ? sql.query<InviteRow>(ALL, params)
    : sql.query<InviteRow>(LIVE, [...params, nowMs]));
  return rows.map(inviteOf);
}

export function inviteOf(row: InviteRow): StoredInvite {
  return {
    ...row,
    createdSeq: Number(row.createdSeq),
    seq: Number(row.seq),
    createdAtMs: Number(row.createdAtMs),
    expiresAtMs: row.expiresAtMs === null ? null : Number(row.expiresAtMs),
    uses: Number(row.uses),
    endedAtMs: row.endedAtMs === null ? null : Number(row.endedAtMs),
  };
}

export interface InviteRow {
  readonly code: string;
  readonly createdSeq: string;
  readonly seq: string;
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake | null;
  readonly inviterId: Snowflake | null;
  readonly createdAtMs: string;
  readonly expiresAtMs: string | null;
  readonly maxAgeS: number;
  readonly maxUses: number;
  readonly uses: string;
  readonly isTemporary: boolean;
  readonly isPaused: boolean;
  readonly version: number;
  readonly endedAtMs: string | null;
  readonly endedReason: StoredEndReason | null;
  readonly endedBy: Snowflake | null;
}

export interface WrongSum {
  readonly code: string;
  readonly isVanity: boolean;
  readonly uses: number;
  /** Of the uses, those that no join stands for. */
  readonly baseUses: number;
  /** 0: no cap. */
  readonly maxUses: number;
  readonly joins: number;
}

/** Codes whose joins don't add up to their uses, or whose uses are more than there may be; `limit` of each kind at most. */
export async function checkSums(sql: Sql, limit: number): Promise<readonly WrongSum[]> {
  const wrong: WrongSum[] = [];
  let after: InviteKey | null = { code: '', createdSeq: -1 };
  while (after !== null && wrong.length < limit) {
    const { code, createdSeq }: InviteKey = after;
    const rows: readonly SumRow[] = await sql.transaction(
      (session) => session.query<SumRow>(DIFFERENCES, [code, createdSeq, PAGE]),
      CHECK_MAX_MS,
    );
    wrong.push(...rows.filter(({ isWrong }) => isWrong).map((row) => sumOf(row, false)));
    const last = rows.length < PAGE ? undefined : rows.at(-1);
    after = last === undefined ? null : { code: last.code, createdSeq: Number(last.createdSeq) };
  }
  const vanity = await sql.transaction(
    (session) => session.query<SumRow>(VANITY_DIFFERENCES, [limit]),
    CHECK_MAX_MS,
  );
  return [...wrong.slice(0, limit), ...vanity.map((row) => sumOf(row, true))];
}

interface SumRow {
  readonly code: string;
  readonly createdSeq: string;
  readonly uses: string;
  readonly baseUses?: string;
  readonly maxUses?: number;
  readonly joins: string;
  readonly isWrong: boolean;
}

function sumOf({ code, uses, baseUses = '0', maxUses = 0, joins }: SumRow, isVanity: boolean): WrongSum {
  const numbers = { uses: Number(uses), baseUses: Number(baseUses), maxUses, joins: Number(joins) };
  return { code, isVanity, ...numbers };
}
