// Fills and counts the tables of bench/peers/schema.sql, past the peer that serves them.

import type { Client } from 'pg';
import type { Counts, World } from '../contender.js';
import { channelJson, chunks, guildJson, userJson } from './peer-json.js';

const ROWS_MAX = 10_000;

export async function loadPostgres(client: Client, { users, guilds, invites }: World): Promise<void> {
  const insert = async <T>(
    into: string,
    types: readonly string[],
    items: readonly T[],
    row: (item: T) => readonly unknown[],
  ) => {
    const lists = types.map((type, at) => `$${at + 1}::${type}[]`).join(', ');
    for (const chunk of chunks(items, ROWS_MAX)) {
      const rows = chunk.map(row);
      const columns = types.map((_, at) => rows.map((values) => values[at]));
      await client.query(`INSERT INTO ${into} SELECT * FROM unnest(${lists})`, columns);
    }
  };
  await insert('users (id, json)', ['bigint', 'text'], users, (user) => [user.id, userJson(user)]);
  await insert('guilds (id, owner_id, json)', ['bigint', 'bigint', 'text'], guilds, (guild) => [
    guild.id,
    guild.ownerId,
    guildJson(guild),
  ]);
  await insert('channels (id, guild_id, json)', ['bigint', 'bigint', 'text'], guilds, (guild) => [
    guild.channelId,
    guild.id,
    channelJson(guild),
  ]);
  await insert('members (guild_id, user_id)', ['bigint', 'bigint'], guilds, ({ id, ownerId }) => [
    id,
    ownerId,
  ]);
  await insert(
    'invites (code, guild_id, channel_id, inviter_id, max_uses)',
    ['text', 'bigint', 'bigint', 'bigint', 'integer'],
    invites,
    (invite) => [invite.code, invite.guildId, invite.channelId, invite.inviterId, invite.maxUses],
  );
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
}

export async function countInPostgres(client: Client, { invites, guilds }: World): Promise<Counts> {
  const { rows } = await client.query<{ uses: string; members: string; records: string }>(
    `SELECT (SELECT coalesce(sum(uses), 0) FROM invites WHERE code = ANY($1::text[])) AS uses,
       (SELECT count(*) FROM members WHERE guild_id = ANY($2::bigint[])) AS members,
       (SELECT count(*) FROM joins) AS records`,
    [invites.map(({ code }) => code), guilds.map(({ id }) => id)],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('Postgres counted nothing');
  return { uses: Number(row.uses), joins: Number(row.members) - guilds.length, records: Number(row.records) };
}
