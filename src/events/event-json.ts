// Events in the form of the contract (§6), put together from ready pieces of JSON. Names of people are as they are now; those of the
// guild and channel are as they were when it happened.

import type { Snowflake } from '../invite/id.js';
import type { InviteRevision, JsonText } from '../invite/invite.js';
import { inviteJson, isoTime, METADATA } from '../invite/invite-json.js';
import type { Traceparent } from '../invite/trace.js';
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
  /** Left out: it came of no request that is part of a trace. */
  readonly traceparent?: Traceparent;
}

export type Names = ReadonlyMap<Snowflake, JsonText>;

/** The users whose names a change shows. */
export function namesIn(change: Change): readonly Snowflake[] {
  if (change.kind !== 'create' && change.kind !== 'update') return [];
  return change.inviterId === null ? change.recipientIds : [change.inviterId, ...change.recipientIds];
}

/** Its events from one to the other (exclusive): packed joins are many, everything else is one. */
export function eventsOf(
  change: Change,
  { from, to }: { readonly from: number; readonly to: number },
  idOf: (index: number) => string,
  names: Names,
): readonly OutboxEvent[] {
  const [type, channelId, dataOf] = formOf(change, names);
  const firstSeq = change.kind === 'joins' ? change.firstSeq : change.seq;
  const { guildId } = change;
  // What they have in common is made once: joins come by the hundred.
  const middle =
    `,"type":"${type}","at":"${isoTime(change.atMs)}","guild_id":${idJson(guildId)}` +
    `,"channel_id":${idJson(channelId)},"data":`;
  const events: OutboxEvent[] = [];
  for (let index = from; index < to; index += 1) {
    const id = idOf(index);
    const event = `{"id":"${id}","seq":${firstSeq + index}${middle}${dataOf(index)}`;
    const traceparent = change.traces?.get(index);
    if (traceparent === undefined) events.push({ id, type, guildId, channelId, json: `${event}}` });
    else
      events.push({
        id,
        type,
        guildId,
        channelId,
        json: `${event},"traceparent":"${traceparent}"}`,
        traceparent,
      });
  }
  return events;
}

type Form = readonly [type: string, channelId: Snowflake | null, dataOf: (index: number) => string];

function formOf(change: Change, names: Names): Form {
  switch (change.kind) {
    case 'joins': {
      const { userIds, firstUses } = change;
      // Codes are of letters, digits and hyphens: none needs to be encoded.
      const head = `{"code":"${change.code}","user_id":"`;
      const inviter = `","inviter_id":${idJson(change.inviterId)},"uses":`;
      const tail = `,"temporary":${change.isTemporary},"vanity":${change.isVanity}}`;
      return [
        'INVITE_ACCEPT',
        change.channelId,
        (index) => `${head}${userIds[index]}${inviter}${firstUses + index}${tail}`,
      ];
    }
    case 'create':
      return ['INVITE_CREATE', change.channelId, () => inviteOf(change, names)];
    case 'update':
      return ['INVITE_UPDATE', change.channelId, () => inviteOf(change, names)];
    case 'delete': {
      const { code, reason, by } = change;
      return ['INVITE_DELETE', change.channelId, () => JSON.stringify({ code, reason, by })];
    }
    case 'member_remove': {
      const { userId, reason } = change;
      return ['MEMBER_REMOVE', null, () => JSON.stringify({ user_id: userId, reason })];
    }
    case 'vanity_update': {
      const { oldCode, newCode } = change;
      return ['VANITY_UPDATE', null, () => JSON.stringify({ old_code: oldCode, new_code: newCode })];
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
