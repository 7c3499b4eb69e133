// Events in the form of the contract (§6), put together from ready pieces of JSON. Names of people are as they are now; those of the
// guild and channel are as they were when it happened.

import type { Snowflake } from '../invite/id.js';
import type { InviteRevision, JsonText } from '../invite/invite.js';
import { inviteJson, isoTime, METADATA } from '../invite/invite-json.js';
import { usernameOf } from '../store/users.js';
import type { Change, Told } from './change.js';

export interface OutboxEvent {
  /** Stable across redelivery, and that of no other event. */
  readonly id: string;
  readonly type: string;
  /** null: a group DM's, which the channel then names. */
  readonly guildId: string | null;
  readonly channelId: string | null;
  /** The whole event. */
  readonly json: string;
}

export type Names = ReadonlyMap<Snowflake, JsonText>;

/** The users whose names a change shows. */
export function namesIn(change: Change): readonly Snowflake[] {
  if (change.kind !== 'create' && change.kind !== 'update') return [];
  return change.inviterId === null ? change.recipientIds : [change.inviterId, ...change.recipientIds];
}

/** How many events a change is. */
export function countOf(change: Change): number {
  return change.kind === 'joins' ? change.userIds.length : 1;
}

/** Which of its events, from 0 on: packed joins are many. */
export function eventOf(change: Change, index: number, id: string, names: Names): OutboxEvent {
  const event = (type: string, seq: number, channelId: Snowflake | null, data: string): OutboxEvent => ({
    id,
    type,
    guildId: change.guildId,
    channelId,
    json:
      `{"id":"${id}","seq":${seq},"type":"${type}","at":"${isoTime(change.atMs)}"` +
      `,"guild_id":${idJson(change.guildId)},"channel_id":${idJson(channelId)},"data":${data}}`,
  });
  switch (change.kind) {
    case 'joins': {
      // Codes are of letters, digits and hyphens: none needs to be encoded.
      const data =
        `{"code":"${change.code}","user_id":"${change.userIds[index]}","inviter_id":${idJson(change.inviterId)}` +
        `,"uses":${change.firstUses + index},"temporary":${change.isTemporary},"vanity":${change.isVanity}}`;
      return event('INVITE_ACCEPT', change.firstSeq + index, change.channelId, data);
    }
    case 'create':
      return event('INVITE_CREATE', change.seq, change.channelId, inviteOf(change, names));
    case 'update':
      return event('INVITE_UPDATE', change.seq, change.channelId, inviteOf(change, names));
    case 'delete': {
      const { code, reason, by } = change;
      return event('INVITE_DELETE', change.seq, change.channelId, JSON.stringify({ code, reason, by }));
    }
    case 'member_remove': {
      const { userId, reason } = change;
      return event('MEMBER_REMOVE', change.seq, null, JSON.stringify({ user_id: userId, reason }));
    }
    case 'vanity_update': {
      const { oldCode, newCode } = change;
      return event(
        'VANITY_UPDATE',
        change.seq,
        null,
        JSON.stringify({ old_code: oldCode, new_code: newCode }),
      );
    }
  }
}

function inviteOf(told: Told, names: Names): string {
  const nameOf = (id: Snowflake): JsonText | null => names.get(id) ?? null;
  const common = {
    ...told,
    isVanity: false,
    inviterJson: told.inviterId === null ? null : nameOf(told.inviterId),
  };
  const revision: InviteRevision =
    told.guildId === null
      ? {
          ...common,
          kind: 'group_dm',
          recipientNames: told.recipientIds.map((id) => usernameOf(nameOf(id))),
        }
      : {
          ...common,
          kind: 'guild',
          guildId: told.guildId,
          guildJson: told.guildJson ?? ('null' as JsonText),
          recipientNames: [],
        };
  return inviteJson({ revision, uses: told.uses, memberCount: 0, presenceCount: 0 }, METADATA);
}

function idJson(id: Snowflake | null): string {
  return id === null ? 'null' : `"${id}"`;
}
