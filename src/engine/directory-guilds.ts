// The directory's guilds and channels: what the host tells about them, put into the form that the scripts read.

import type { Snowflake } from '../invite/id.js';
import { jsonText } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import type { ChannelRecord, GuildRecord, MemberRecord } from '../invite/records.js';
import { channelJson, channelRule, guildFlags, guildJson, roleBits } from '../invite/shown.js';
import type { Traceparent } from '../invite/trace.js';
import { readMembership } from '../store/directory.js';
import { endingOf, endingOfChannel } from '../store/endings.js';
import type { Store } from '../store/store.js';
import { end, putBehind } from './ending.js';

export async function putGuild(store: Store, guild: GuildRecord): Promise<GuildRecord> {
  const { member_count, presence_count, ...record } = guild;
  const put = {
    id: guild.id,
    ownerId: guild.owner_id,
    flags: guildFlags(guild),
    maxMembers: guild.max_members,
    memberCount: member_count,
    presenceCount: presence_count,
    json: guildJson(guild),
    record: jsonText(record),
    roles: roleBits(guild.roles),
  };
  await putBehind(store, endingOf('guild', guild.id), () => store.directory.putGuild(put));
  return guild;
}

export async function getGuild(store: Store, id: Snowflake): Promise<GuildRecord | 'unknown_guild'> {
  const reply = await store.directory.getGuild(id);
  if (reply.status === 'unknown_guild') return reply.status;
  return {
    ...(JSON.parse(reply.record) as Omit<GuildRecord, 'member_count' | 'presence_count'>),
    member_count: reply.memberCount,
    presence_count: reply.presenceCount,
  };
}

export async function deleteGuild(
  store: Store,
  id: Snowflake,
  by: Snowflake,
  trace: Traceparent | null = null,
): Promise<'deleted' | 'unknown_guild'> {
  const reply = await store.directory.deleteGuild(id, by, trace);
  if (reply.status === 'unknown_guild') return reply.status;
  // These lead nowhere already; taking them away frees the code at once and the memory.
  if (reply.vanity !== null) await store.vanities.release({ ...reply.vanity, targetId: id });
  await Promise.all(reply.channelIds.map((channelId) => store.directory.releaseChannel(channelId, id)));
  await end(store, endingOf('guild', id), trace);
  return reply.status;
}

export type PutChannelOutcome =
  | { readonly status: 'put'; readonly channel: ChannelRecord }
  /** `id_taken`: another guild or a group DM has this id. */
  | Plain<'unknown_guild' | 'id_taken'>;

/**
 * A channel stands in its guild's partition, and in its own a record that leads to the guild. That record is made
 * before, and looked after once more behind, so that a deletion at the same moment can't leave one without the other.
 */
export async function putChannel(store: Store, channel: ChannelRecord): Promise<PutChannelOutcome> {
  const claim = await claimChannel(store, channel.id, channel.guild_id);
  if (claim === 'id_taken') return { status: claim };
  const put = {
    guildId: channel.guild_id,
    id: channel.id,
    rule: channelRule(channel),
    json: channelJson(channel),
    record: jsonText(channel),
  };
  const status = await putBehind(store, endingOfChannel(channel.guild_id, channel.id), () =>
    store.directory.putChannel(put),
  );
  if (status === 'unknown_guild') {
    if (claim === 'claimed') await store.directory.releaseChannel(channel.id, channel.guild_id);
    return { status };
  }
  await claimChannel(store, channel.id, channel.guild_id);
  return { status: 'put', channel };
}

async function claimChannel(
  store: Store,
  id: Snowflake,
  guildId: Snowflake,
): Promise<'claimed' | 'had' | 'id_taken'> {
  let reply = await store.directory.claimChannel(id, guildId, null);
  if (reply.status === 'held') {
    const former = await store.directory.getPart(reply.guildId, 'channel-records', id);
    if (former.status === 'found') return 'id_taken';
    reply = await store.directory.claimChannel(id, guildId, reply.guildId);
  }
  return reply.status === 'claimed' || reply.status === 'had' ? reply.status : 'id_taken';
}

export async function getChannel(
  store: Store,
  guildId: Snowflake,
  id: Snowflake,
): Promise<ChannelRecord | 'unknown_guild' | 'unknown_channel'> {
  const reply = await store.directory.getPart(guildId, 'channel-records', id);
  if (reply.status === 'unknown_guild') return reply.status;
  if (reply.status === 'absent') return 'unknown_channel';
  return JSON.parse(reply.value) as ChannelRecord;
}

export async function deleteChannel(
  store: Store,
  guildId: Snowflake,
  id: Snowflake,
  by: Snowflake,
  trace: Traceparent | null = null,
): Promise<'deleted' | 'unknown_guild' | 'unknown_channel'> {
  const status = await store.directory.deleteChannel(guildId, id, by);
  if (status !== 'deleted') return status;
  await end(store, endingOfChannel(guildId, id), trace);
  await store.directory.releaseChannel(id, guildId);
  // Put again at this very moment? Then it needs its record back.
  const again = await store.directory.getPart(guildId, 'channel-records', id);
  if (again.status === 'found') await claimChannel(store, id, guildId);
  return status;
}

export async function putMember(store: Store, member: MemberRecord): Promise<MemberRecord | 'unknown_guild'> {
  const stored = await store.directory.putMember(member.guild_id, member.user_id, {
    // A role makes a membership permanent.
    isTemporary: member.temporary && member.roles.length === 0,
    roles: member.roles,
  });
  if (stored === 'unknown_guild') return stored;
  return {
    guild_id: member.guild_id,
    user_id: member.user_id,
    roles: stored.roles,
    temporary: stored.isTemporary,
  };
}

export async function getMember(
  store: Store,
  guildId: Snowflake,
  userId: Snowflake,
): Promise<MemberRecord | 'unknown_guild' | 'unknown_member'> {
  const reply = await store.directory.getPart(guildId, 'members', userId);
  if (reply.status === 'unknown_guild') return reply.status;
  if (reply.status === 'absent') return 'unknown_member';
  const membership = readMembership(reply.value);
  return { guild_id: guildId, user_id: userId, roles: membership.roles, temporary: membership.isTemporary };
}
