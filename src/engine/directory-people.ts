// The directory's group DMs and users.

import type { Snowflake } from '../invite/id.js';
import { jsonText } from '../invite/invite.js';
import type { GroupDmRecord, UserRecord } from '../invite/records.js';
import { groupDmJson, groupDmRecord } from '../invite/shown.js';
import type { Traceparent } from '../invite/trace.js';
import { endingOf } from '../store/endings.js';
import type { Store } from '../store/store.js';
import { end, putBehind } from './ending.js';

export async function putGroupDm(store: Store, groupDm: GroupDmRecord): Promise<GroupDmRecord | 'id_taken'> {
  const put = (takeoverFrom: Snowflake | null) =>
    putBehind(store, endingOf('group-dm', groupDm.id), () =>
      store.directory.putGroupDm({
        id: groupDm.id,
        ownerId: groupDm.owner_id,
        json: groupDmJson(groupDm),
        record: groupDmRecord(groupDm),
        recipientIds: groupDm.recipients,
        takeoverFrom,
      }),
    );
  let reply = await put(null);
  if (reply.status === 'held') {
    const channel = await store.directory.getPart(reply.guildId, 'channel-records', groupDm.id);
    if (channel.status === 'found') return 'id_taken';
    reply = await put(reply.guildId);
  }
  return reply.status === 'put' ? groupDm : 'id_taken';
}

export async function getGroupDm(store: Store, id: Snowflake): Promise<GroupDmRecord | 'unknown_channel'> {
  const reply = await store.directory.getGroupDm(id);
  if (reply.status === 'unknown_channel') return reply.status;
  return {
    ...(JSON.parse(reply.record) as Omit<GroupDmRecord, 'recipients'>),
    recipients: reply.recipientIds,
  };
}

export async function deleteGroupDm(
  store: Store,
  id: Snowflake,
  by: Snowflake,
  trace: Traceparent | null = null,
): Promise<'deleted' | 'unknown_channel'> {
  const status = await store.directory.deleteGroupDm(id, by);
  if (status === 'deleted') await end(store, endingOf('group-dm', id), trace);
  return status;
}

export async function putUser(store: Store, user: UserRecord): Promise<UserRecord> {
  await store.directory.putUser(user.id, jsonText(user));
  return user;
}

export async function getUser(store: Store, id: Snowflake): Promise<UserRecord | 'unknown_user'> {
  const reply = await store.directory.getUser(id);
  return reply.status === 'unknown_user' ? reply.status : (JSON.parse(reply.json) as UserRecord);
}
