// What an entry of a journal says, decoded: all that the ledger must know, and what readers are shown beside it.

import type { Snowflake } from '../invite/id.js';
import type { JsonText } from '../invite/invite.js';
import type { InviteEnded, InviteTold, Joined, LedgerEvent, MemberRemoved } from '../invite/ledger-events.js';
import type { Traceparent } from '../invite/trace.js';

/** An invite was made or changed. */
export interface Told extends InviteTold {
  /** null: of a group DM. */
  readonly guildJson: JsonText | null;
  /** null: the directory did not know it. */
  readonly channelJson: JsonText | null;
  /** Of a group DM. */
  readonly recipientIds: readonly Snowflake[];
}

export interface Ended extends InviteEnded {
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake | null;
}

export type RemovalReason = 'disconnected' | 'banned' | 'removed';

export interface Removed extends MemberRemoved {
  readonly atMs: number;
  readonly reason: RemovalReason;
}

export interface VanityUpdated {
  readonly kind: 'vanity_update';
  readonly seq: number;
  readonly atMs: number;
  readonly guildId: Snowflake;
  /** null: none; likewise below. */
  readonly oldCode: string | null;
  readonly newCode: string | null;
}

/** Which of its events came of a request that is part of a trace, by their index. */
export interface Traced {
  /** Left out: none. */
  readonly traces?: ReadonlyMap<number, Traceparent>;
}

export type Change = (Told | Ended | Joined | Removed | VanityUpdated) & Traced;

/** The ledger has no place for a vanity's change: a mark says what the guild is now. */
export function isLedgerEvent(change: Change): change is Exclude<Change, VanityUpdated> & LedgerEvent {
  return change.kind !== 'vanity_update';
}

/** How many events a change is. */
export function countOf(change: Change): number {
  return change.kind === 'joins' ? change.userIds.length : 1;
}
