// From what Postgres says to what Redis keeps, row by row. A row that says what can't be (a use too many, a
// code that is none, a record without its fields) is damaged: it is told apart, and never guessed at.

import * as v from 'valibot';
import { isCode } from '../invite/code.js';
import { isSnowflake, type Snowflake } from '../invite/id.js';
import { isPermissions } from '../invite/permissions.js';
import type { ChannelRecord, UserRecord } from '../invite/records.js';
import {
  channelJson,
  channelRule,
  type GroupDmKept,
  type GuildKept,
  groupDmJson,
  guildFlags,
  guildJson,
  roleBits,
} from '../invite/shown.js';
import type {
  BanState,
  ChannelState,
  GroupDmState,
  GuildState,
  IpBanState,
  MemberState,
  UserState,
  VanityState,
} from '../postgres/entities.js';
import type { LiveInvite } from '../postgres/restore-reads.js';
import type {
  BanRow,
  ChannelRow,
  GroupDmRow,
  GuildRow,
  InviteRow,
  MemberRow,
  UserRow,
} from '../store/restored-rows.js';

const id = v.custom<Snowflake>(isSnowflake);
const permissions = v.custom<string>(isPermissions);
const text = v.string();
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hash = v.nullable(text);

const guildRecord = v.object({
  ...{ id, name: text, owner_id: id, icon_hash: hash, banner_hash: hash, splash_hash: hash },
  ...{ features: v.array(text), max_members: count },
});
const channelRecord = v.object({
  ...{ id, guild_id: id, name: text, type: count, position: count },
  permission_overwrites: v.array(
    v.object({ id, type: v.picklist([0, 1]), allow: permissions, deny: permissions }),
  ),
});
const groupDmRecord = v.object({ id, name: v.nullable(text), owner_id: id });
const userRecord = v.object({ id, username: text, discriminator: count, avatar_hash: hash });
const banRecord = v.object({ guild_id: id });

const RECIPIENTS_LEAST = 1;
/** An IPv4 address, or the /64 of an IPv6 one (invite/address.ts). */
const ADDRESS_KEY = /^(?:[0-9.]{7,15}|(?:[0-9a-f]{1,4}:){4}:\/64)$/;
const TOKEN = /^[0-9]{1,15}$/;

/** null: no JSON, or not with these fields. */
function parse<Kept>(record: string, schema: v.GenericSchema): Kept | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(record);
  } catch {
    return null;
  }
  return v.is(schema, parsed) ? (parsed as Kept) : null;
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

function isOptionalCount(number: number | null): boolean {
  return number === null || isCount(number);
}

function isOptionalId(given: Snowflake | null): boolean {
  return given === null || isSnowflake(given);
}

/** What of a guild's own rows is damaged: its roles and its vanity are rows too. */
export interface GuildRead {
  readonly row: GuildRow | null;
  readonly damaged: number;
}

export function guildRow(guild: GuildState): GuildRead {
  const record = parse<GuildKept>(guild.record, guildRecord);
  const { memberCount, presenceCount, vanityVersion, bornSeq, ownerId } = guild;
  const isWell =
    record !== null &&
    record.id === guild.id &&
    isSnowflake(ownerId) &&
    [bornSeq, vanityVersion].every(isCount) &&
    isOptionalCount(memberCount) &&
    isOptionalCount(presenceCount);
  if (!isWell) return { row: null, damaged: 1 };
  const roles = guild.roles.filter((role) => isSnowflake(role.id) && isPermissions(role.permissions));
  const vanity = guild.vanity !== null && isVanity(guild.vanity) ? guild.vanity : null;
  const row = {
    id: guild.id,
    bornSeq,
    ownerId,
    flags: guildFlags(record),
    maxMembers: record.max_members,
    toldMemberCount: memberCount,
    presenceCount,
    json: guildJson(record),
    record: guild.record,
    roles: roleBits(roles),
    vanity,
    vanityVersion,
  };
  const damaged = guild.roles.length - roles.length + (vanity === guild.vanity ? 0 : 1);
  return { row, damaged };
}

/** Codes that no guild could have asked for are not given back to one. */
export function isVanity({ code, uses, createdAtMs, token }: VanityState): boolean {
  return isCode(code) && isCount(uses) && isCount(createdAtMs) && TOKEN.test(token);
}

export function channelRow({ guildId, id: channelId, record }: ChannelState): ChannelRow | null {
  const channel = parse<ChannelRecord>(record, channelRecord);
  if (channel === null || channel.id !== channelId || channel.guild_id !== guildId) return null;
  return { guildId, id: channelId, rule: channelRule(channel), json: channelJson(channel), record };
}

export function memberRow(member: MemberState): MemberRow | null {
  const { guildId, userId, roles } = member;
  return isSnowflake(guildId) && isSnowflake(userId) && roles.every(isSnowflake) ? member : null;
}

export function banRow({ guildId, userId, record }: BanState): BanRow | null {
  const isWell = isSnowflake(guildId) && isSnowflake(userId) && parse(record, banRecord) !== null;
  return isWell ? { guildId, kind: 'bans', who: userId, record } : null;
}

export function ipBanRow({ guildId, addressKey, record }: IpBanState): BanRow | null {
  const isWell = isSnowflake(guildId) && ADDRESS_KEY.test(addressKey) && parse(record, banRecord) !== null;
  return isWell ? { guildId, kind: 'ip-bans', who: addressKey, record } : null;
}

export function userRow({ id: userId, record }: UserState): UserRow | null {
  const user = parse<UserRecord>(record, userRecord);
  return user !== null && user.id === userId ? { id: userId, record } : null;
}

export function groupDmRow(groupDm: GroupDmState): GroupDmRow | null {
  const { ownerId, recipients, record } = groupDm;
  const kept = parse<GroupDmKept>(record, groupDmRecord);
  const isWell =
    kept !== null &&
    kept.id === groupDm.id &&
    isSnowflake(ownerId) &&
    recipients.length >= RECIPIENTS_LEAST &&
    recipients.every(isSnowflake);
  return isWell ? { id: groupDm.id, ownerId, json: groupDmJson(kept), record, recipients } : null;
}

/** With the larger number of uses of the two that Postgres has. */
export function inviteRow(invite: LiveInvite): InviteRow | null {
  const { code, guildId, channelId, inviterId, createdAtMs, expiresAtMs, maxUses, maxAgeS } = invite;
  const uses = Math.max(invite.uses, invite.ledgerUses ?? 0);
  const isWell =
    isCode(code) &&
    isOptionalId(guildId) &&
    isOptionalId(inviterId) &&
    [createdAtMs, invite.uses, maxUses, maxAgeS, invite.version, invite.createdSeq].every(isCount) &&
    isOptionalCount(expiresAtMs) &&
    (maxUses === 0 || uses <= maxUses);
  return isWell && channelId !== null && isSnowflake(channelId) ? { ...invite, channelId, uses } : null;
}
