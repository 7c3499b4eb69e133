// The directory's bans, of users and of addresses.

import type { Address } from '../invite/address.js';
import type { Snowflake } from '../invite/id.js';
import { jsonText } from '../invite/invite.js';
import type { BanRecord, IpBanRecord } from '../invite/records.js';
import type { Traceparent } from '../invite/trace.js';
import type { BanKind } from '../store/directory.js';
import type { Store } from '../store/store.js';

export async function putBan(
  store: Store,
  ban: BanRecord,
  trace: Traceparent | null = null,
): Promise<BanRecord | 'unknown_guild'> {
  const status = await store.directory.putBan(ban.guild_id, 'bans', ban.user_id, jsonText(ban), trace);
  return status === 'put' ? ban : status;
}

export async function putIpBan(
  store: Store,
  ban: IpBanRecord,
  address: Address,
): Promise<IpBanRecord | 'unknown_guild'> {
  const status = await store.directory.putBan(ban.guild_id, 'ip-bans', address.banKey, jsonText(ban));
  return status === 'put' ? ban : status;
}

export function getBan(store: Store, guildId: Snowflake, userId: Snowflake): Promise<BanOutcome<BanRecord>> {
  return get(store, guildId, 'bans', userId);
}

export function getIpBan(
  store: Store,
  guildId: Snowflake,
  address: Address,
): Promise<BanOutcome<IpBanRecord>> {
  return get(store, guildId, 'ip-bans', address.banKey);
}

export type BanOutcome<Ban> = Ban | 'unknown_guild' | 'unknown_ban';

export function deleteBan(store: Store, guildId: Snowflake, userId: Snowflake) {
  return store.directory.deleteBan(guildId, 'bans', userId);
}

export function deleteIpBan(store: Store, guildId: Snowflake, address: Address) {
  return store.directory.deleteBan(guildId, 'ip-bans', address.banKey);
}

async function get<Ban>(
  store: Store,
  guildId: Snowflake,
  kind: BanKind,
  who: string,
): Promise<BanOutcome<Ban>> {
  const reply = await store.directory.getPart(guildId, kind, who);
  if (reply.status === 'unknown_guild') return reply.status;
  if (reply.status === 'absent') return 'unknown_ban';
  return JSON.parse(reply.value) as Ban;
}
