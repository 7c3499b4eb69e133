// GET /guilds/{guild_id}/joins: who came by which invite, as JSON or, for spreadsheets, as CSV.

import * as v from 'valibot';
import type { Engine } from '../../engine/engine.js';
import { isCode } from '../../invite/code.js';
import { isSnowflake, type Snowflake } from '../../invite/id.js';
import { isoTime } from '../../invite/invite-json.js';
import type { Join, JoinsQuery, Ledger } from '../../invite/ledger.js';
import type { FieldErrorCode } from '../field-errors.js';
import { prefers } from '../negotiate.js';
import { nextLink, pageLimit } from '../paging.js';
import { problem } from '../problem.js';
import { bodyReply, type Header, valueReply } from '../reply.js';
import { type Call, closed, type Route } from '../route.js';
import { validate } from '../validate.js';

const LIMIT_DEFAULT = 100;
const JSON_TYPE = 'application/json';
const CSV_TYPE = 'text/csv';
/** RFC 4180, section 3. */
const CSV_TYPE_TOLD = 'text/csv; charset=utf-8; header=present';
const CSV_LINE_END = '\r\n';
/** Two answers live under one URL. */
const VARY: Header = ['Vary', 'Accept'];

export function joinRoutes(engine: Engine, ledger: Ledger): readonly Route[] {
  const schema = querySchema(ledger);
  return [
    closed('service', 'GET', '/guilds/{guild_id}/joins', async (call) => {
      const { request } = call;
      const given = validate(schema, Object.fromEntries(new URLSearchParams(request.query)));
      const query = queryOf(call.id('guild_id'), given);
      // The ledger outlives the guild; that there is none says Redis.
      if ((await engine.getGuild(query.guildId)) === 'unknown_guild') return problem('UNKNOWN_GUILD', [VARY]);
      const { joins, next } = await ledger.joins(query);
      const headers = next === null ? [VARY] : [VARY, linkTo(request.path, query, next)];
      const records = joins.map(recordOf);
      if (wantsCsv(call)) return bodyReply(200, CSV_TYPE_TOLD, csvOf(records), headers);
      return valueReply({ joins: records, next }, headers);
    }),
  ];
}

type Given = v.InferOutput<ReturnType<typeof querySchema>>;

function querySchema(ledger: Ledger) {
  const code = <Code extends FieldErrorCode>(given: Code): Code => given;
  const optional = <const Schema extends v.GenericSchema>(schema: Schema) =>
    v.optional(v.nullable(schema), null);
  const id = v.custom<Snowflake>(isSnowflake, code('INVALID_ID'));
  return v.object({
    code: optional(v.pipe(v.string(), v.check(isCode, code('INVALID_VALUE')))),
    inviter_id: optional(id),
    user_id: optional(id),
    after: optional(v.pipe(v.string(), v.check(ledger.isCursor, code('INVALID_VALUE')))),
    limit: v.optional(pageLimit, String(LIMIT_DEFAULT)),
  });
}

function queryOf(guildId: Snowflake, { code, inviter_id, user_id, after, limit }: Given): JoinsQuery {
  return { guildId, code, inviterId: inviter_id, userId: user_id, after, limit };
}

function linkTo(path: string, { code, inviterId, userId, limit }: JoinsQuery, next: string): Header {
  const query = {
    ...(code === null ? {} : { code }),
    ...(inviterId === null ? {} : { inviter_id: inviterId }),
    ...(userId === null ? {} : { user_id: userId }),
    limit: String(limit),
  };
  return nextLink(path, query, next);
}

function recordOf(join: Join) {
  return {
    id: join.id,
    code: join.code,
    guild_id: join.guildId,
    channel_id: join.channelId,
    user_id: join.userId,
    inviter_id: join.inviterId,
    at: isoTime(join.atMs),
    temporary: join.isTemporary,
    vanity: join.isVanity,
  };
}

type JoinRecord = ReturnType<typeof recordOf>;

const COLUMNS: readonly (keyof JoinRecord)[] = [
  'id',
  'code',
  'guild_id',
  'channel_id',
  'user_id',
  'inviter_id',
  'at',
  'temporary',
  'vanity',
];

/** RFC 4180. Nothing here ever needs quotes: ids, codes, times and booleans have no commas, quotes or line ends. */
function csvOf(records: readonly JoinRecord[]): string {
  const lines = records.map((record) => COLUMNS.map((column) => String(record[column] ?? '')).join(','));
  return [COLUMNS.join(','), ...lines, ''].join(CSV_LINE_END);
}

/** Of two that a client wants alike it gets the one that it names first, of all that there are JSON. */
function wantsCsv({ request: { headers } }: Call): boolean {
  return prefers(headers.accept, [JSON_TYPE, CSV_TYPE]) === CSV_TYPE;
}
