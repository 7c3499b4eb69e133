// Who came by which invite, and what the listeners say of themselves.

import { flag, type JsonSchema, listOf, maybe, nullable, object, ref, text } from '../json-schema.js';

const join = {
  id: '1772359200000-0',
  code: 'Xb81kQz2',
  guild_id: '987654321098765432',
  channel_id: '444555666777888999',
  user_id: '222222222222222222',
  inviter_id: '123456789012345678',
  at: '2026-03-01T10:00:00.000Z',
  temporary: false,
  vanity: false,
};

/** A page of joins as CSV. */
export const EXAMPLE_CSV = `${Object.keys(join).join(',')}\r\n${Object.values(join).join(',')}\r\n`;

export const JOINS: Readonly<Record<string, JsonSchema>> = {
  Join: object(
    {
      id: text('The id of its event.'),
      code: ref('InviteCode'),
      guild_id: ref('Snowflake'),
      channel_id: maybe('Snowflake', 'Null for a vanity code that leads to no channel.'),
      user_id: ref('Snowflake'),
      inviter_id: maybe('Snowflake', 'Null for a vanity code.'),
      at: ref('Timestamp'),
      temporary: flag('He stays until he goes offline.'),
      vanity: flag('By a vanity code.'),
    },
    { description: 'Someone came in.' },
  ),
  JoinPage: object(
    {
      joins: listOf(ref('Join'), { description: 'The newest first.' }),
      next: nullable(text('Where to go on; null: these are all.')),
    },
    { description: 'Some joins of a guild.', examples: [{ joins: [join], next: null }] },
  ),
};

export const HEALTH: Readonly<Record<string, JsonSchema>> = {
  Status: object(
    { status: { type: 'string', enum: ['ok', 'ready'] } },
    { description: 'It is so.', examples: [{ status: 'ready' }] },
  ),
};
