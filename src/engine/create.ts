// Creating an invite: a code is drawn in the partition of the guild and offered to lua/create.lua, which decides.

import type { Caller } from '../invite/caller.js';
import { generateCode } from '../invite/code.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import { partitionOfId } from '../invite/partition.js';
import type { Store } from '../store/store.js';

// With a billion live codes one draw in 200,000 meets another code; five in a row never do.
const DRAWS_MAX = 5;

export interface CreateRequest {
  readonly channelId: Snowflake;
  readonly maxAgeS: number;
  readonly maxUses: number;
  readonly isTemporary: boolean;
  /** false: the caller's own live invite with the same settings will do. */
  readonly isUnique: boolean;
}

export interface CreateLimits {
  readonly codeLength: number;
  readonly invitesMax: number;
}

export type CreateOutcome =
  | { readonly status: 'created' | 'reused'; readonly invite: Invite }
  | Plain<'unknown_channel' | 'missing_permissions' | 'invalid_channel_type' | 'max_invites'>;

export async function create(
  store: Store,
  limits: CreateLimits,
  request: CreateRequest,
  caller: Caller,
): Promise<CreateOutcome> {
  const home = await store.directory.channelHome(request.channelId);
  if (home.status === 'unknown') return { status: 'unknown_channel' };
  const guildId = home.status === 'guild' ? home.guildId : null;
  const partition = partitionOfId(guildId ?? request.channelId);
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const reply = await store.invites.create({
      ...request,
      code: generateCode(partition, limits.codeLength),
      guildId,
      caller,
      invitesMax: limits.invitesMax,
    });
    if (reply.status === 'code_taken') continue;
    return reply;
  }
  throw new Error(`${DRAWS_MAX} drawn codes in a row were taken: INVITED_CODE_LENGTH is too short`);
}
