// Single entities as Postgres has them, by their keys, and which of many keys there are; for who compares. In bulk: one
// statement for any number of keys. The pages of all of them: read-directory.ts, read-invites.ts.

import type { Snowflake } from '../invite/id.js';
import { list, textList } from './columns.js';
import { type SqlSession, type Statement, statement } from './connection.js';
import type {
  BanState,
  ChannelState,
  GroupDmState,
  GuildState,
  IpBanState,
  MemberState,
  Present,
  UserState,
} from './entities.js';
import { COLUMNS, type GuildRow, guildOf, page, selectGuilds } from './read-directory.js';
import { type InviteRow, inviteOf, isLive, type StoredInvite, selectInvites } from './read-invites.js';

const GUILDS = statement(
  'read some guilds',
  selectGuilds('select * from invited.guilds where id = any ($1::bigint[])'),
);
const INVITES = statement(
  'read some invites',
  selectInvites(
    `select * from invited.invites o where code = any ($1::text[]) and ${isLive('$2::float8')} order by code`,
  ),
);

/** @param key its columns with their types; $1 … are the lists of their values */
function someOf(table: keyof typeof COLUMNS, key: Readonly<Record<string, 'bigint' | 'text'>>): Statement {
  const lists = Object.values(key).map((type, at) => `$${at + 1}::${type}[]`);
  return statement(
    `read some ${table}`,
    `select seq, ${COLUMNS[table]} from invited.${table}
     where (${Object.keys(key).join(', ')}) in (select * from unnest(${lists.join(', ')}))`,
  );
}

const CHANNELS = someOf('channels', { guild_id: 'bigint', id: 'bigint' });
const MEMBERS = someOf('members', { guild_id: 'bigint', user_id: 'bigint' });
const BANS = someOf('bans', { guild_id: 'bigint', user_id: 'bigint' });
const IP_BANS = someOf('ip_bans', { guild_id: 'bigint', address_key: 'text' });
const USERS = someOf('users', { id: 'bigint' });
const GROUP_DMS = someOf('group_dms', { id: 'bigint' });

/** The parts of a key, such as guild and user. */
export type Key = readonly [string, string?];

type ReadSome<State> = (sql: SqlSession, keys: readonly Key[]) => Promise<readonly Present<State>[]>;

const byId =
  <State extends object>(what: Statement): ReadSome<State> =>
  (sql, keys) =>
    page<State>(sql, what, [list(keys.map(([id]) => id))]);

const byTwo =
  <State extends object>(what: Statement): ReadSome<State> =>
  (sql, keys) =>
    page<State>(sql, what, [
      list(keys.map(([first]) => first)),
      textList(keys.map(([, second = '']) => second)),
    ]);

export const readSomeChannels = byTwo<ChannelState>(CHANNELS);
export const readSomeMembers = byTwo<MemberState>(MEMBERS);
export const readSomeBans = byTwo<BanState>(BANS);
export const readSomeIpBans = byTwo<IpBanState>(IP_BANS);
export const readSomeUsers = byId<UserState>(USERS);
export const readSomeGroupDms = byId<GroupDmState>(GROUP_DMS);

export const readSomeGuilds: ReadSome<GuildState> = async (sql, keys) =>
  (await sql.query<GuildRow>(GUILDS, [list(keys.map(([id]) => id))])).map(guildOf);

/** Live ones, by their codes. */
export async function readSomeInvites(
  sql: SqlSession,
  codes: readonly string[],
  nowMs: number,
): Promise<readonly StoredInvite[]> {
  return (await sql.query<InviteRow>(INVITES, [textList(codes), nowMs])).map(inviteOf);
}

const KNOWN = {
  guilds: statement('know guilds', 'select id as key from invited.guilds where id = any ($1::bigint[])'),
  users: statement('know users', 'select id as key from invited.users where id = any ($1::bigint[])'),
  groupDms: statement(
    'know group DMs',
    'select id as key from invited.group_dms where id = any ($1::bigint[])',
  ),
  invites: statement(
    'know invites',
    'select distinct code as key from invited.invites where ended_at is null and code = any ($1::text[])',
  ),
} as const;

/** Which of these ids or codes there are; of invites, those that have not ended. */
export async function readKnown(
  sql: SqlSession,
  kind: keyof typeof KNOWN,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await sql.query<{ key: string }>(KNOWN[kind], [textList(keys)]);
  return new Set(rows.map(({ key }) => key));
}

const COUNTS = Object.fromEntries(
  (['channels', 'members', 'bans', 'ip_bans'] as const).map((table) => [
    table,
    statement(
      `count ${table}`,
      `select guild_id as id, count(*)::int as count from invited.${table} where guild_id = any ($1::bigint[]) group by guild_id`,
    ),
  ]),
) as Readonly<Record<PartTable, Statement>>;

export type PartTable = 'channels' | 'members' | 'bans' | 'ip_bans';

/** How many of this kind each guild has; guilds with none are left out. */
export async function countParts(
  sql: SqlSession,
  table: PartTable,
  guildIds: readonly Snowflake[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.query<{ id: string; count: number }>(COUNTS[table], [list(guildIds)]);
  return new Map(rows.map(({ id, count }) => [id, count]));
}
