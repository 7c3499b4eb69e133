// Creating an invite: a code is drawn in the partition of the guild and offered to lua/create.lua, which decides.

import type { Caller } from '../invite/caller.js';
import { generateCode } from '../invite/code.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import { partitionOfId } from '../invite/partition.js';
import type { Traceparent } from '../invite/trace.js';
import type { CreateReply, OnceNames } from '../store/invites.js';
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

/** What is made of a request at most once in a day, however often it is sent (Idempotency-Key). */
export interface Once extends OnceNames {
  /** Words the answer, whose text every repeat gets too. */
  readonly answer: (invite: Invite) => string;
}

export type CreateOutcome =
  | { readonly status: 'created' | 'reused'; readonly invite: Invite }
  | Plain<'unknown_channel' | 'missing_permissions' | 'invalid_channel_type' | 'max_invites'>;

export type CreateOnceOutcome =
  | { readonly status: 'answered'; readonly answer: string; readonly how: 'created' | 'reused' | 'replayed' }
  | Exclude<CreateOutcome, { readonly invite: Invite }>
  | Plain<'key_reused'>;

export async function create(
  store: Store,
  limits: CreateLimits,
  request: CreateRequest,
  caller: Caller,
  trace: Traceparent | null,
): Promise<CreateOutcome> {
  const home = await homeOf(store, request.channelId);
  if (home === null) return { status: 'unknown_channel' };
  const reply = await draw(store, limits, request, caller, home, null, trace);
  if (reply.status === 'replayed' || reply.status === 'replayed_row' || reply.status === 'key_reused')
    throw new Error('create: a replay of what had no key');
  return reply as CreateOutcome;
}

/** The same for a request with an Idempotency-Key. */
export async function createOnce(
  store: Store,
  limits: CreateLimits,
  request: CreateRequest,
  caller: Caller,
  once: Once,
  trace: Traceparent | null,
): Promise<CreateOnceOutcome> {
  const home = await homeOf(store, request.channelId);
  if (home === null) return { status: 'unknown_channel' };
  const reply = await draw(store, limits, request, caller, home, once, trace);
  if (reply.status === 'replayed') return { status: 'answered', answer: reply.answer, how: 'replayed' };
  if (!('invite' in reply)) return reply;
  // Names were read behind the atomic step, so two who are here at once may have worded it differently: the first that
  // is kept is everybody's.
  const answer = once.answer(reply.invite);
  const kept = await store.invites.keepAnswer(home.placeId, once, answer);
  const how = reply.status === 'replayed_row' ? 'replayed' : reply.status;
  return { status: 'answered', answer: kept ?? answer, how };
}

interface Home {
  /** null: a group DM. */
  readonly guildId: Snowflake | null;
  readonly placeId: Snowflake;
}

async function homeOf(store: Store, channelId: Snowflake): Promise<Home | null> {
  const home = await store.directory.channelHome(channelId);
  if (home.status === 'unknown') return null;
  const guildId = home.status === 'guild' ? home.guildId : null;
  return { guildId, placeId: guildId ?? channelId };
}

async function draw(
  store: Store,
  limits: CreateLimits,
  request: CreateRequest,
  caller: Caller,
  { guildId, placeId }: Home,
  once: Once | null,
  trace: Traceparent | null,
): Promise<Exclude<CreateReply, { readonly status: 'code_taken' }>> {
  const partition = partitionOfId(placeId);
  for (let drawn = 0; drawn < DRAWS_MAX; drawn += 1) {
    const reply = await store.invites.create({
      ...request,
      code: generateCode(partition, limits.codeLength),
      guildId,
      caller,
      invitesMax: limits.invitesMax,
      once,
      trace,
    });
    if (reply.status !== 'code_taken') return reply;
  }
  throw new Error(`${DRAWS_MAX} drawn codes in a row were taken: INVITED_CODE_LENGTH is too short`);
}
