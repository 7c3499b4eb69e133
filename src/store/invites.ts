// The scripts about invites that serve one request each: create, revoke, list, sweep, and an invite put by an import.
// One function a script: its arguments in order, its replies as a union. Decides nothing. Accept and read, which serve
// many requests at once, are in accept.ts and read.ts beside this.

import type { Caller, MaybeCaller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import { type Partition, partitionOfId } from '../invite/partition.js';
import { type Pointer, partitionOf } from './invite-batch.js';
import type { Journal } from './journals.js';
import type { Presenter } from './present.js';
import { type InviteRow, ReplyReader, readInviteRow } from './reply.js';
import type { Argument, Scripts } from './scripts.js';
import { StoreBug } from './unavailable.js';

export type RevokeReply = Pointer | Plain<'unknown' | 'missing_permissions' | 'revoked'>;

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
}

export type CreateReply =
  | { readonly status: 'created' | 'reused'; readonly invite: Invite }
  | Plain<'unknown_channel' | 'missing_permissions' | 'invalid_channel_type' | 'max_invites' | 'code_taken'>;

/** What is listed: a whole guild, one of its channels, or a group DM. */
export type ListScope =
  | { readonly guildId: Snowflake; readonly channelId: Snowflake | null }
  | { readonly guildId: null; readonly channelId: Snowflake };

export type ListReply =
  | { readonly status: 'listed'; readonly invites: readonly Invite[] }
  | Plain<'unknown_guild' | 'unknown_channel' | 'missing_permissions'>;

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
  revoke(code: string, followed: Snowflake | null, caller: Caller): Promise<RevokeReply>;
  create(create: CreateArguments): Promise<CreateReply>;
  list(scope: ListScope, caller: Caller): Promise<ListReply>;
  put(put: PutArguments): Promise<PutStatus>;
  /** Ends up to `limit` expired invites of a journal: how many it ended, and how many endings are under way (endings.ts). */
  sweep(journal: Journal, limit: number): Promise<{ readonly swept: number; readonly endings: number }>;
}

export function createInviteStore(scripts: Scripts, presenter: Presenter): InviteStore {
  const ask = async (name: string, partition: Partition, args: readonly Argument[]) =>
    new ReplyReader(await scripts.run(name, partition, args), name);

  return {
    async revoke(code, followed, caller) {
      const partition = partitionOf({ code, followed });
      const reply = await ask('revoke', partition, [code, followed ?? '', ...callerArguments(caller)]);
      const status = reply.oneOf(['unknown', 'pointer', 'missing_permissions', 'revoked']);
      if (status === 'pointer') return { status, targetId: reply.id() };
      return { status };
    },

    async create(create) {
      const reply = await ask('create', partitionOfId(create.guildId ?? create.channelId), [
        create.code,
        create.guildId ?? '',
        create.channelId,
        ...callerArguments(create.caller),
        create.maxAgeS,
        create.maxUses,
        create.isTemporary ? 1 : 0,
        create.isUnique ? 1 : 0,
        create.invitesMax,
      ]);
      const status = reply.oneOf([
        'created',
        'reused',
        'unknown_channel',
        'missing_permissions',
        'invalid_channel_type',
        'max_invites',
        'code_taken',
      ]);
      if (status === 'created' || status === 'reused') {
        const [invite] = await presenter.presentRows([readInviteRow(reply.inner())]);
        if (invite === undefined) throw new StoreBug('create: a row without its invite');
        return { status, invite };
      }
      return { status };
    },

    async list(scope, caller) {
      const partition = partitionOfId(scope.guildId ?? scope.channelId);
      const reply = await ask('list', partition, [
        scope.guildId ?? '',
        scope.channelId ?? '',
        ...callerArguments(caller),
      ]);
      const status = reply.oneOf(['listed', 'unknown_guild', 'unknown_channel', 'missing_permissions']);
      if (status !== 'listed') return { status };
      const rows = reply.inner();
      const told: InviteRow[] = [];
      while (!rows.atEnd()) told.push(readInviteRow(rows.inner()));
      return { status, invites: await presenter.presentRows(told) };
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
