// What Redis keeps of a record besides the record itself: the JSON that invites show, and the few bits that
// scripts decide by. The same for what a host tells now and for what is restored later, so it must depend on
// nothing but the record.

import type { Snowflake } from './id.js';
import { type JsonText, jsonText } from './invite.js';
import { knownBits } from './permissions.js';
import type { ChannelRecord, GroupDmRecord, GuildRecord, OverwriteRecord, RoleRecord } from './records.js';

// Bits of a guild's flags, as in lua/lib/guilds.lua.
const INVITES_DISABLED = 1;
const VANITY_URL = 2;

/** What the wire calls the type of a group DM's channel, as other Discord-like APIs do. */
const GROUP_DM_CHANNEL_TYPE = 3;

export interface RoleBits {
  readonly id: Snowflake;
  readonly bits: number;
}

/** A guild without what moves: the record that is kept. */
export type GuildKept = Omit<GuildRecord, 'member_count' | 'presence_count'>;

/** A group DM without its recipients, who are kept apart. */
export type GroupDmKept = Omit<GroupDmRecord, 'recipients'>;

export function guildFlags({ features }: Pick<GuildRecord, 'features'>): number {
  return (
    (features.includes('INVITES_DISABLED') ? INVITES_DISABLED : 0) |
    (features.includes('VANITY_URL') ? VANITY_URL : 0)
  );
}

export function guildJson(guild: GuildKept): JsonText {
  return jsonText({
    id: guild.id,
    name: guild.name,
    icon_hash: guild.icon_hash,
    banner_hash: guild.banner_hash,
    splash_hash: guild.splash_hash,
    features: guild.features,
  });
}

export function roleBits(roles: readonly RoleRecord[]): readonly RoleBits[] {
  return roles.map((role) => ({ id: role.id, bits: knownBits(role.permissions) }));
}

/** `<type> <position>` and, for each overwrite, `<id>:<0 role, 1 member>:<allow>:<deny>` (lua/README.md). */
export function channelRule(channel: ChannelRecord): string {
  return [channel.type, channel.position, ...channel.permission_overwrites.map(overwriteRule)].join(' ');
}

function overwriteRule({ id, type, allow, deny }: OverwriteRecord): string {
  return `${id}:${type}:${knownBits(allow)}:${knownBits(deny)}`;
}

export function channelJson(channel: ChannelRecord): JsonText {
  return jsonText({ id: channel.id, name: channel.name, type: channel.type });
}

export function groupDmJson(groupDm: GroupDmKept): JsonText {
  return jsonText({ id: groupDm.id, name: groupDm.name, type: GROUP_DM_CHANNEL_TYPE });
}

export function groupDmRecord(groupDm: GroupDmKept): JsonText {
  return jsonText({ id: groupDm.id, name: groupDm.name, owner_id: groupDm.owner_id });
}
