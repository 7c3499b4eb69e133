// Gives invites the users they name. Those live in partitions of their own, so they are read after the atomic
// step: what is shown of a person may be a moment newer than the invite, never older.

import type { BareInvite, Invite, JsonText } from '../invite/invite.js';
import { jsonText } from '../invite/invite.js';
import type { UserStore } from '../store/users.js';

const NOBODY = 'null' as JsonText;

export async function present(users: UserStore, invite: BareInvite): Promise<Invite> {
  const [presented] = await presentAll(users, [invite]);
  if (presented === undefined) throw new Error('one invite in, none out');
  return presented;
}

export async function presentAll(
  users: UserStore,
  invites: readonly BareInvite[],
): Promise<readonly Invite[]> {
  const ids = invites.flatMap((invite) => [
    ...(invite.inviterId === null ? [] : [invite.inviterId]),
    ...(invite.kind === 'group_dm' ? invite.recipientIds : []),
  ]);
  const known = ids.length === 0 ? new Map<never, never>() : await users.read(ids);
  return invites.map((invite) => ({
    ...invite,
    inviterJson: invite.inviterId === null ? null : (known.get(invite.inviterId) ?? null),
    recipientNames: invite.kind === 'group_dm' ? invite.recipientIds.map((id) => nameOf(known.get(id))) : [],
  }));
}

function nameOf(userJson: JsonText | undefined): JsonText {
  if (userJson === undefined) return NOBODY;
  const user: unknown = JSON.parse(userJson);
  if (typeof user !== 'object' || user === null || !('username' in user)) return NOBODY;
  return jsonText(user.username);
}
