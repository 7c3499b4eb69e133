// The directory: what the host tells (bodies), and what is stored of it (records).

import { GROUP_DM_RECIPIENTS_MAX, GUILD_MEMBERS_DEFAULT } from '../../../invite/limits.js';
import { banBody, channelBody, groupDmBody, guildBody, memberBody, userBody } from '../../schemas.js';
import { bodySchema } from '../from-valibot.js';
import { type JsonSchema, listOf, object, ref, text } from '../json-schema.js';
import { EXAMPLE_USER } from './invites.js';

const guildFields = {
  name: 'Its name.',
  owner_id: 'Who owns it; he is always a member.',
  icon_hash: 'Its icon, as the host names it.',
  banner_hash: 'Its banner, as the host names it.',
  splash_hash: 'Its splash, as the host names it.',
  features:
    'What is switched on. The engine knows `VANITY_URL`, without which no vanity code is set, and `INVITES_DISABLED`, by which nobody comes in.',
  roles:
    'Its roles. The one whose id is the guild’s is @everyone; left out, that has `CREATE_INSTANT_INVITE` and `VIEW_CHANNEL`.',
  max_members: `How many may be in it; by default ${GUILD_MEMBERS_DEFAULT}.`,
  member_count:
    'How many are in it. It moves with every member who comes or goes. Null: the engine counts those it knows.',
  presence_count: 'How many are online; null is 0.',
};
const channelFields = {
  name: 'Its name.',
  type: '0 text, 2 voice, 4 category; nobody can be invited to a category.',
  position: 'Where it stands; the lowest text channel is that of a vanity code.',
  permission_overwrites:
    'What its roles (`type` 0) and members (`type` 1) may here and elsewhere may not, and the other way round.',
};
const memberFields = {
  roles: 'His roles. Those that the guild does not have count for nothing until it has them.',
  temporary: 'His membership ends when he goes offline. A role makes it permanent.',
};
const reason = { reason: 'For people.' };
const groupDmFields = {
  name: 'Its name, or null.',
  owner_id: 'Who owns it; one of the recipients.',
  recipients: `Who is in it, the owner too: ${GROUP_DM_RECIPIENTS_MAX} at most, repeats not counted.`,
};
const userFields = {
  username: 'His name.',
  discriminator: 'The digits behind it.',
  avatar_hash: 'His avatar, as the host names it.',
};

const described = (fields: Readonly<Record<string, string>>, schemas: Readonly<Record<string, JsonSchema>>) =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, { ...schema, description: fields[name] ?? '' }]),
  );

const string: JsonSchema = { type: 'string' };
const integer: JsonSchema = { type: 'integer', minimum: 0 };
const optionalText: JsonSchema = { type: ['string', 'null'] };

const guild = {
  id: '987654321098765432',
  name: 'Fluxer Community',
  owner_id: '123456789012345678',
  icon_hash: 'a1b2',
  banner_hash: null,
  splash_hash: null,
  features: ['VANITY_URL'],
  roles: [{ id: '987654321098765432', permissions: '1025' }],
  max_members: 1_000_000,
  member_count: null,
  presence_count: null,
};
const { id: guildId, ...guildTold } = guild;
const channel = { name: 'general', type: 0, position: 0, permission_overwrites: [] };
const member = { roles: ['444444444444444444'], temporary: false };
const ban = { reason: 'spam' };
const groupDm = {
  name: null,
  owner_id: '123456789012345678',
  recipients: ['123456789012345678', '222222222222222222'],
};
const { id: userId, ...userTold } = EXAMPLE_USER;
const channelId = '444555666777888999';

export const DIRECTORY: Readonly<Record<string, JsonSchema>> = {
  PutGuild: {
    ...bodySchema(guildBody, guildFields),
    description: 'A guild. Its channels, members and bans stay as they are.',
    examples: [guildTold],
  },
  Guild: object(
    {
      id: ref('Snowflake'),
      ...described(guildFields, {
        name: string,
        owner_id: ref('Snowflake'),
        icon_hash: optionalText,
        banner_hash: optionalText,
        splash_hash: optionalText,
        features: listOf(string),
        roles: listOf(ref('Role')),
        max_members: integer,
        member_count: { type: ['integer', 'null'], minimum: 0 },
        presence_count: { type: ['integer', 'null'], minimum: 0 },
      }),
    },
    { description: 'A guild as it is stored.', examples: [guild] },
  ),
  Role: object(
    { id: ref('Snowflake'), permissions: ref('Permissions') },
    { description: 'A role of a guild.' },
  ),
  PutChannel: {
    ...bodySchema(channelBody, channelFields),
    description: 'A channel of a guild.',
    examples: [channel],
  },
  Channel: object(
    {
      id: ref('Snowflake'),
      guild_id: ref('Snowflake'),
      ...described(channelFields, {
        name: string,
        type: integer,
        position: integer,
        permission_overwrites: listOf(ref('PermissionOverwrite')),
      }),
    },
    {
      description: 'A channel of a guild as it is stored.',
      examples: [{ id: channelId, guild_id: guildId, ...channel }],
    },
  ),
  PermissionOverwrite: object(
    {
      id: ref('Snowflake'),
      type: { type: 'integer', enum: [0, 1], description: '0: of a role, 1: of a member.' },
      allow: ref('Permissions'),
      deny: ref('Permissions'),
    },
    { description: 'What someone may in one channel, and what not.' },
  ),
  PutMember: {
    ...bodySchema(memberBody, memberFields),
    description: 'A member of a guild.',
    examples: [member],
  },
  Member: object(
    {
      guild_id: ref('Snowflake'),
      user_id: ref('Snowflake'),
      ...described(memberFields, { roles: listOf(ref('Snowflake')), temporary: { type: 'boolean' } }),
    },
    {
      description: 'A member of a guild as he is stored.',
      examples: [{ guild_id: guildId, user_id: userId, ...member }],
    },
  ),
  PutBan: {
    ...bodySchema(banBody, reason),
    description: 'A ban.',
    examples: [ban],
  },
  Ban: object(
    { guild_id: ref('Snowflake'), user_id: ref('Snowflake'), ...described(reason, { reason: optionalText }) },
    { description: 'A ban of a user.', examples: [{ guild_id: guildId, user_id: userId, ...ban }] },
  ),
  IpBan: object(
    {
      guild_id: ref('Snowflake'),
      address: text('An IPv4 address, or an IPv6 address that stands for its /64.'),
      ...described(reason, { reason: optionalText }),
    },
    {
      description: 'A ban of an address.',
      examples: [{ guild_id: guildId, address: '203.0.113.7', ...ban }],
    },
  ),
  PutGroupDm: {
    ...bodySchema(groupDmBody, groupDmFields),
    description: 'A group DM.',
    examples: [groupDm],
  },
  GroupDm: object(
    {
      id: ref('Snowflake'),
      ...described(groupDmFields, {
        name: optionalText,
        owner_id: ref('Snowflake'),
        recipients: listOf(ref('Snowflake')),
      }),
    },
    { description: 'A group DM as it is stored.', examples: [{ id: channelId, ...groupDm }] },
  ),
  PutUser: {
    ...bodySchema(userBody, userFields),
    description: 'A user.',
    examples: [userTold],
  },
  Disconnected: object(
    { removed: listOf(ref('Snowflake'), { description: 'The guilds that he is no member of any more.' }) },
    { description: 'What a disconnect has ended.', examples: [{ removed: [guildId] }] },
  ),
};
