// An invite as the engine hands it out. Names and pictures come as ready JSON texts, written when they changed,
// so that nothing is parsed or encoded when an invite is read.

import type { Snowflake } from './id.js';

/** A piece of JSON that can be put into an answer as it is. */
export type JsonText = string & { readonly brand: 'json' };

export function jsonText(value: unknown): JsonText {
  return JSON.stringify(value) as JsonText;
}

interface InviteFields {
  readonly code: string;
  /** null where the directory no longer knows the channel, and for a vanity without a visible text channel. */
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
  readonly isVanity: boolean;
  readonly version: number;
  readonly channelJson: JsonText | null;
  readonly memberCount: number;
  readonly presenceCount: number;
}

/** An invite without the users it names, who live in partitions of their own. */
export type BareInvite =
  | (InviteFields & { readonly kind: 'guild'; readonly guildId: Snowflake; readonly guildJson: JsonText })
  | (InviteFields & { readonly kind: 'group_dm'; readonly recipientIds: readonly Snowflake[] });

/** An invite with the users it names: inviter and, in a group DM, the recipients in their order. */
export type Invite = BareInvite & {
  readonly inviterJson: JsonText | null;
  /** One JSON string or `null` for each recipient of a group DM; empty for a guild. */
  readonly recipientNames: readonly JsonText[];
};
