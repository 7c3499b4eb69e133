// Guilds, with what is told and replaced together with them: roles and the vanity code. A guild that is gone takes all
// that was its own along; so does one that was deleted and made again, but for what is newer than its birth.

import { list, newestOfEach, readable, textList, timeOf } from './columns.js';
import { type SqlSession, statement } from './connection.js';
import type { Entity, GuildState } from './entities.js';

type GuildEntity = Entity<GuildState, 'id'>;

// `born_seq` null: gone. What is told must not be older than what stands there.
const REBORN = statement(
  'look for guilds that are gone or reborn',
  `select t.id, case when t.born_seq is null then t.seq + 1 else t.born_seq end as before
   from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as t (id, seq, born_seq)
   left join invited.guilds g on g.id = t.id
   where coalesce(g.seq, 0) <= t.seq and (t.born_seq is null or g.born_seq is distinct from t.born_seq)`,
);

const CHILDREN = ['channels', 'members', 'bans', 'ip_bans', 'vanity'] as const;

// Roles have no seq: they are the guild's own, and written anew with it.
const CLEAR = statement(
  'clear guilds',
  `with g as materialized (select * from unnest($1::bigint[], $2::bigint[]) as t (id, before)),
   ${CHILDREN.map((table) => `${table} as (delete from invited.${table} c using g where c.guild_id = g.id and c.seq < g.before)`).join(',\n   ')},
   roles as (delete from invited.roles c using g where c.guild_id = g.id)
   select 1`,
);

const DELETE = statement(
  'delete guilds',
  `delete from invited.guilds g using unnest($1::bigint[], $2::bigint[]) as t (id, seq) where g.id = t.id and g.seq <= t.seq`,
);

const UPSERT = statement(
  'write guilds',
  `insert into invited.guilds as g (id, seq, born_seq, owner_id, name, member_count, presence_count, vanity_version, record)
   select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::int[], $9::json[])
   on conflict (id) do update
   set seq = excluded.seq, born_seq = excluded.born_seq, owner_id = excluded.owner_id, name = excluded.name,
     member_count = excluded.member_count, presence_count = excluded.presence_count,
     vanity_version = excluded.vanity_version, record = excluded.record
   where g.seq <= excluded.seq
   returning id`,
);

const REPLACE_ROLES = statement(
  'write roles',
  `with gone as (
     delete from invited.roles r using unnest($1::bigint[]) as g (id)
     where r.guild_id = g.id
       and not exists (select from unnest($2::bigint[], $3::bigint[]) as t (guild_id, id) where t.guild_id = r.guild_id and t.id = r.id)
   )
   insert into invited.roles as r (guild_id, id, permissions, position)
   select * from unnest($2::bigint[], $3::bigint[], $4::numeric[], $5::int[])
   on conflict (guild_id, id) do update set permissions = excluded.permissions, position = excluded.position
   where (r.permissions, r.position) is distinct from (excluded.permissions, excluded.position)`,
);

// First what stands in the way: the code a guild had before, and the code it has now under another guild. So codes may
// change hands, even in a ring.
const FREE_VANITY = statement(
  'free vanity codes',
  `with t as materialized (select * from unnest($1::bigint[], $2::text[], $3::text[]) as t (guild_id, code, token)),
   had as (delete from invited.vanity v using t where v.guild_id = t.guild_id and v.code is distinct from t.code)
   delete from invited.vanity v using t
   where v.code = t.code and v.guild_id <> t.guild_id and v.token::numeric <= t.token::numeric`,
);

// A claim that is older than the one we know was lost, whatever its guild still said when it was read.
const UPSERT_VANITY = statement(
  'write vanity codes',
  `insert into invited.vanity as v (code, guild_id, seq, uses, base_uses, counted_from, created_at, token)
   select code, guild_id, seq, uses, base_uses, counted_from, ${timeOf('created_at_ms')}, token
   from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::float8[], $6::text[], $7::bigint[], $8::bigint[])
     as t (code, guild_id, seq, uses, created_at_ms, token, base_uses, counted_from)
   on conflict (code) do update
   set seq = excluded.seq, created_at = excluded.created_at, token = excluded.token,
     uses = case when v.created_at = excluded.created_at then greatest(v.uses, excluded.uses) else excluded.uses end,
     base_uses = case when v.created_at = excluded.created_at and excluded.counted_from = 0 then v.base_uses else excluded.base_uses end,
     counted_from = case when v.created_at = excluded.created_at then greatest(v.counted_from, excluded.counted_from) else excluded.counted_from end
   where v.guild_id = excluded.guild_id`,
);

/** @param isFullCopy joins of before may have been lost: a vanity's are counted anew from here on */
export async function writeGuilds(
  session: SqlSession,
  given: readonly GuildEntity[],
  isFullCopy: boolean,
): Promise<void> {
  if (given.length === 0) return;
  const guilds = newestOfEach(given, idOf);
  await clear(session, guilds);
  const gone = guilds.filter(({ state }) => state === null);
  if (gone.length > 0) await session.query(DELETE, [list(gone.map(idOf)), list(gone.map(({ seq }) => seq))]);

  const present = guilds.flatMap(({ seq, state }) => (state === null ? [] : [{ seq, ...state }]));
  if (present.length === 0) return;
  const rows = await session.query<{ id: string }>(UPSERT, [
    list(present.map(({ id }) => id)),
    list(present.map(({ seq }) => seq)),
    list(present.map(({ bornSeq }) => bornSeq)),
    list(present.map(({ ownerId }) => ownerId)),
    textList(present.map(({ name }) => readable(name))),
    list(present.map(({ memberCount }) => memberCount)),
    list(present.map(({ presenceCount }) => presenceCount)),
    list(present.map(({ vanityVersion }) => vanityVersion)),
    textList(present.map(({ record }) => record)),
  ]);
  const written = new Set<string>(rows.map(({ id }) => id));
  const fresh = present.filter(({ id }) => written.has(id));
  if (fresh.length === 0) return;
  await writeRoles(session, fresh);
  await writeVanity(session, fresh, isFullCopy);
}

function idOf(entity: GuildEntity): string {
  return entity.state === null ? entity.id : entity.state.id;
}

async function clear(session: SqlSession, guilds: readonly GuildEntity[]): Promise<void> {
  const rows = await session.query<{ id: string; before: string }>(REBORN, [
    list(guilds.map(idOf)),
    list(guilds.map(({ seq }) => seq)),
    list(guilds.map(({ state }) => state?.bornSeq ?? null)),
  ]);
  if (rows.length === 0) return;
  await session.query(CLEAR, [list(rows.map(({ id }) => id)), list(rows.map(({ before }) => before))]);
}

type Written = GuildState & { readonly seq: number };

async function writeRoles(session: SqlSession, guilds: readonly Written[]): Promise<void> {
  const roles = guilds.flatMap(({ id: guildId, roles }) => {
    // A role that is told twice counts once, the last time.
    const each = new Map(roles.map((role, position) => [role.id, { guildId, position, ...role }]));
    return [...each.values()];
  });
  await session.query(REPLACE_ROLES, [
    list(guilds.map(({ id }) => id)),
    list(roles.map(({ guildId }) => guildId)),
    list(roles.map(({ id }) => id)),
    list(roles.map(({ permissions }) => permissions)),
    list(roles.map(({ position }) => position)),
  ]);
}

async function writeVanity(
  session: SqlSession,
  guilds: readonly Written[],
  isFullCopy: boolean,
): Promise<void> {
  await session.query(FREE_VANITY, [
    list(guilds.map(({ id }) => id)),
    textList(guilds.map(({ vanity }) => vanity?.code ?? null)),
    textList(guilds.map(({ vanity }) => vanity?.token ?? null)),
  ]);
  const named = guilds.flatMap(({ id, seq, vanity }) => (vanity === null ? [] : [{ id, seq, ...vanity }]));
  // Of two guilds that both said so when they were read, the later claim has the code.
  named.sort((a, b) => Number(b.token) - Number(a.token));
  const owners = named.filter(({ code }, index) => named.findIndex((other) => other.code === code) === index);
  if (owners.length === 0) return;
  await session.query(UPSERT_VANITY, [
    textList(owners.map(({ code }) => code)),
    list(owners.map(({ id }) => id)),
    list(owners.map(({ seq }) => seq)),
    list(owners.map(({ uses }) => uses)),
    list(owners.map(({ createdAtMs }) => createdAtMs)),
    textList(owners.map(({ token }) => token)),
    list(owners.map(({ uses }) => (isFullCopy ? uses : 0))),
    list(owners.map(({ seq }) => (isFullCopy ? seq : 0))),
  ]);
}
