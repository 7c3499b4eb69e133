// Listing the live invites of a guild or of a channel.

import type { Caller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { ListPage, ListReply, ListScope } from '../store/invites.js';
import type { Store } from '../store/store.js';

export type ListOutcome = ListReply;

export function listGuild(
  store: Store,
  guildId: Snowflake,
  caller: Caller,
  page: ListPage,
): Promise<ListOutcome> {
  return list(store, { guildId, channelId: null }, caller, page);
}

export async function listChannel(
  store: Store,
  channelId: Snowflake,
  caller: Caller,
  page: ListPage,
): Promise<ListOutcome> {
  const home = await store.directory.channelHome(channelId);
  if (home.status === 'unknown') return { status: 'unknown_channel' };
  return list(store, { guildId: home.status === 'guild' ? home.guildId : null, channelId }, caller, page);
}

function list(store: Store, scope: ListScope, caller: Caller, page: ListPage): Promise<ListOutcome> {
  return store.invites.list(scope, caller, page);
}
