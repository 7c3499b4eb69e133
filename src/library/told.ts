// What the library answers: outcomes, told apart by `status`, with invites and events in the words of the HTTP API.

import type { VanityProblem } from '../invite/vanity.js';

/** Nothing but a status. */
export type Plain<Status extends string> = Status extends string ? { readonly status: Status } : never;

export interface Invite {
  readonly code: string;
  /** 0: of a guild, 1: of a group DM. */
  readonly type: 0 | 1;
  /** null: of a group DM. */
  readonly guild: {
    readonly id: string;
    readonly name: string;
    readonly icon_hash: string | null;
    readonly banner_hash: string | null;
    readonly splash_hash: string | null;
    readonly features: readonly string[];
  } | null;
  readonly guild_id: string | null;
  /** null where the directory no longer knows it, and for a vanity without a visible text channel. */
  readonly channel: {
    readonly id: string;
    readonly name: string | null;
    readonly type: number;
    /** Of a group DM. */
    readonly recipients?: readonly { readonly username: string | null }[];
  } | null;
  readonly channel_id: string | null;
  readonly inviter: {
    readonly id: string;
    readonly username: string;
    readonly discriminator: number;
    readonly avatar_hash: string | null;
  } | null;
  readonly inviter_id: string | null;
  /** ISO 8601, likewise below. */
  readonly created_at: string;
  /** null: never. */
  readonly expires_at: string | null;
  readonly temporary: boolean;
  readonly version: number;
  /** Where `counts` was asked for, likewise below. */
  readonly approximate_member_count?: number;
  readonly approximate_presence_count?: number;
}

export interface InviteWithMetadata extends Invite {
  readonly uses: number;
  /** 0: no cap. */
  readonly max_uses: number;
  /** Seconds; 0: never ends. */
  readonly max_age: number;
  readonly paused: boolean;
}

export type ReadOutcome =
  | { readonly status: 'found'; readonly maySeeMetadata: true; readonly invite: InviteWithMetadata }
  | { readonly status: 'found'; readonly maySeeMetadata: false; readonly invite: Invite }
  | Plain<'unknown'>;

export type AcceptOutcome =
  /** `already`: he is a member; no use was taken. */
  | { readonly status: 'accepted' | 'already'; readonly invite: Invite }
  | Plain<'unknown' | 'invites_disabled' | 'banned' | 'ip_banned' | 'guild_full' | 'group_dm_full'>;

export type CreateOutcome =
  | { readonly status: 'created' | 'reused'; readonly invite: InviteWithMetadata }
  | Plain<'unknown_channel' | 'missing_permissions' | 'invalid_channel_type' | 'max_invites'>;

export type EditOutcome =
  | { readonly status: 'edited' | 'unchanged'; readonly invite: InviteWithMetadata }
  /** It would have ended already: by its new age, by its new cap. */
  | { readonly status: 'already_over'; readonly isPast: boolean; readonly isUsedUp: boolean }
  | Plain<'unknown' | 'missing_permissions' | 'version_mismatch'>;

export type RevokeOutcome = Plain<'revoked' | 'unknown' | 'missing_permissions' | 'version_mismatch'>;

export type ListOutcome =
  | {
      readonly status: 'listed';
      readonly invites: readonly InviteWithMetadata[];
      /** null: there are no more. */
      readonly next: string | null;
    }
  | Plain<'unknown_guild' | 'unknown_channel' | 'missing_permissions' | 'unknown_cursor'>;

export interface Vanity {
  /** null: none. */
  readonly code: string | null;
  readonly uses: number;
  /** 0: it never had one. */
  readonly version: number;
}

export type GetVanityOutcome =
  | { readonly status: 'is'; readonly vanity: Vanity }
  | Plain<'unknown_guild' | 'missing_permissions'>;

export type SetVanityOutcome =
  | GetVanityOutcome
  | { readonly status: 'invalid_code'; readonly problem: VanityProblem }
  | Plain<'version_mismatch' | 'requires_feature' | 'taken'>;

export type PutOutcome<Rec, Refused extends string = never> =
  /** The record as it is kept. */
  { readonly status: 'put'; readonly record: Rec } | Plain<Refused>;

export type GetOutcome<Rec, Unknown extends string> =
  | { readonly status: 'found'; readonly record: Rec }
  | Plain<Unknown>;

export type DeleteOutcome<Unknown extends string> = Plain<'deleted' | Unknown>;

export type PutInviteOutcome = Plain<
  'put' | 'unknown_channel' | 'invalid_channel_type' | 'code_taken' | 'already_over' | 'max_invites'
>;

interface Happened<Type extends string, Data> {
  /** Stays the same when it comes again. */
  readonly id: string;
  readonly seq: number;
  readonly type: Type;
  readonly at: string;
  /** null: of a group DM, which `channel_id` then names. */
  readonly guild_id: string | null;
  readonly channel_id: string | null;
  readonly data: Data;
}

export type HappenedEvent =
  | Happened<'INVITE_CREATE' | 'INVITE_UPDATE', InviteWithMetadata>
  | Happened<
      'INVITE_DELETE',
      {
        readonly code: string;
        readonly reason: 'revoked' | 'exhausted' | 'expired' | 'channel_deleted' | 'guild_deleted';
        readonly by: string | null;
      }
    >
  | Happened<
      'INVITE_ACCEPT',
      {
        readonly code: string;
        readonly user_id: string;
        readonly inviter_id: string | null;
        readonly uses: number;
        readonly temporary: boolean;
        readonly vanity: boolean;
      }
    >
  | Happened<
      'MEMBER_REMOVE',
      { readonly user_id: string; readonly reason: 'disconnected' | 'banned' | 'removed' }
    >
  | Happened<'VANITY_UPDATE', { readonly old_code: string | null; readonly new_code: string | null }>;

export type EventsOutcome =
  | {
      readonly status: 'page';
      /** May be empty: ask again later, with `next`. */
      readonly events: readonly HappenedEvent[];
      readonly next: string;
    }
  /** `expired`: events behind `after` are gone. Read anew what you keep, then begin without it. */
  | Plain<'expired' | 'too_many_consumers'>;
