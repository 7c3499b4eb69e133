// What the ledger in Postgres must know of invites, joins and ended memberships: whoever reads the journal of Redis makes these
// (events/entry.ts), postgres/write.ts puts them into tables.

import type { Snowflake } from './id.js';

/** What an invite is, but for its end. */
export interface InviteSettings {
  readonly code: string;
  /** null: of a group DM. */
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake | null;
  readonly inviterId: Snowflake | null;
  readonly createdAtMs: number;
  /** null: never. */
  readonly expiresAtMs: number | null;
  readonly maxAgeS: number;
  /** 0: no cap. */
  readonly maxUses: number;
  readonly uses: number;
  readonly isTemporary: boolean;
  readonly isPaused: boolean;
  readonly version: number;
}

export interface InviteTold extends InviteSettings {
  readonly kind: 'create' | 'update';
  readonly seq: number;
  readonly atMs: number;
}

export type EndReason = 'revoked' | 'exhausted' | 'expired' | 'channel_deleted' | 'guild_deleted';

/** `lost`: a full copy did not find it any more; how it ended, nobody can tell. */
export type StoredEndReason = EndReason | 'lost';

export interface InviteEnded {
  readonly kind: 'delete';
  readonly seq: number;
  readonly atMs: number;
  readonly code: string;
  readonly reason: EndReason;
  readonly by: Snowflake | null;
}

/** n users who came by one code, one after the other: `seq` and `uses` grow by one from user to user. */
export interface Joined {
  readonly kind: 'joins';
  readonly firstSeq: number;
  readonly atMs: number;
  readonly code: string;
  /** null: into a group DM, which `channelId` then names. */
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake | null;
  readonly inviterId: Snowflake | null;
  readonly isTemporary: boolean;
  readonly isVanity: boolean;
  readonly firstUses: number;
  readonly userIds: readonly Snowflake[];
}

export interface MemberRemoved {
  readonly kind: 'member_remove';
  readonly seq: number;
  readonly guildId: Snowflake;
  readonly userId: Snowflake;
}

export type LedgerEvent = InviteTold | InviteEnded | Joined | MemberRemoved;

export function lastSeq(event: LedgerEvent): number {
  return event.kind === 'joins' ? event.firstSeq + event.userIds.length - 1 : event.seq;
}

/** The invite's uses with the last of them. */
export function lastUses(joined: Joined): number {
  return joined.firstUses + joined.userIds.length - 1;
}
