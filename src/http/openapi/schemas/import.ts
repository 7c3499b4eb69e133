// The lines of an import (contract §7, Directory), and what became of them.

import { IMPORT_FAILURES_SHOWN_MAX, MAX_AGE_LIMIT_S, MAX_USES_LIMIT } from '../../../invite/limits.js';
import { importInvite } from '../../schemas.js';
import { bodySchema } from '../from-valibot.js';
import { count, type JsonSchema, listOf, object, ref, text } from '../json-schema.js';
import { DIRECTORY } from './directory.js';

/** A body of the directory, with its kind and the ids that a path would hold. */
function line(
  put: string,
  body: JsonSchema | undefined,
  ids: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  const { properties, required, examples: _, ...rest } = body ?? {};
  return {
    ...rest,
    required: ['put', ...Object.keys(ids), ...((required as readonly string[] | undefined) ?? [])],
    properties: {
      put: { type: 'string', const: put },
      ...ids,
      ...(properties as JsonSchema),
    },
  };
}

const id = { id: ref('Snowflake') };
const ofGuild = { guild_id: ref('Snowflake') };

const INVITE: JsonSchema = {
  ...bodySchema(importInvite, {
    code: 'Its code, which it keeps.',
    channel_id: 'The channel or group DM that it leads to.',
    inviter_id: 'Who made it.',
    created_at: 'When it was made: ISO 8601 with a time zone. Left out: now.',
    max_age: `Seconds it lives, counted from its creation: 0 to ${MAX_AGE_LIMIT_S}; 0: for ever.`,
    max_uses: `How many may come in by it: 0 to ${MAX_USES_LIMIT}; 0: any number.`,
    uses: 'How many have. Those that the engine has counted never fall.',
    temporary: 'Whoever comes in by it stays until he goes offline.',
  }),
  description: 'An invite that was made elsewhere.',
};

const LINES = {
  guild: line('guild', DIRECTORY['PutGuild'], id),
  channel: line('channel', DIRECTORY['PutChannel'], { ...ofGuild, ...id }),
  member: line('member', DIRECTORY['PutMember'], { ...ofGuild, user_id: ref('Snowflake') }),
  ban: line('ban', DIRECTORY['PutBan'], { ...ofGuild, user_id: ref('Snowflake') }),
  ip_ban: line('ip_ban', DIRECTORY['PutBan'], { ...ofGuild, address: text('An IPv4 or IPv6 address.') }),
  group_dm: line('group_dm', DIRECTORY['PutGroupDm'], id),
  user: line('user', DIRECTORY['PutUser'], id),
  invite: line('invite', INVITE, {}),
} as const;

const nameOf = (kind: string): string =>
  `Import${kind
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`;
const refOf = (kind: string): string => `#/components/schemas/${nameOf(kind)}`;

export const IMPORT: Readonly<Record<string, JsonSchema>> = {
  ...Object.fromEntries(Object.entries(LINES).map(([kind, schema]) => [nameOf(kind), schema])),
  ImportLine: {
    description:
      'A line of an import: what it puts, as its endpoint takes it, with the ids that a path would hold.',
    oneOf: Object.keys(LINES).map((kind) => ({ $ref: refOf(kind) })),
    discriminator: {
      propertyName: 'put',
      mapping: Object.fromEntries(Object.keys(LINES).map((kind) => [kind, refOf(kind)])),
    },
    examples: [
      { put: 'user', id: '123456789012345678', username: 'fluxeruser', discriminator: 1234 },
      { put: 'ip_ban', guild_id: '987654321098765432', address: '203.0.113.7' },
    ],
  },
  ImportResult: object(
    {
      applied: count('Lines that were applied.'),
      failed: listOf(
        object({
          line: count('Counted from 1.', { minimum: 1 }),
          code: text('What its endpoint would have said.'),
          message: text('For people.'),
        }),
        {
          description: `The first ${IMPORT_FAILURES_SHOWN_MAX} that were not.`,
          maxItems: IMPORT_FAILURES_SHOWN_MAX,
        },
      ),
      failed_total: count('All that were not.'),
    },
    {
      description: 'What became of an import.',
      examples: [
        {
          applied: 2,
          failed: [{ line: 3, code: 'UNKNOWN_GUILD', message: 'There is no such guild.' }],
          failed_total: 1,
        },
      ],
    },
  ),
};
