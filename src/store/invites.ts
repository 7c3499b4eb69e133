// The scripts about invites that serve one request each: create, edit, revoke, list, sweep, and an invite put by an import.
// One function a script: its arguments in order, its replies as a union. Decides nothing. Accept and read, which serve
// many requests at once, are in accept.ts and read.ts beside this.

import type { Caller, MaybeCaller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import { type Partition, partitionOfId } from '../invite/partition.js';
import type { Traceparent } from '../invite/trace.js';
import type { WantedVersion } from '../invite/version.js';
import { type Pointer, partitionOf } from './invite-batch.js';
import type { Journal } from './journals.js';
import type { Presenter } from './present.js';
import { type InviteRow, ReplyReader, readInviteRow } from './reply.js';
import type { Argument, Scripts } from './scripts.js';
import { StoreBug } from './unavailable.js';

export type RevokeReply = Pointer | Plain<'unknown' | 'missing_permissions' | 'version_mismatch' | 'revoked'>;

/** What is told anew of an invite; null: as it is. */
export interface InviteEdit {
  /** Counted from its creation. */
  readonly maxAgeS: number | null;
  readonly maxUses: number | null;
  readonly isTemporary: boolean | null;
  readonly isPaused: boolean | null;
}

export type EditReply =
  | Pointer
  | { readonly status: 'edited' | 'unchanged'; readonly invite: Invite }
  | { readonly status: 'already_over'; readonly isPast: boolean; readonly isUsedUp: boolean }
  | Plain<'unknown' | 'missing_permissions' | 'version_mismatch'>;

export interface CreateArguments {
  readonly code: string;
  /** null: a group DM. */
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake;
  readonly caller: Caller;
  readonly maxAgeS: number;
  readonly maxUses: number;
  readonly isTemporary: boolean;
  readonly isUnique: boolean;
  readonly invitesMax: number;
  /** null: the request has no Idempotency-Key. */
  readonly once: OnceNames | null;
  readonly trace: Traceparent | null;
}

/** What tells a request with an Idempotency-Key from others. */
export interface OnceNames {
  /** Of caller, route and key. */
  readonly digest: string;
  /** Of the request's body. */
  readonly bodyDigest: string;
}

export type CreateReply =
  | { readonly status: 'created' | 'reused' | 'replayed_row'; readonly invite: Invite }
  | { readonly status: 'replayed'; readonly answer: string }
  | Plain<'key_reused'>
  | Plain<'unknown_channel' | 'missing_permissions' | 'invalid_channel_type' | 'max_invites' | 'code_taken'>;

/** What is listed: a whole guild, one of its channels, or a group DM. */
export type ListScope =
  | { readonly guildId: Snowflake; readonly channelId: Snowflake | null }
  | { readonly guildId: null; readonly channelId: Snowflake };

export interface ListPage {
  /** null: all. */
  readonly limit: number | null;
  /** Only what stands behind this cursor, or behind the live invite of this code; null: from the newest. */
  readonly after: string | null;
}

export type ListReply =
  | {
      readonly status: 'listed';
      readonly invites: readonly Invite[];
      /** The cursor of the next page; null: there are no more. */
      readonly next: string | null;
    }
  | Plain<'unknown_guild' | 'unknown_channel' | 'missing_permissions' | 'unknown_cursor'>;

export interface PutArguments {
  readonly code: string;
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake;
  readonly inviterId: Snowflake | null;
  /** null: now, by Redis' clock. */
  readonly createdAtMs: number | null;
  readonly maxAgeS: number;
  readonly maxUses: number;
  readonly uses: number;
  readonly isTemporary: boolean;
  readonly invitesMax: number;
  /** When the claim of the code ends; 0 where the code lies in the partition of its guild. */
  readonly claimDeadlineMs: number;
}

const PUT_STATUSES = [
  'put',
  'unknown_channel',
  'invalid_channel_type',
  'code_taken',
  'already_over',
  'max_invites',
  'claim_expired',
] as const;

export type PutStatus = (typeof PUT_STATUSES)[number];

export interface InviteStore {
  revoke(
    code: string,
    followed: Snowflake | null,
    caller: Caller,
    wanted: WantedVersion,
    trace?: Traceparent | null,
  ): Promise<RevokeReply>;
  edit(
    code: string,
    followed: Snowflake | null,
    caller: Caller,
    wanted: WantedVersion,
    edit: InviteEdit,
    trace?: Traceparent | null,
  ): Promise<EditReply>;
  create(create: CreateArguments): Promise<CreateReply>;
  /** Offers the finished answer to a create with an Idempotency-Key; the one that is kept, null if none is any more. */
  keepAnswer(placeId: Snowflake, once: OnceNames, answer: string): Promise<string | null>;
  list(scope: ListScope, caller: Caller, page: ListPage): Promise<ListReply>;
  put(put: PutArguments): Promise<PutStatus>;
  /** Ends up to `limit` expired invites of a journal: how many it ended, and how many endings are under way (endings.ts). */
  sweep(journal: Journal, limit: number): Promise<{ readonly swept: number; readonly endings: number }>;
}

export function createInviteStore(scripts: Scripts, presenter: Presenter): InviteStore {
  const ask = async (
    name: string,
    partition: Partition,
    args: readonly Argument[],
    trace: Traceparent | null = null,
  ) => new ReplyReader(await scripts.run(name, partition, args, trace), name);

  const presentRow = async (row: ReplyReader): Promise<Invite> => {
    const [invite] = await presenter.presentRows([readInviteRow(row)]);
    if (invite === undefined) throw new StoreBug('a row without its invite');
    return invite;
  };

  return {
    async revoke(code, followed, caller, wanted, trace = null) {
      const args = [code, followed ?? '', ...callerArguments(caller), wantedArgument(wanted)];
      const reply = await ask('revoke', partitionOf({ code, followed }), args, trace);
      const status = reply.oneOf([
        'unknown',
        'pointer',
        'missing_permissions',
        'version_mismatch',
        'revoked',
      ]);
      if (status === 'pointer') return { status, targetId: reply.id() };
      return { status };
    },

    async edit(code, followed, caller, wanted, edit, trace = null) {
      const args = [
        code,
        followed ?? '',
        ...callerArguments(caller),
        wantedArgument(wanted),
        edit.maxAgeS ?? '',
        edit.maxUses ?? '',
        flagArgument(edit.isTemporary),
        flagArgument(edit.isPaused),
      ];
      const reply = await ask('edit', partitionOf({ code, followed }), args, trace);
      const status = reply.oneOf([
        'edited',
        'unchanged',
        'already_over',
        'unknown',
        'pointer',
        'missing_permissions',
        'version_mismatch',
      ]);
      switch (status) {
        case 'edited':
        case 'unchanged':
          return { status, invite: await presentRow(reply.inner()) };
        case 'already_over':
          return { status, isPast: reply.integer() === 1, isUsedUp: reply.integer() === 1 };
        case 'pointer':
          return { status, targetId: reply.id() };
        default:
          return { status };
      }
    },

    async create(create) {
      const args = [
        create.code,
        create.guildId ?? '',
        create.channelId,
        ...callerArguments(create.caller),
        create.maxAgeS,
        create.maxUses,
        create.isTemporary ? 1 : 0,
        create.isUnique ? 1 : 0,
        create.invitesMax,
        create.once?.digest ?? '',
        create.once?.bodyDigest ?? '',
      ];
      const partition = partitionOfId(create.guildId ?? create.channelId);
      const reply = await ask('create', partition, args, create.trace);
      const status = reply.oneOf([
        'created',
        'reused',
        'replayed',
        'replayed_row',
        'key_reused',
        'unknown_channel',
        'missing_permissions',
        'invalid_channel_type',
        'max_invites',
        'code_taken',
      ]);
      switch (status) {
        case 'created':
        case 'reused':
        case 'replayed_row':
          return { status, invite: await presentRow(reply.inner()) };
        case 'replayed':
          return { status, answer: reply.text() };
        default:
          return { status };
      }
    },

    async keepAnswer(placeId, { digest, bodyDigest }, answer) {
      const reply = await ask('answer-keep', partitionOfId(placeId), [digest, bodyDigest, answer]);
      return reply.oneOf(['kept', 'gone']) === 'kept' ? reply.text() : null;
    },

    async list(scope, caller, page) {
      const partition = partitionOfId(scope.guildId ?? scope.channelId);
      const reply = await ask('list', partition, [
        scope.guildId ?? '',
        scope.channelId ?? '',
        ...callerArguments(caller),
        page.limit ?? '',
        page.after ?? '',
      ]);
      const status = reply.oneOf([
        'listed',
        'unknown_guild',
        'unknown_channel',
        'missing_permissions',
        'unknown_cursor',
      ]);
      if (status !== 'listed') return { status };
      const rows = reply.inner();
      const told: InviteRow[] = [];
      while (!rows.atEnd()) told.push(readInviteRow(rows.inner()));
      const next = reply.text();
      return { status, invites: await presenter.presentRows(told), next: next === '' ? null : next };
    },

    async put(put) {
      const reply = await ask('invite-put', partitionOfId(put.guildId ?? put.channelId), [
        put.code,
        put.guildId ?? '',
        put.channelId,
        put.inviterId ?? '',
        put.createdAtMs ?? '',
        put.maxAgeS,
        put.maxUses,
        put.uses,
        put.isTemporary ? 1 : 0,
        put.invitesMax,
        put.claimDeadlineMs,
      ]);
      return reply.oneOf(PUT_STATUSES);
    },

    async sweep(journal, limit) {
      const reply = await ask('sweep', journal, [limit]);
      reply.oneOf(['swept']);
      return { swept: reply.integer(), endings: reply.integer() };
    },
  };
}

/** The caller as every script that checks rights takes him: user id, '1' for a service, claimed bits. */
export function callerArguments(caller: MaybeCaller): readonly [string, string, string] {
  if (caller === null) return ['', '0', ''];
  const claimed = caller.permissions === null ? '' : String(caller.permissions);
  return [caller.userId, caller.role === 'service' ? '1' : '0', claimed];
}

/** What lua/lib/versions.lua takes. */
export function wantedArgument(wanted: WantedVersion): string {
  return wanted === 'any' ? '*' : wanted.join(' ');
}

function flagArgument(flag: boolean | null): string {
  if (flag === null) return '';
  return flag ? '1' : '0';
}
