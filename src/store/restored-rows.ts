// What a restore puts back, kind by kind: the row, where it goes, and the arguments by which its script is
// told (lua/restore-*.lua).

import type { Snowflake } from '../invite/id.js';
import type { JsonText } from '../invite/invite.js';
import { type Partition, partitionOfCode, partitionOfId } from '../invite/partition.js';
import type { RoleBits } from '../invite/shown.js';
import { type BanKind, type Membership, storedMembership } from './directory.js';
import { type PackedGuild, type PackedInvite, packInvite } from './packed-records.js';
import type { Argument } from './scripts.js';

export interface GuildRow extends PackedGuild {
  readonly id: Snowflake;
  readonly flags: number;
  readonly maxMembers: number;
  readonly json: JsonText;
  readonly record: JsonText;
  readonly roles: readonly RoleBits[];
}

export interface ChannelRow {
  readonly guildId: Snowflake;
  readonly id: Snowflake;
  readonly rule: string;
  readonly json: JsonText;
  readonly record: JsonText;
}

export interface MemberRow extends Membership {
  readonly guildId: Snowflake;
  readonly userId: Snowflake;
}

export interface BanRow {
  readonly guildId: Snowflake;
  readonly kind: BanKind;
  /** A user, or the ban key of an address. */
  readonly who: string;
  readonly record: JsonText;
}

export interface UserRow {
  readonly id: Snowflake;
  readonly record: JsonText;
}

export interface GroupDmRow {
  readonly id: Snowflake;
  readonly ownerId: Snowflake;
  readonly json: JsonText;
  readonly record: JsonText;
  readonly recipients: readonly Snowflake[];
}

export interface InviteRow extends PackedInvite {
  readonly code: string;
  /** Grows from invite to invite. */
  readonly createdSeq: number;
}

/** The partition of the place holds it: guild, or group DM. */
export interface EndedRow {
  readonly code: string;
  readonly partition: Partition;
  readonly createdAtMs: number;
}

export interface PointerRow {
  readonly code: string;
  readonly targetId: Snowflake;
  readonly token: string;
  readonly claimedAtMs: number;
  /** Of the pointer that may be replaced; null: none. */
  readonly takeoverToken: string | null;
}

/** What a kind of row needs to be sent. */
export interface Kind<Row> {
  readonly script: string;
  partitionOf(row: Row): Partition;
  args(row: Row): readonly Argument[];
  /** Rows with the same owner that follow each other share it; undefined: each stands for itself. */
  ownerOf?(row: Row): string;
}

/** Places in the lists are microseconds; an invite is known to the millisecond. */
const MICROSECONDS = 1000;

export const GUILDS: Kind<GuildRow> = {
  script: 'restore-guilds',
  partitionOf: ({ id }) => partitionOfId(id),
  args: (guild) => [
    ...[guild.id, guild.bornSeq, guild.ownerId, guild.flags, guild.maxMembers],
    ...[guild.toldMemberCount ?? '', guild.presenceCount ?? '', guild.json, guild.record],
    ...[guild.vanityVersion, guild.vanity?.code ?? '', guild.vanity?.uses ?? 0],
    ...[guild.vanity?.createdAtMs ?? '', guild.vanity?.token ?? '', guild.roles.length],
    ...guild.roles.flatMap(({ id, bits }) => [id, bits]),
  ],
};
export const CHANNELS: Kind<ChannelRow> = {
  script: 'restore-channels',
  partitionOf: ({ guildId }) => partitionOfId(guildId),
  ownerOf: ({ guildId }) => guildId,
  args: ({ id, rule, json, record }) => [id, rule, json, record],
};
export const CHANNEL_HOMES: Kind<ChannelRow> = {
  script: 'restore-channel-homes',
  partitionOf: ({ id }) => partitionOfId(id),
  args: ({ id, guildId }) => [id, guildId],
};
export const MEMBERS: Kind<MemberRow> = {
  script: 'restore-members',
  partitionOf: ({ guildId }) => partitionOfId(guildId),
  ownerOf: ({ guildId }) => guildId,
  args: (member) => [member.userId, storedMembership(member)],
};
export const BANS: Kind<BanRow> = {
  script: 'restore-bans',
  partitionOf: ({ guildId }) => partitionOfId(guildId),
  ownerOf: ({ kind, guildId }) => `${kind}:${guildId}`,
  args: ({ who, record }) => [who, record],
};
export const USERS: Kind<UserRow> = {
  script: 'restore-users',
  partitionOf: ({ id }) => partitionOfId(id),
  args: ({ id, record }) => [id, record],
};
export const GROUP_DMS: Kind<GroupDmRow> = {
  script: 'restore-group-dms',
  partitionOf: ({ id }) => partitionOfId(id),
  args: ({ id, ownerId, json, record, recipients }) => [
    ...[id, recipients.length, ownerId, json, record],
    ...recipients,
  ],
};
export const INVITES: Kind<InviteRow> = {
  script: 'restore-invites',
  partitionOf: placeOf,
  args: (invite) => {
    const { guildId, channelId, code, createdAtMs, createdSeq } = invite;
    return [
      guildId === null ? `group-dm:${channelId}` : `guild:${guildId}`,
      code,
      ...packInvite(invite),
      invite.expiresAtMs ?? '',
      // Two of one millisecond keep their order, but where the number begins anew between them.
      createdAtMs * MICROSECONDS + (createdSeq % MICROSECONDS),
      `${placeOf(invite)} ${code} ${guildId ?? '-'} ${channelId}`,
    ];
  },
};
export const ENDED: Kind<EndedRow> = {
  script: 'restore-ended',
  partitionOf: ({ partition }) => partition,
  args: ({ code, createdAtMs }) => [code, createdAtMs],
};
export const POINTERS: Kind<PointerRow> = {
  script: 'restore-pointers',
  partitionOf: ({ code }) => partitionOfCode(code),
  args: (row) => [row.code, row.targetId, row.token, row.claimedAtMs, row.takeoverToken ?? ''],
};

/** The partition that an invite lies in, wherever its code does. */
function placeOf({ guildId, channelId }: InviteRow): Partition {
  return partitionOfId(guildId ?? channelId);
}
