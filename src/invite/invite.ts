// An invite as the engine hands it out. Names and pictures come as ready JSON texts, written when they changed,
// so that nothing is parsed or encoded when an invite is read.

import type { Snowflake } from './id.js';

/** A piece of JSON that can be put into an answer as it is. */
export type JsonText = string & { readonly brand: 'json' };

export function jsonText(value: unknown): JsonText {
  return JSON.stringify(value) as JsonText;
}

interface RevisionFields {
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
  readonly isTemporary: boolean;
  readonly isPaused: boolean;
  readonly isVanity: boolean;
  readonly version: number;
  readonly channelJson: JsonText | null;
}

/** A revision without the users it names, who live in partitions of their own. */
export type BareRevision =
  | (RevisionFields & { readonly kind: 'guild'; readonly guildId: Snowflake; readonly guildJson: JsonText })
  | (RevisionFields & { readonly kind: 'group_dm'; readonly recipientIds: readonly Snowflake[] });

/**
 * All that is shown of an invite but what moves with its use, and with the users it names: inviter and, in a group DM,
 * the recipients in their order. Never changed: while nothing of it changes, reads give the same object, so what is
 * made of it can be kept by it.
 */
export type InviteRevision = BareRevision & {
  readonly inviterJson: JsonText | null;
  /** One JSON string or `null` for each recipient of a group DM; empty for a guild. */
  readonly recipientNames: readonly JsonText[];
};

export interface Invite {
  readonly revision: InviteRevision;
  readonly uses: number;
  readonly memberCount: number;
  readonly presenceCount: number;
}
