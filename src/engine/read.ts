// GET of an invite: the invite, and whether this caller may see its metadata.

import type { MaybeCaller } from '../invite/caller.js';
import { isCode } from '../invite/code.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import type { Store } from '../store/store.js';
import { present } from './present.js';
import { resolve } from './resolve.js';

export type ReadOutcome =
  | { readonly status: 'found'; readonly invite: Invite; readonly maySeeMetadata: boolean }
  | Plain<'unknown'>;

export async function read(store: Store, code: string, caller: MaybeCaller): Promise<ReadOutcome> {
  if (!isCode(code)) return { status: 'unknown' };
  const reply = await resolve(code, (spelling, followed) => store.invites.read(spelling, followed, caller));
  if (reply.status === 'unknown') return reply;
  return {
    status: 'found',
    invite: await present(store.users, reply.invite),
    maySeeMetadata: reply.maySeeMetadata,
  };
}
