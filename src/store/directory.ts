// The scripts of the directory: guilds, channels, members, bans, group DMs, users. Decides nothing.

import type { Snowflake } from '../invite/id.js';
import type { JsonText } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import { partitionOfId } from '../invite/partition.js';
import type { RoleBits } from '../invite/shown.js';
import type { Traceparent } from '../invite/trace.js';
import { journalsOf } from './journals.js';
import { ReplyReader } from './reply.js';
import type { Argument, Scripts } from './scripts.js';

export interface GuildPut {
  readonly id: Snowflake;
  readonly ownerId: Snowflake;
  /** Bits (invite/shown.ts). */
  readonly flags: number;
  readonly maxMembers: number;
  /** null: count the members known here. */
  readonly memberCount: number | null;
  readonly presenceCount: number | null;
  readonly json: JsonText;
  readonly record: JsonText;
  readonly roles: readonly RoleBits[];
}

export interface GuildFound {
  readonly status: 'found';
  readonly record: JsonText;
  readonly memberCount: number | null;
  readonly presenceCount: number | null;
}

export interface GuildDeleted {
  readonly status: 'deleted';
  readonly vanity: { readonly code: string; readonly token: string } | null;
  readonly channelIds: readonly Snowflake[];
}

export interface ChannelPut {
  readonly guildId: Snowflake;
  readonly id: Snowflake;
  /** Type, position and overwrites (invite/shown.ts). */
  readonly rule: string;
  readonly json: JsonText;
  readonly record: JsonText;
}

export interface Membership {
  readonly isTemporary: boolean;
  readonly roles: readonly Snowflake[];
}

export interface GroupDmPut {
  readonly id: Snowflake;
  readonly ownerId: Snowflake;
  readonly json: JsonText;
  readonly record: JsonText;
  readonly recipientIds: readonly Snowflake[];
  readonly takeoverFrom: Snowflake | null;
}

export type ChannelHome =
  | { readonly status: 'guild'; readonly guildId: Snowflake }
  | Plain<'group_dm' | 'unknown'>;

export type ChannelClaimReply =
  | Plain<'claimed' | 'had' | 'group_dm'>
  | { readonly status: 'held'; readonly guildId: Snowflake };

/** One part of a guild as stored: a channel's record, a ban's record (JSON), or a membership. */
export type PartReply =
  | Plain<'unknown_guild' | 'absent'>
  | { readonly status: 'found'; readonly value: string };

export type BanKind = 'bans' | 'ip-bans';

export interface DirectoryStore {
  /** `ending`, here and below: one of this name was deleted, and its invites are still to be ended (endings.ts). */
  putGuild(guild: GuildPut): Promise<'put' | 'ending'>;
  getGuild(id: Snowflake): Promise<GuildFound | Plain<'unknown_guild'>>;
  /** `trace`, here and below: that of the request, for the events that come of it. */
  deleteGuild(
    id: Snowflake,
    by: Snowflake,
    trace?: Traceparent | null,
  ): Promise<GuildDeleted | Plain<'unknown_guild'>>;
  getPart(
    guildId: Snowflake,
    part: 'channel-records' | 'members' | BanKind,
    which: string,
  ): Promise<PartReply>;
  channelHome(channelId: Snowflake): Promise<ChannelHome>;
  claimChannel(
    channelId: Snowflake,
    guildId: Snowflake,
    takeoverFrom: Snowflake | null,
  ): Promise<ChannelClaimReply>;
  releaseChannel(channelId: Snowflake, guildId: Snowflake): Promise<void>;
  putChannel(channel: ChannelPut): Promise<'put' | 'unknown_guild' | 'ending'>;
  deleteChannel(
    guildId: Snowflake,
    id: Snowflake,
    by: Snowflake,
  ): Promise<'deleted' | 'unknown_guild' | 'unknown_channel'>;
  putMember(
    guildId: Snowflake,
    userId: Snowflake,
    membership: Membership,
  ): Promise<Membership | 'unknown_guild'>;
  deleteMember(
    guildId: Snowflake,
    userId: Snowflake,
    trace?: Traceparent | null,
  ): Promise<'deleted' | 'unknown_guild' | 'unknown_member'>;
  putBan(
    guildId: Snowflake,
    kind: BanKind,
    who: string,
    record: JsonText,
    trace?: Traceparent | null,
  ): Promise<'put' | 'unknown_guild'>;
  deleteBan(
    guildId: Snowflake,
    kind: BanKind,
    who: string,
  ): Promise<'deleted' | 'unknown_guild' | 'unknown_ban'>;
  putGroupDm(
    groupDm: GroupDmPut,
  ): Promise<Plain<'put'> | { readonly status: 'held'; readonly guildId: Snowflake } | 'ending'>;
  getGroupDm(
    id: Snowflake,
  ): Promise<
    | Plain<'unknown_channel'>
    | { readonly status: 'found'; readonly record: JsonText; readonly recipientIds: readonly Snowflake[] }
  >;
  deleteGroupDm(id: Snowflake, by: Snowflake): Promise<'deleted' | 'unknown_channel'>;
  putUser(id: Snowflake, json: JsonText): Promise<void>;
  getUser(
    id: Snowflake,
  ): Promise<Plain<'unknown_user'> | { readonly status: 'found'; readonly json: JsonText }>;
  deleteUser(id: Snowflake): Promise<'deleted' | 'unknown_user'>;
  /** Ends the temporary memberships of a user everywhere; the guilds they were in. */
  disconnect(userId: Snowflake, trace?: Traceparent | null): Promise<readonly Snowflake[]>;
}

export function createDirectoryStore(scripts: Scripts, isCluster: boolean): DirectoryStore {
  /** Runs a script in the partition of `id`, which is also its first argument. */
  const at = (name: string, id: Snowflake, ...args: readonly Argument[]) => traced(name, id, null, ...args);
  const traced = async (
    name: string,
    id: Snowflake,
    trace: Traceparent | null,
    ...args: readonly Argument[]
  ) => new ReplyReader(await scripts.run(name, partitionOfId(id), [id, ...args], trace), name);

  return {
    async putGuild(guild) {
      const reply = await at(
        'guild-put',
        guild.id,
        guild.ownerId,
        guild.flags,
        guild.maxMembers,
        guild.memberCount ?? '',
        guild.presenceCount ?? '',
        guild.json,
        guild.record,
        ...guild.roles.flatMap((role) => [role.id, role.bits]),
      );
      return reply.oneOf(['put', 'ending']);
    },

    async getGuild(id) {
      const reply = await at('guild-get', id);
      const status = reply.oneOf(['found', 'unknown_guild']);
      if (status === 'unknown_guild') return { status };
      return {
        status,
        record: reply.json(),
        memberCount: reply.optionalInteger(),
        presenceCount: reply.optionalInteger(),
      };
    },

    async deleteGuild(id, by, trace = null) {
      const reply = await traced('guild-delete', id, trace, by);
      const status = reply.oneOf(['deleted', 'unknown_guild']);
      if (status === 'unknown_guild') return { status };
      const code = reply.text();
      const token = reply.text();
      return { status, vanity: code === '' ? null : { code, token }, channelIds: reply.ids() };
    },

    async getPart(guildId, part, which) {
      const reply = await at('part-get', guildId, part, which);
      const status = reply.oneOf(['found', 'unknown_guild', 'absent']);
      return status === 'found' ? { status, value: reply.text() } : { status };
    },

    async channelHome(channelId) {
      const reply = await at('channel-home', channelId);
      const status = reply.oneOf(['guild', 'group_dm', 'unknown']);
      return status === 'guild' ? { status, guildId: reply.id() } : { status };
    },

    async claimChannel(channelId, guildId, takeoverFrom) {
      const reply = await at('channel-claim', channelId, guildId, takeoverFrom ?? '');
      const status = reply.oneOf(['claimed', 'had', 'held', 'group_dm']);
      return status === 'held' ? { status, guildId: reply.id() } : { status };
    },

    async releaseChannel(channelId, guildId) {
      (await at('channel-release', channelId, guildId)).oneOf(['released', 'kept']);
    },

    async putChannel(channel) {
      const reply = await at(
        'channel-put',
        channel.guildId,
        channel.id,
        channel.rule,
        channel.json,
        channel.record,
      );
      return reply.oneOf(['put', 'unknown_guild', 'ending']);
    },

    async deleteChannel(guildId, id, by) {
      const reply = await at('channel-delete', guildId, id, by);
      return reply.oneOf(['deleted', 'unknown_guild', 'unknown_channel']);
    },

    async putMember(guildId, userId, membership) {
      const reply = await at('member-put', guildId, userId, storedMembership(membership));
      const status = reply.oneOf(['put', 'unknown_guild']);
      return status === 'put' ? readMembership(reply.text()) : status;
    },

    async deleteMember(guildId, userId, trace = null) {
      const reply = await traced('member-delete', guildId, trace, userId);
      return reply.oneOf(['deleted', 'unknown_guild', 'unknown_member']);
    },

    async putBan(guildId, kind, who, record, trace = null) {
      return (await traced('ban-put', guildId, trace, kind, who, record)).oneOf(['put', 'unknown_guild']);
    },

    async deleteBan(guildId, kind, who) {
      return (await at('ban-delete', guildId, kind, who)).oneOf(['deleted', 'unknown_guild', 'unknown_ban']);
    },

    async putGroupDm(groupDm) {
      const reply = await at(
        'group-dm-put',
        groupDm.id,
        groupDm.ownerId,
        groupDm.json,
        groupDm.record,
        groupDm.takeoverFrom ?? '',
        ...groupDm.recipientIds,
      );
      const status = reply.oneOf(['put', 'held', 'ending']);
      if (status === 'ending') return status;
      return status === 'held' ? { status, guildId: reply.id() } : { status };
    },

    async getGroupDm(id) {
      const reply = await at('group-dm-get', id);
      const status = reply.oneOf(['found', 'unknown_channel']);
      if (status === 'unknown_channel') return { status };
      return { status, record: reply.json(), recipientIds: reply.ids() };
    },

    async deleteGroupDm(id, by) {
      return (await at('group-dm-delete', id, by)).oneOf(['deleted', 'unknown_channel']);
    },

    async putUser(id, json) {
      (await at('user-put', id, json)).oneOf(['put']);
    },

    async getUser(id) {
      const reply = await at('user-get', id);
      const status = reply.oneOf(['found', 'unknown_user']);
      return status === 'found' ? { status, json: reply.json() } : { status };
    },

    async deleteUser(id) {
      return (await at('user-delete', id)).oneOf(['deleted', 'unknown_user']);
    },

    async disconnect(userId, trace = null) {
      // Each journal knows of its own partitions; on a cluster that is one, and 256 short scripts are sent together.
      const replies = await Promise.all(
        journalsOf(isCluster).map(async (partition) => {
          const reply = new ReplyReader(
            await scripts.run('disconnect', partition, [userId], trace),
            'disconnect',
          );
          reply.oneOf(['disconnected']);
          return reply.ids();
        }),
      );
      return replies.flat();
    },
  };
}

/** Reads a membership as lua/README.md describes it: p or t, then role ids with commas between them. */
export function readMembership(stored: string): Membership {
  const roles = stored.slice(1);
  return {
    isTemporary: stored.startsWith('t'),
    roles: roles === '' ? [] : (roles.split(',') as unknown as readonly Snowflake[]),
  };
}

/** The other way. */
export function storedMembership(membership: Membership): string {
  return (membership.isTemporary ? 't' : 'p') + membership.roles.join(',');
}
