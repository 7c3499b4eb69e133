// What the directory holds, entity by entity: one type for both ways, what is written is what the restore reads back.
// Records are the host's own JSON, kept letter by letter; what else stands here was taken out of it by Redis. Names are for
// people to read: a NUL in one comes back as U+FFFD, where the record has it as it was.

import type { Snowflake } from '../invite/id.js';
import type { JsonText } from '../invite/invite.js';
import type { InviteSettings } from '../invite/ledger-events.js';

export interface RoleState {
  readonly id: Snowflake;
  /** A decimal bit field. */
  readonly permissions: string;
}

export interface VanityState {
  readonly code: string;
  readonly uses: number;
  readonly createdAtMs: number;
  /** Of its claim; of two claims for one code the later has the larger number. */
  readonly token: string;
}

export interface GuildState {
  readonly id: Snowflake;
  /** The `seq` with which it came to be; another one means that it was deleted in between, with all that was its own. */
  readonly bornSeq: number;
  readonly ownerId: Snowflake;
  readonly name: string;
  readonly record: JsonText;
  /** null: the engine counts the members. */
  readonly memberCount: number | null;
  readonly presenceCount: number | null;
  readonly roles: readonly RoleState[];
  readonly vanity: VanityState | null;
  readonly vanityVersion: number;
}

export interface ChannelState {
  readonly guildId: Snowflake;
  readonly id: Snowflake;
  readonly name: string;
  readonly type: number;
  readonly record: JsonText;
}

export interface MemberState {
  readonly guildId: Snowflake;
  readonly userId: Snowflake;
  readonly isTemporary: boolean;
  readonly roles: readonly Snowflake[];
}

export interface BanState {
  readonly guildId: Snowflake;
  readonly userId: Snowflake;
  readonly record: JsonText;
}

export interface IpBanState {
  readonly guildId: Snowflake;
  /** An IPv4 address or `prefix::/64`. */
  readonly addressKey: string;
  readonly record: JsonText;
}

export interface UserState {
  readonly id: Snowflake;
  readonly username: string;
  readonly record: JsonText;
}

export interface GroupDmState {
  readonly id: Snowflake;
  readonly ownerId: Snowflake;
  readonly name: string | null;
  /** In the order they came. */
  readonly recipients: readonly Snowflake[];
  readonly record: JsonText;
}

/** A live invite as it was read, for a resync: else the journal tells of invites. */
export type InviteState = InviteSettings;

/** An entity as it was at `seq`. */
export interface Present<State> {
  readonly seq: number;
  readonly state: State;
}

/** It was gone at `seq`; `Key` are the fields that name it, as in the state. */
export type Gone<State, Key extends keyof State> = Readonly<Pick<State, Key>> & {
  readonly seq: number;
  readonly state: null;
};

export type Entity<State, Key extends keyof State> = Present<State> | Gone<State, Key>;

export function isGone<State, Key extends keyof State>(
  entity: Entity<State, Key>,
): entity is Gone<State, Key> {
  return entity.state === null;
}

export interface Entities {
  readonly guilds: readonly Entity<GuildState, 'id'>[];
  readonly channels: readonly Entity<ChannelState, 'guildId' | 'id'>[];
  readonly members: readonly Entity<MemberState, 'guildId' | 'userId'>[];
  readonly bans: readonly Entity<BanState, 'guildId' | 'userId'>[];
  readonly ipBans: readonly Entity<IpBanState, 'guildId' | 'addressKey'>[];
  readonly users: readonly Entity<UserState, 'id'>[];
  readonly groupDms: readonly Entity<GroupDmState, 'id'>[];
  readonly invites: readonly Entity<InviteState, 'code'>[];
}

export const NO_ENTITIES: Entities = {
  guilds: [],
  channels: [],
  members: [],
  bans: [],
  ipBans: [],
  users: [],
  groupDms: [],
  invites: [],
};
