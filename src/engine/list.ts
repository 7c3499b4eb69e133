// Listing the live invites of a guild or of a channel.

import type { Caller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import type { ListScope } from '../store/invites.js';
import type { Store } from '../store/store.js';

export type ListOutcome =
  | { readonly status: 'listed'; readonly invites: readonly Invite[] }
  | Plain<'unknown_guild' | 'unknown_channel' | 'missing_permissions'>;

export function listGuild(store: Store, guildId: Snowflake, caller: Caller): Promise<ListOutcome> {
  return list(store, { guildId, channelId: null }, caller);
}

export async function listChannel(store: Store, channelId: Snowflake, caller: Caller): Promise<ListOutcome> {
  const home = await store.directory.channelHome(channelId);
  if (home.status === 'unknown') return { status: 'unknown_channel' };
  return list(store, { guildId: home.status === 'guild' ? home.guildId : null, channelId }, caller);
}

function list(store: Store, scope: ListScope, caller: Caller): Promise<ListOutcome> {
  return store.invites.list(scope, caller);
}
