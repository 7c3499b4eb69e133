// The kinds of entities that Redis and Postgres both have: how each is read from either, and which of its fields must be equal.

import { readable } from '../postgres/columns.js';
import type {
  BanState,
  ChannelState,
  GroupDmState,
  GuildState,
  InviteState,
  IpBanState,
  MemberState,
  Present,
  UserState,
} from '../postgres/entities.js';
import {
  readBans,
  readChannels,
  readGroupDms,
  readGuilds,
  readIpBans,
  readMembers,
  readUsers,
} from '../postgres/read-directory.js';
import { readInvites, type StoredInvite } from '../postgres/read-invites.js';
import {
  readSomeBans,
  readSomeChannels,
  readSomeGroupDms,
  readSomeGuilds,
  readSomeInvites,
  readSomeIpBans,
  readSomeMembers,
  readSomeUsers,
} from '../postgres/read-some.js';
import { storedMembership } from '../store/directory.js';
import { readPackedInvite } from '../store/packed-records.js';
import { StoreBug } from '../store/unavailable.js';
import { type Kind, kind, type Value } from './verify-kind.js';

const guilds = kind<GuildState>({
  plural: 'guilds',
  word: 'guild',
  keyOf: ({ id }) => id,
  placeOf: ({ id }) => id,
  page: (sql, after, limit) => readGuilds(sql, after?.id ?? null, limit),
  some: readSomeGuilds,
  inRedis: (read) => read.guilds,
  fields: {
    born_seq: (guild) => guild.bornSeq,
    owner_id: (guild) => guild.ownerId,
    name: (guild) => readable(guild.name),
    record: (guild) => guild.record,
    member_count: (guild) => guild.memberCount,
    presence_count: (guild) => guild.presenceCount,
    roles: rolesOf,
    vanity: ({ vanity }) => vanity?.code ?? null,
    vanity_uses: ({ vanity }) => vanity?.uses ?? null,
    vanity_created_at: ({ vanity }) => vanity?.createdAtMs ?? null,
    vanity_token: ({ vanity }) => vanity?.token ?? null,
    vanity_version: (guild) => guild.vanityVersion,
  },
});

/** A role that is told twice counts once, the last time; permissions may be told with zeros before them. */
function rolesOf({ roles }: GuildState): string {
  const each = new Map(roles.map((role, at) => [role.id, { at, ...role }]));
  return [...each.values()]
    .sort((a, b) => a.at - b.at)
    .map(({ id, permissions }) => `${id}:${BigInt(permissions)}`)
    .join(' ');
}

const channels = kind<ChannelState>({
  plural: 'channels',
  word: 'channel',
  keyOf: ({ guildId, id }) => `${guildId}:${id}`,
  placeOf: ({ guildId }) => guildId,
  page: readChannels,
  some: readSomeChannels,
  inRedis: (read) => read.channels,
  peek: (peek, all) =>
    peek.fields(
      'channel-records',
      all.map(({ guildId, id }) => [guildId, id]),
    ),
  isSame: ({ record, name, type }, stored) => {
    if (stored !== record) return false;
    const told = JSON.parse(stored) as { readonly name?: unknown; readonly type?: unknown };
    return told.type === type && typeof told.name === 'string' && readable(told.name) === name;
  },
  fields: {
    name: (channel) => readable(channel.name),
    type: (channel) => channel.type,
    record: (channel) => channel.record,
  },
});

const members = kind<MemberState>({
  plural: 'members',
  word: 'member',
  keyOf: ({ guildId, userId }) => `${guildId}:${userId}`,
  placeOf: ({ guildId }) => guildId,
  page: readMembers,
  some: readSomeMembers,
  inRedis: (read) => read.members,
  peek: (peek, all) =>
    peek.fields(
      'members',
      all.map(({ guildId, userId }) => [guildId, userId]),
    ),
  isSame: (member, stored) => stored === storedMembership(member),
  fields: {
    temporary: (member) => member.isTemporary,
    roles: ({ roles }) => (roles.length === 0 ? '' : roles.join(' ')),
  },
});

const bans = kind<BanState>({
  plural: 'bans',
  word: 'bans',
  keyOf: ({ guildId, userId }) => `${guildId}:${userId}`,
  placeOf: ({ guildId }) => guildId,
  page: readBans,
  some: readSomeBans,
  inRedis: (read) => read.bans,
  peek: (peek, all) =>
    peek.fields(
      'bans',
      all.map((ban) => [ban.guildId, ban.userId]),
    ),
  isSame: ({ record }, stored) => stored === record,
  fields: { record: (ban) => ban.record },
});

const ipBans = kind<IpBanState>({
  plural: 'ip bans',
  word: 'ip-bans',
  keyOf: ({ guildId, addressKey }) => `${guildId}:${addressKey}`,
  placeOf: ({ guildId }) => guildId,
  page: readIpBans,
  some: readSomeIpBans,
  inRedis: (read) => read.ipBans,
  peek: (peek, all) =>
    peek.fields(
      'ip-bans',
      all.map((ban) => [ban.guildId, ban.addressKey]),
    ),
  isSame: ({ record }, stored) => stored === record,
  fields: { record: (ban) => ban.record },
});

const users = kind<UserState>({
  plural: 'users',
  word: 'user',
  keyOf: ({ id }) => id,
  placeOf: ({ id }) => id,
  page: (sql, after, limit) => readUsers(sql, after?.id ?? null, limit),
  some: readSomeUsers,
  inRedis: (read) => read.users,
  peek: (peek, all) =>
    peek.values(
      'user',
      all.map(({ id }) => [id, id]),
    ),
  isSame: ({ record, username }, stored) => {
    if (stored !== record) return false;
    const told = JSON.parse(stored) as { readonly username?: unknown };
    return typeof told.username === 'string' && readable(told.username) === username;
  },
  fields: { username: (user) => readable(user.username), record: (user) => user.record },
});

const groupDms = kind<GroupDmState>({
  plural: 'group DMs',
  word: 'group-dm',
  keyOf: ({ id }) => id,
  placeOf: ({ id }) => id,
  page: (sql, after, limit) => readGroupDms(sql, after?.id ?? null, limit),
  some: readSomeGroupDms,
  inRedis: (read) => read.groupDms,
  fields: {
    owner_id: (groupDm) => groupDm.ownerId,
    name: (groupDm) => readable(groupDm.name),
    recipients: (groupDm) => groupDm.recipients.join(' '),
    record: (groupDm) => groupDm.record,
  },
});

const inviteFields: Readonly<Record<string, (invite: InviteState) => Value>> = {
  guild_id: (invite) => invite.guildId,
  channel_id: (invite) => invite.channelId,
  inviter_id: (invite) => invite.inviterId,
  created_at: (invite) => invite.createdAtMs,
  expires_at: (invite) => invite.expiresAtMs,
  max_age: (invite) => invite.maxAgeS,
  max_uses: (invite) => invite.maxUses,
  uses: (invite) => invite.uses,
  temporary: (invite) => invite.isTemporary,
  paused: (invite) => invite.isPaused,
  version: (invite) => invite.version,
};
const inviteValues = Object.values(inviteFields);

const invites = kind<InviteState, StoredInvite>({
  plural: 'live invites',
  word: 'invite',
  keyOf: ({ code }) => code,
  placeOf: ({ guildId, channelId }) => guildId ?? channelId ?? '',
  page: async (sql, after, limit, nowMs) => presentOf(await readInvites(sql, after, limit, nowMs)),
  some: async (sql, keys, nowMs) =>
    presentOf(
      await readSomeInvites(
        sql,
        keys.map(([code]) => code),
        nowMs,
      ),
    ),
  inRedis: (read) => read.invites,
  isThere: ({ expiresAtMs }, nowMs) => expiresAtMs === null || expiresAtMs > nowMs,
  peek: (peek, all) =>
    peek.values(
      'invite',
      all.map(({ guildId, channelId, code }) => [guildId ?? channelId ?? '', code]),
    ),
  isSame: (invite, stored) => {
    const told = readPacked(invite.code, stored);
    return told !== null && inviteValues.every((value) => value(told) === value(invite));
  },
  fields: inviteFields,
});

/** null: none that can be read. */
function readPacked(code: string, stored: string): InviteState | null {
  try {
    const packed = readPackedInvite(stored);
    return packed === null ? null : { code, ...packed };
  } catch (error) {
    if (error instanceof StoreBug) return null;
    throw error;
  }
}

function presentOf(stored: readonly StoredInvite[]): readonly Present<StoredInvite>[] {
  return stored.map((invite) => ({ seq: invite.seq, state: invite }));
}

export const KINDS: readonly Kind[] = [guilds, channels, members, bans, ipBans, users, groupDms, invites];
