// Accepting an invite. All checks and effects are in lua/accept.lua; what follows here only finds the partition
// and makes the answer.

import { isCode } from '../invite/code.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import type { Store } from '../store/store.js';
import { present } from './present.js';
import { resolve } from './resolve.js';

export type AcceptOutcome =
  | { readonly status: 'accepted' | 'already'; readonly invite: Invite }
  | Plain<'unknown' | 'invites_disabled' | 'banned' | 'ip_banned' | 'guild_full' | 'group_dm_full'>;

export async function accept(
  store: Store,
  code: string,
  userId: Snowflake,
  banKey: string | null,
): Promise<AcceptOutcome> {
  if (!isCode(code)) return { status: 'unknown' };
  const reply = await resolve(code, (spelling, followed) =>
    store.invites.accept(spelling, followed, userId, banKey),
  );
  if (!('invite' in reply)) return reply;
  return { status: reply.status, invite: await present(store.users, reply.invite) };
}
