// The ledger of joins, and what a join changes beside it: the member, the recipients of a group DM, the uses of its code.
// The rows of one event are made by Postgres: a line goes out with its users in one text. Must cost a handful of
// statements however many users there are.

import { type Joined, lastSeq, lastUses, type MemberRemoved } from '../invite/ledger-events.js';
import { list, textList, timeOf } from './columns.js';
import { type SqlSession, statement } from './connection.js';

// Members are written in the order of their key, which is also that of the index, and each once: whoever joined, was
// removed and joined again in one batch stands there with the last of it.
const WRITE = statement(
  'write joins',
  `with line as (
     select first_seq, ${timeOf('at_ms')} as at, code, guild_id, channel_id, inviter_id, temporary, vanity, first_uses, users
     from unnest($2::bigint[], $3::float8[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::boolean[], $9::boolean[],
                 $10::bigint[], $11::text[])
       as l (first_seq, at_ms, code, guild_id, channel_id, inviter_id, temporary, vanity, first_uses, users)
   ), joined as materialized (
     select first_seq + n - 1 as seq, at, code, guild_id, channel_id, user_id, inviter_id, temporary, vanity, first_uses + n - 1 as uses
     from line cross join lateral unnest(string_to_array(users, ' ')::bigint[]) with ordinality as u (user_id, n)
   ), written as (
     insert into invited.joins (journal, seq, code, guild_id, channel_id, user_id, inviter_id, at, temporary, vanity, uses)
     select $1::smallint, seq, code, guild_id, channel_id, user_id, inviter_id, at, temporary, vanity, uses from joined
     on conflict do nothing
   )
   insert into invited.members as m (guild_id, user_id, seq, temporary, roles)
   select distinct on (guild_id, user_id) guild_id, user_id, seq, temporary, '{}'::bigint[]
   from joined where guild_id is not null
   order by guild_id, user_id, seq desc
   on conflict (guild_id, user_id) do update
   set seq = excluded.seq, temporary = excluded.temporary, roles = excluded.roles
   where m.seq < excluded.seq`,
);

const REMOVE = statement(
  'remove members',
  `delete from invited.members m
   using unnest($1::bigint[], $2::bigint[], $3::bigint[]) as r (guild_id, user_id, seq)
   where m.guild_id = r.guild_id and m.user_id = r.user_id and m.seq < r.seq`,
);

// What the directory told at a later seq has them already, or no longer.
const APPEND = statement(
  'append recipients',
  `update invited.group_dms g
   set recipients = g.recipients || added.ids
   from (
     select d.id, array_agg(j.user_id order by j.seq) as ids
     from (
       select channel_id, user_id, min(seq) as seq
       from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as t (channel_id, user_id, seq)
       group by channel_id, user_id
     ) as j
     join invited.group_dms d on d.id = j.channel_id
     where j.seq > d.seq and j.user_id <> all (d.recipients)
     group by d.id
   ) as added
   where g.id = added.id`,
);

// The invite is the newest with this code that was there when they joined.
const RAISE = statement(
  'raise uses',
  `update invited.invites i
   set uses = l.uses
   from unnest($1::text[], $2::bigint[], $3::bigint[]) as l (code, seq, uses)
   where i.code = l.code and i.uses < l.uses
     and i.created_seq = (select max(n.created_seq) from invited.invites n where n.code = l.code and n.created_seq <= l.seq)`,
);

const RAISE_VANITY = statement(
  'raise the uses of vanity codes',
  `update invited.vanity v
   set uses = l.uses
   from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as l (code, seq, uses, guild_id)
   where v.code = l.code and v.guild_id = l.guild_id and v.uses < l.uses and v.seq < l.seq`,
);

export async function writeJoins(
  session: SqlSession,
  journal: number,
  joins: readonly Joined[],
): Promise<void> {
  if (joins.length === 0) return;
  await session.query(WRITE, [
    journal,
    list(joins.map(({ firstSeq }) => firstSeq)),
    list(joins.map(({ atMs }) => atMs)),
    textList(joins.map(({ code }) => code)),
    list(joins.map(({ guildId }) => guildId)),
    list(joins.map(({ channelId }) => channelId)),
    list(joins.map(({ inviterId }) => inviterId)),
    list(joins.map(({ isTemporary }) => isTemporary)),
    list(joins.map(({ isVanity }) => isVanity)),
    list(joins.map(({ firstUses }) => firstUses)),
    textList(joins.map(({ userIds }) => userIds.join(' '))),
  ]);
  await appendRecipients(session, joins);
}

/** After the joins: whoever came back later has a larger `seq` and stays. */
export async function removeMembers(session: SqlSession, removed: readonly MemberRemoved[]): Promise<void> {
  if (removed.length === 0) return;
  await session.query(REMOVE, [
    list(removed.map(({ guildId }) => guildId)),
    list(removed.map(({ userId }) => userId)),
    list(removed.map(({ seq }) => seq)),
  ]);
}

async function appendRecipients(session: SqlSession, joins: readonly Joined[]): Promise<void> {
  const recipients = joins
    .filter(({ guildId, channelId }) => guildId === null && channelId !== null)
    .flatMap(({ channelId, userIds, firstSeq }) =>
      userIds.map((userId, index) => ({ channelId, userId, seq: firstSeq + index })),
    );
  if (recipients.length === 0) return;
  await session.query(APPEND, [
    list(recipients.map(({ channelId }) => channelId)),
    list(recipients.map(({ userId }) => userId)),
    list(recipients.map(({ seq }) => seq)),
  ]);
}

/** For codes of which this batch says nothing else. */
export async function raiseUses(session: SqlSession, joins: readonly Joined[]): Promise<void> {
  const invites = lastOfEachCode(joins.filter(({ isVanity }) => !isVanity));
  if (invites.length > 0) await session.query(RAISE, usesOf(invites));
  const vanity = lastOfEachCode(joins.filter(({ isVanity }) => isVanity));
  if (vanity.length > 0) {
    await session.query(RAISE_VANITY, [...usesOf(vanity), list(vanity.map(({ guildId }) => guildId))]);
  }
}

function usesOf(joins: readonly Joined[]) {
  return [
    textList(joins.map(({ code }) => code)),
    list(joins.map(lastSeq)),
    list(joins.map(lastUses)),
  ] as const;
}

function lastOfEachCode(joins: readonly Joined[]): readonly Joined[] {
  return [...new Map(joins.map((joined) => [joined.code, joined])).values()];
}
