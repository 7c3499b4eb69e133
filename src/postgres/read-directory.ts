// The directory as Postgres has it, page by page in the order of the key, for the restore and for who compares. A page
// begins behind the last entity of the page before (null: from the start); one that is shorter than its limit is the last.
// Must never judge what it reads: a damaged row is the reader's to find.

import type { Snowflake } from '../invite/id.js';
import { msOf } from './columns.js';
import { type Param, type SqlSession, type Statement, statement } from './connection.js';
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

/** Ids begin at 0. */
const BEFORE_ALL = '-1';

/** @param rows SQL that chooses the rows of invited.guilds */
export function selectGuilds(rows: string): string {
  return `select g.seq, g.id, g.born_seq as "bornSeq", g.owner_id as "ownerId", g.record::text, g.name,
     g.member_count::float8 as "memberCount", g.presence_count::float8 as "presenceCount", g.vanity_version as "vanityVersion",
     array(select r.id::text from invited.roles r where r.guild_id = g.id order by r.position) as "roleIds",
     array(select r.permissions::text from invited.roles r where r.guild_id = g.id order by r.position) as "rolePermissions",
     v.code as "vanityCode", v.uses as "vanityUses", ${msOf('v.created_at')} as "vanityCreatedAtMs", v.token as "vanityToken"
   from (${rows}) as g
   left join invited.vanity v on v.guild_id = g.id
   order by g.id`;
}

const GUILDS = statement(
  'read guilds',
  selectGuilds('select * from invited.guilds where id > $1 order by id limit $2'),
);

export interface GuildRow {
  readonly seq: string;
  readonly id: Snowflake;
  readonly bornSeq: string;
  readonly ownerId: Snowflake;
  readonly name: string;
  readonly record: GuildState['record'];
  readonly memberCount: number | null;
  readonly presenceCount: number | null;
  readonly vanityVersion: number;
  readonly roleIds: readonly Snowflake[];
  readonly rolePermissions: readonly string[];
  readonly vanityCode: string | null;
  readonly vanityUses: string | null;
  readonly vanityCreatedAtMs: string | null;
  readonly vanityToken: string | null;
}

export async function readGuilds(
  sql: SqlSession,
  after: Snowflake | null,
  limit: number,
): Promise<readonly Present<GuildState>[]> {
  const rows = await sql.query<GuildRow>(GUILDS, [after ?? BEFORE_ALL, limit]);
  return rows.map(guildOf);
}

export function guildOf(row: GuildRow): Present<GuildState> {
  return {
    seq: Number(row.seq),
    state: {
      id: row.id,
      bornSeq: Number(row.bornSeq),
      ownerId: row.ownerId,
      name: row.name,
      record: row.record,
      memberCount: row.memberCount,
      presenceCount: row.presenceCount,
      roles: row.roleIds.map((id, at) => ({ id, permissions: row.rolePermissions[at] ?? '0' })),
      vanity: vanityOf(row),
      vanityVersion: row.vanityVersion,
    },
  };
}

function vanityOf(row: GuildRow): GuildState['vanity'] {
  if (row.vanityCode === null) return null;
  return {
    code: row.vanityCode,
    uses: Number(row.vanityUses),
    createdAtMs: Number(row.vanityCreatedAtMs),
    token: row.vanityToken ?? '0',
  };
}

type Row<State> = State & { readonly seq: string };

/** Tables whose columns are the state. */
export async function page<State extends object>(
  sql: SqlSession,
  what: Statement,
  params: readonly Param[],
): Promise<readonly Present<State>[]> {
  const rows = await sql.query<Row<State>>(what, params);
  return rows.map(({ seq, ...state }) => ({ seq: Number(seq), state: state as unknown as State }));
}

/** The columns of each, by the names of the state. */
export const COLUMNS = {
  channels: 'guild_id as "guildId", id, name, type, record::text',
  members: 'guild_id as "guildId", user_id as "userId", temporary as "isTemporary", roles::text[]',
  bans: 'guild_id as "guildId", user_id as "userId", record::text',
  ip_bans: 'guild_id as "guildId", address_key as "addressKey", record::text',
  users: 'id, username, record::text',
  group_dms: 'id, owner_id as "ownerId", name, recipients::text[], record::text',
} as const;

/** @param key its columns; $1 … are the last key read, then comes the limit */
function pageOf(table: keyof typeof COLUMNS, ...key: readonly string[]): Statement {
  const last = key.map((_, index) => `$${index + 1}`).join(', ');
  return statement(
    `read ${table}`,
    `select seq, ${COLUMNS[table]} from invited.${table}
     where (${key.join(', ')}) > (${last}) order by ${key.join(', ')} limit $${key.length + 1}`,
  );
}

const CHANNELS = pageOf('channels', 'guild_id', 'id');
const MEMBERS = pageOf('members', 'guild_id', 'user_id');
const BANS = pageOf('bans', 'guild_id', 'user_id');
const IP_BANS = pageOf('ip_bans', 'guild_id', 'address_key');
const USERS = pageOf('users', 'id');
const GROUP_DMS = pageOf('group_dms', 'id');

export function readChannels(
  sql: SqlSession,
  after: Pick<ChannelState, 'guildId' | 'id'> | null,
  limit: number,
): Promise<readonly Present<ChannelState>[]> {
  return page(sql, CHANNELS, [after?.guildId ?? BEFORE_ALL, after?.id ?? BEFORE_ALL, limit]);
}

export function readMembers(
  sql: SqlSession,
  after: Pick<MemberState, 'guildId' | 'userId'> | null,
  limit: number,
): Promise<readonly Present<MemberState>[]> {
  return page(sql, MEMBERS, [after?.guildId ?? BEFORE_ALL, after?.userId ?? BEFORE_ALL, limit]);
}

export function readBans(
  sql: SqlSession,
  after: Pick<BanState, 'guildId' | 'userId'> | null,
  limit: number,
): Promise<readonly Present<BanState>[]> {
  return page(sql, BANS, [after?.guildId ?? BEFORE_ALL, after?.userId ?? BEFORE_ALL, limit]);
}

export function readIpBans(
  sql: SqlSession,
  after: Pick<IpBanState, 'guildId' | 'addressKey'> | null,
  limit: number,
): Promise<readonly Present<IpBanState>[]> {
  return page(sql, IP_BANS, [after?.guildId ?? BEFORE_ALL, after?.addressKey ?? '', limit]);
}

export function readUsers(
  sql: SqlSession,
  after: Snowflake | null,
  limit: number,
): Promise<readonly Present<UserState>[]> {
  return page(sql, USERS, [after ?? BEFORE_ALL, limit]);
}

export function readGroupDms(
  sql: SqlSession,
  after: Snowflake | null,
  limit: number,
): Promise<readonly Present<GroupDmState>[]> {
  return page(sql, GROUP_DMS, [after ?? BEFORE_ALL, limit]);
}
