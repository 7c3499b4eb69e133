// The scripts about vanity codes and the pointers that lead to them. Decides nothing.

import type { Caller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Plain } from '../invite/outcome.js';
import { partitionOfCode, partitionOfId } from '../invite/partition.js';
import type { Traceparent } from '../invite/trace.js';
import type { WantedVersion } from '../invite/version.js';
import { callerArguments, wantedArgument } from './invites.js';
import { ReplyReader } from './reply.js';
import type { Scripts } from './scripts.js';

export interface VanityState {
  /** null: none. */
  readonly code: string | null;
  readonly uses: number;
  /** 0 for a guild that never had one; grows with each change. */
  readonly version: number;
}

export type VanityGetReply =
  | { readonly status: 'is'; readonly vanity: VanityState }
  | Plain<'unknown_guild' | 'missing_permissions'>;

export type VanityWishReply =
  | { readonly status: 'unchanged'; readonly vanity: VanityState }
  | Plain<
      | 'unknown_guild'
      | 'missing_permissions'
      | 'version_mismatch'
      | 'requires_feature'
      | 'taken'
      | 'may_change'
    >;

export type VanitySetReply =
  | {
      readonly status: 'changed';
      readonly oldCode: string | null;
      readonly oldToken: string;
      readonly version: number;
    }
  | { readonly status: 'unchanged'; readonly vanity: VanityState }
  | Plain<
      | 'unknown_guild'
      | 'missing_permissions'
      | 'version_mismatch'
      | 'requires_feature'
      | 'taken'
      | 'claim_expired'
    >;

/** A claim of a code: `token` tells it from every other one; of the same code, later ones are larger. */
export interface Claim {
  readonly code: string;
  readonly targetId: Snowflake;
  readonly token: string;
}

export type ClaimReply =
  | { readonly status: 'claimed' | 'reclaimed'; readonly token: string; readonly deadlineMs: number }
  | Plain<'taken'>
  /** By another pointer; `token` is null while its claim may still be under way. */
  | { readonly status: 'held'; readonly targetId: Snowflake; readonly token: string | null };

export interface VanityStore {
  get(guildId: Snowflake, caller: Caller): Promise<VanityGetReply>;
  /** May the caller give the guild this code (null: none)? Whether it is free, only a claim can tell. */
  wish(
    guildId: Snowflake,
    caller: Caller,
    code: string | null,
    wanted: WantedVersion,
  ): Promise<VanityWishReply>;
  set(
    guildId: Snowflake,
    caller: Caller,
    claim: (Claim & { readonly deadlineMs: number }) | null,
    wanted: WantedVersion,
    trace: Traceparent | null,
  ): Promise<VanitySetReply>;
  claim(code: string, targetId: Snowflake, takeoverToken: string | null): Promise<ClaimReply>;
  release(claim: Claim): Promise<void>;
  /** Does the target of a pointer still name the code? */
  leads(code: string, targetId: Snowflake): Promise<boolean>;
}

export function createVanityStore(scripts: Scripts): VanityStore {
  const inGuild = async (
    name: string,
    guildId: Snowflake,
    caller: Caller,
    more: readonly (string | number)[],
    trace: Traceparent | null = null,
  ) => {
    const args = [guildId, ...callerArguments(caller), ...more];
    return new ReplyReader(await scripts.run(name, partitionOfId(guildId), args, trace), name);
  };

  return {
    async get(guildId, caller) {
      const reply = await inGuild('vanity-get', guildId, caller, ['-', '*']);
      const status = reply.oneOf(['is', 'unknown_guild', 'missing_permissions']);
      return status === 'is' ? { status, vanity: readVanity(reply) } : { status };
    },

    async wish(guildId, caller, code, wanted) {
      const reply = await inGuild('vanity-get', guildId, caller, [code ?? '', wantedArgument(wanted)]);
      const status = reply.oneOf([
        'unchanged',
        'unknown_guild',
        'missing_permissions',
        'version_mismatch',
        'requires_feature',
        'taken',
        'may_change',
      ]);
      return status === 'unchanged' ? { status, vanity: readVanity(reply) } : { status };
    },

    async set(guildId, caller, claim, wanted, trace) {
      const { code = '', token = '', deadlineMs = 0 } = claim ?? {};
      const args = [code, token, deadlineMs, wantedArgument(wanted)];
      const reply = await inGuild('vanity-set', guildId, caller, args, trace);
      const status = reply.oneOf([
        'changed',
        'unchanged',
        'unknown_guild',
        'missing_permissions',
        'version_mismatch',
        'requires_feature',
        'taken',
        'claim_expired',
      ]);
      if (status === 'changed') {
        const oldCode = reply.text();
        return {
          status,
          oldCode: oldCode === '' ? null : oldCode,
          oldToken: reply.text(),
          version: reply.integer(),
        };
      }
      return status === 'unchanged' ? { status, vanity: readVanity(reply) } : { status };
    },

    async claim(code, targetId, takeoverToken) {
      const reply = new ReplyReader(
        await scripts.run('pointer-claim', partitionOfCode(code), [code, targetId, takeoverToken ?? '']),
        'pointer-claim',
      );
      const status = reply.oneOf(['claimed', 'reclaimed', 'taken', 'held']);
      if (status === 'taken') return { status };
      if (status !== 'held') return { status, token: reply.text(), deadlineMs: reply.integer() };
      const holderId = reply.id();
      const token = reply.text();
      return { status, targetId: holderId, token: token === '' ? null : token };
    },

    async release(claim) {
      const reply = new ReplyReader(
        await scripts.run('pointer-release', partitionOfCode(claim.code), [
          claim.code,
          claim.targetId,
          claim.token,
        ]),
        'pointer-release',
      );
      reply.oneOf(['released', 'kept']);
    },

    async leads(code, targetId) {
      const reply = new ReplyReader(
        await scripts.run('pointer-check', partitionOfId(targetId), [code, targetId]),
        'pointer-check',
      );
      return reply.oneOf(['leads', 'leads_nowhere']) === 'leads';
    },
  };
}

function readVanity(reply: ReplyReader): VanityState {
  const code = reply.text();
  const uses = reply.integer();
  return { code: code === '' ? null : code, uses, version: reply.integer() };
}
