// Events (contract §6), pages of them, and the readers who gave a name.

import { count, flag, type JsonSchema, listOf, maybe, nullable, object, ref, text } from '../json-schema.js';
import { EXAMPLE_INVITE } from './invites.js';

const EVENTS = {
  INVITE_CREATE: {
    schema: 'InviteCreateEvent',
    says: 'An invite was made.',
    data: ref('InviteMetadata'),
    example: EXAMPLE_INVITE,
  },
  INVITE_UPDATE: {
    schema: 'InviteUpdateEvent',
    says: 'Settings of an invite were changed.',
    data: ref('InviteMetadata'),
    example: { ...EXAMPLE_INVITE, paused: true, version: 2 },
  },
  INVITE_DELETE: {
    schema: 'InviteDeleteEvent',
    says: 'An invite has ended. Each that ends is told once.',
    data: object({
      code: ref('InviteCode'),
      reason: {
        type: 'string',
        enum: ['revoked', 'exhausted', 'expired', 'channel_deleted', 'guild_deleted'],
        description: 'Why it ended.',
      },
      by: maybe('Snowflake', 'Who ended it; null: nobody.'),
    }),
    example: { code: 'Xb81kQz2', reason: 'exhausted', by: null },
  },
  INVITE_ACCEPT: {
    schema: 'InviteAcceptEvent',
    says: 'Someone came in.',
    data: object({
      code: ref('InviteCode'),
      user_id: ref('Snowflake'),
      inviter_id: maybe('Snowflake', 'Null for a vanity code.'),
      uses: count('The uses with this one.', { minimum: 1 }),
      temporary: flag('He stays until he goes offline.'),
      vanity: flag('By a vanity code.'),
    }),
    example: {
      code: 'Xb81kQz2',
      user_id: '222222222222222222',
      inviter_id: '123456789012345678',
      uses: 43,
      temporary: false,
      vanity: false,
    },
  },
  MEMBER_REMOVE: {
    schema: 'MemberRemoveEvent',
    says: 'Someone is no member any more.',
    data: object({
      user_id: ref('Snowflake'),
      reason: {
        type: 'string',
        enum: ['disconnected', 'banned', 'removed'],
        description: 'Why he is not.',
      },
    }),
    example: { user_id: '222222222222222222', reason: 'banned' },
  },
  VANITY_UPDATE: {
    schema: 'VanityUpdateEvent',
    says: 'A guild’s vanity code was set, changed or removed.',
    data: object({
      old_code: nullable(ref('InviteCode'), { description: 'Null: there was none.' }),
      new_code: nullable(ref('InviteCode'), { description: 'Null: there is none.' }),
    }),
    example: { old_code: null, new_code: 'fluxer' },
  },
} as const;

export type EventType = keyof typeof EVENTS;

/** Each kind of event: what it says, and the schema that it has. */
export const EVENT_TYPES: readonly {
  readonly type: string;
  readonly schema: string;
  readonly says: string;
}[] = Object.entries(EVENTS).map(([type, { schema, says }]) => ({ type, schema, says }));

function example(type: EventType): JsonSchema {
  const isOfInvite = type.startsWith('INVITE');
  return {
    id: '1772359200000-0',
    seq: 1,
    type,
    at: '2026-03-01T10:00:00.000Z',
    guild_id: '987654321098765432',
    channel_id: isOfInvite ? '444555666777888999' : null,
    data: EVENTS[type].example,
  };
}

function eventOf(type: EventType): JsonSchema {
  return object(
    {
      id: text('The same when it comes again.'),
      seq: count('Grows from event to event of a guild.'),
      type: { type: 'string', const: type },
      at: ref('Timestamp'),
      guild_id: maybe('Snowflake', 'Null for a group DM.'),
      channel_id: maybe('Snowflake', 'Null for a vanity code and for members.'),
      data: EVENTS[type].data,
      traceparent: text('That of the request that it came of (W3C Trace Context); only where there was one.'),
    },
    { optional: ['traceparent'], description: EVENTS[type].says, examples: [example(type)] },
  );
}

const TYPES = Object.keys(EVENTS) as readonly EventType[];
const refOf = (type: EventType): string => `#/components/schemas/${EVENTS[type].schema}`;
const cursor = text('Where to go on: behind the last of them.');

export const EVENT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ...Object.fromEntries(TYPES.map((type) => [EVENTS[type].schema, eventOf(type)])),
  Event: {
    description: 'Something that happened.',
    oneOf: TYPES.map((type) => ({ $ref: refOf(type) })),
    discriminator: {
      propertyName: 'type',
      mapping: Object.fromEntries(TYPES.map((type) => [type, refOf(type)])),
    },
  },
  EventPage: object(
    { events: listOf(ref('Event'), { description: 'The oldest first.' }), next: cursor },
    {
      description: 'Some events, of each guild in their order.',
      examples: [{ events: [example('INVITE_ACCEPT')], next: '1772359200000-0' }],
    },
  ),
  Consumers: object(
    {
      consumers: listOf(
        object({
          name: text('The name that it gives.'),
          seen_at: ref('Timestamp'),
          cursor: text('Where it stands.'),
        }),
      ),
    },
    {
      description: 'The readers for whom events are kept.',
      examples: [
        { consumers: [{ name: 'mailer', seen_at: '2026-03-01T10:00:00.000Z', cursor: '1772359200000-0' }] },
      ],
    },
  ),
};
