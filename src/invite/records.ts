// What the host tells the engine, in the words of the wire: these records are checked when they come in, stored
// as JSON, and given back as they are, so they keep the contract's names (contract §5).

import type { Snowflake } from './id.js';

export interface RoleRecord {
  readonly id: Snowflake;
  /** A decimal bit field. */
  readonly permissions: string;
}

export interface GuildRecord {
  readonly id: Snowflake;
  readonly name: string;
  readonly owner_id: Snowflake;
  readonly icon_hash: string | null;
  readonly banner_hash: string | null;
  readonly splash_hash: string | null;
  readonly features: readonly string[];
  readonly roles: readonly RoleRecord[];
  readonly max_members: number;
  /** null: the engine counts the members it knows. */
  readonly member_count: number | null;
  readonly presence_count: number | null;
}

export interface OverwriteRecord {
  readonly id: Snowflake;
  /** 0: of a role, 1: of a member. */
  readonly type: 0 | 1;
  readonly allow: string;
  readonly deny: string;
}

export interface ChannelRecord {
  readonly id: Snowflake;
  readonly guild_id: Snowflake;
  readonly name: string;
  readonly type: number;
  readonly position: number;
  readonly permission_overwrites: readonly OverwriteRecord[];
}

export interface MemberRecord {
  readonly guild_id: Snowflake;
  readonly user_id: Snowflake;
  readonly roles: readonly Snowflake[];
  readonly temporary: boolean;
}

export interface BanRecord {
  readonly guild_id: Snowflake;
  readonly user_id: Snowflake;
  readonly reason: string | null;
}

export interface IpBanRecord {
  readonly guild_id: Snowflake;
  readonly address: string;
  readonly reason: string | null;
}

export interface GroupDmRecord {
  readonly id: Snowflake;
  readonly name: string | null;
  readonly owner_id: Snowflake;
  readonly recipients: readonly Snowflake[];
}

export interface UserRecord {
  readonly id: Snowflake;
  readonly username: string;
  readonly discriminator: number;
  readonly avatar_hash: string | null;
}

/** An invite that was made elsewhere, as an import tells it. */
export interface InviteRecord {
  readonly code: string;
  readonly channel_id: Snowflake;
  readonly inviter_id: Snowflake | null;
  /** ms since the epoch; null: now. */
  readonly created_at_ms: number | null;
  readonly max_age: number;
  readonly max_uses: number;
  readonly uses: number;
  readonly temporary: boolean;
}
