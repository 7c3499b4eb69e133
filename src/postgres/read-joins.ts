// The joins of a guild from the ledger, newest first, page by page. A page begins behind a cursor, so that what is added
// meanwhile moves nothing.

import type { Snowflake } from '../invite/id.js';
import { msOf, timeOf } from './columns.js';
import { type Param, type SqlSession, statement } from './connection.js';

export interface JoinRecord {
  /** Stable, and that of no other join. */
  readonly id: string;
  readonly code: string;
  /** null: by a vanity code. */
  readonly channelId: Snowflake | null;
  readonly userId: Snowflake;
  readonly inviterId: Snowflake | null;
  readonly atMs: number;
  readonly isTemporary: boolean;
  readonly isVanity: boolean;
  /** Of the code, with this join. */
  readonly uses: number;
}

export interface JoinsAsked {
  readonly guildId: Snowflake;
  readonly code?: string;
  readonly inviterId?: Snowflake;
  readonly userId?: Snowflake;
  /** The `next` of the page before. */
  readonly before?: JoinCursor;
  readonly limit: number;
}

/** Where a page ended; text for a client, who need not understand it. */
export type JoinCursor = string & { readonly brand: 'join cursor' };

export interface JoinsPage {
  readonly joins: readonly JoinRecord[];
  /** null: there are no more. */
  readonly next: JoinCursor | null;
}

const CURSOR = /^[0-9]{1,15}-[0-9]{1,16}-[0-9]{1,3}$/;

export function isJoinCursor(text: string): text is JoinCursor {
  return CURSOR.test(text);
}

interface JoinRow {
  readonly code: string;
  readonly channelId: Snowflake | null;
  readonly userId: Snowflake;
  readonly inviterId: Snowflake | null;
  readonly atMs: string;
  readonly isTemporary: boolean;
  readonly isVanity: boolean;
  readonly uses: string;
  readonly seq: string;
  readonly journal: number;
}

export async function readJoins(sql: SqlSession, asked: JoinsAsked): Promise<JoinsPage> {
  const params: Param[] = [asked.guildId, asked.limit + 1];
  const conditions = ['guild_id = $1'];
  const place = (value: Param): string => `$${params.push(value)}`;
  if (asked.code !== undefined) conditions.push(`code = ${place(asked.code)}`);
  if (asked.inviterId !== undefined) conditions.push(`inviter_id = ${place(asked.inviterId)}`);
  if (asked.userId !== undefined) conditions.push(`user_id = ${place(asked.userId)}`);
  if (asked.before !== undefined) {
    const [atMs = '', seq = '', journal = ''] = asked.before.split('-');
    conditions.push(
      `(at, seq, journal) < (${timeOf(`${place(atMs)}::float8`)}, ${place(seq)}::bigint, ${place(journal)}::smallint)`,
    );
  }
  const what = statement(
    'read joins',
    `select code, channel_id as "channelId", user_id as "userId", inviter_id as "inviterId", ${msOf('at')} as "atMs",
       temporary as "isTemporary", vanity as "isVanity", uses, seq, journal
     from invited.joins where ${conditions.join(' and ')}
     order by at desc, seq desc, journal desc limit $2`,
  );
  const rows = await sql.query<JoinRow>(what, params);
  const shown = rows.slice(0, asked.limit);
  const last = rows.length > asked.limit ? shown.at(-1) : undefined;
  return {
    joins: shown.map(({ seq, journal, ...row }) => ({
      ...row,
      id: `${journal}-${seq}`,
      atMs: Number(row.atMs),
      uses: Number(row.uses),
    })),
    next: last === undefined ? null : (`${last.atMs}-${last.seq}-${last.journal}` as JoinCursor),
  };
}
