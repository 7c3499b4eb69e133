// Invites in their forms (contract §2), the bodies that make and change them, and vanity codes.

import { MAX_AGE_LIMIT_S, MAX_USES_LIMIT } from '../../../invite/limits.js';
import { createInviteBody, editInviteBody, vanityBody } from '../../schemas.js';
import { bodySchema } from '../from-valibot.js';
import { count, flag, type JsonSchema, listOf, maybe, nullable, object, ref, text } from '../json-schema.js';

const hash = (what: string): JsonSchema => nullable(text(`The ${what}, as the host names it.`));

const identity = {
  code: ref('InviteCode'),
  type: { type: 'integer', enum: [0, 1], description: '0: to a guild, 1: to a group DM.' },
  guild: nullable(ref('InviteGuild'), { description: 'Null for a group DM.' }),
  guild_id: maybe('Snowflake', 'Null for a group DM.'),
  channel: nullable(ref('InviteChannel'), {
    description:
      'Null where the directory no longer knows it, and for a vanity code of a guild without a text channel for everyone.',
  }),
  channel_id: maybe('Snowflake', 'Null for a vanity code that leads to no channel.'),
  inviter: nullable(ref('User'), {
    description: 'Null for a vanity code, and where the directory does not know the inviter.',
  }),
  inviter_id: maybe('Snowflake', 'Null where nobody made it: a vanity code, or one that was imported so.'),
  created_at: ref('Timestamp'),
};
const expiry = {
  expires_at: maybe('Timestamp', 'Exactly `created_at` + `max_age`; null: never.'),
};
const use = {
  uses: count('How many have come in by it.'),
  max_uses: count('How many may; 0: any number.'),
  max_age: count('Seconds from `created_at` to its end; 0: none.', { maximum: MAX_AGE_LIMIT_S }),
};
const temporary = { temporary: flag('Memberships by it end when the user goes offline.') };
const paused = { paused: flag('Nobody comes in by it at the moment.') };
const counts = {
  approximate_member_count: count('Members of the guild, or recipients of the group DM.'),
  approximate_presence_count: count('Members who are online; 0 for a group DM.'),
};
const version = {
  version: count(
    'Grows by 1 with each change of its settings; a use does not change it. The `ETag` is made of it.',
  ),
};

const settings = {
  max_age: `Seconds it lives, counted from its creation: 0 to ${MAX_AGE_LIMIT_S}; 0: for ever.`,
  max_uses: `How many may come in by it: 0 to ${MAX_USES_LIMIT}; 0: any number.`,
  temporary: 'Whoever comes in by it stays until he goes offline.',
};

const guild = {
  id: '987654321098765432',
  name: 'Fluxer Community',
  icon_hash: 'a1b2',
  banner_hash: null,
  splash_hash: null,
  features: ['VANITY_URL'],
};
const inviter = {
  id: '123456789012345678',
  username: 'fluxeruser',
  discriminator: 1234,
  avatar_hash: 'a1b2',
};
const exampleIdentity = {
  code: 'Xb81kQz2',
  type: 0,
  guild,
  guild_id: guild.id,
  channel: { id: '444555666777888999', name: 'general', type: 0 },
  channel_id: '444555666777888999',
  inviter,
  inviter_id: inviter.id,
  created_at: '2026-03-01T10:00:00.000Z',
};
/** As others show it too. */
export const EXAMPLE_INVITE = {
  ...exampleIdentity,
  expires_at: null,
  uses: 42,
  max_uses: 0,
  max_age: 0,
  temporary: false,
  paused: false,
  version: 1,
};
const examplePlain = { ...exampleIdentity, expires_at: null, temporary: false };
const exampleCounts = { approximate_member_count: 12450, approximate_presence_count: 3890, version: 1 };

export const INVITES: Readonly<Record<string, JsonSchema>> = {
  InviteGuild: object(
    {
      id: ref('Snowflake'),
      name: text('Its name.'),
      icon_hash: hash('icon'),
      banner_hash: hash('banner'),
      splash_hash: hash('splash'),
      features: listOf({ type: 'string' }, { description: 'What the host has switched on for it.' }),
    },
    { description: 'A guild as invites show it.' },
  ),
  InviteChannel: object(
    {
      id: ref('Snowflake'),
      name: nullable(text('Its name; null for a group DM without one.')),
      type: count('0 text, 2 voice, 3 group DM, and what else the host has.'),
      recipients: listOf(
        object({ username: nullable(text('Null where the directory does not know the user.')) }),
        { description: 'Only of a group DM: who is in it.' },
      ),
    },
    { optional: ['recipients'], description: 'A channel as invites show it.' },
  ),
  Invite: object(
    { ...identity, ...expiry, ...use, ...temporary, ...paused, ...counts, ...version },
    {
      optional: ['expires_at', 'uses', 'max_uses', 'max_age', 'paused', ...Object.keys(counts)],
      description:
        'An invite as it is looked up: `expires_at` and the counts where they were asked for; `uses`, `max_uses`, `max_age` and ' +
        '`paused` for its creator and whoever may delete it.',
      examples: [{ ...exampleIdentity, temporary: false, version: 1 }],
    },
  ),
  InviteMetadata: object(
    { ...identity, ...expiry, ...use, ...temporary, ...paused, ...version },
    { description: 'An invite with all that its managers may know.', examples: [EXAMPLE_INVITE] },
  ),
  SharedInvite: object(
    { ...identity, ...expiry, ...temporary, ...counts, ...version },
    {
      description: 'An invite as its share URL shows it: plain, with its counts and its end.',
      examples: [{ ...examplePlain, ...exampleCounts }],
    },
  ),
  AcceptedInvite: object(
    {
      ...identity,
      ...expiry,
      ...temporary,
      ...version,
      new_member: flag(
        'Did the caller come in by this request? false: he was in already, and no use was taken.',
      ),
    },
    {
      description: 'An invite as it was accepted.',
      examples: [{ ...examplePlain, version: 1, new_member: true }],
    },
  ),
  InviteList: listOf(ref('InviteMetadata'), {
    description: 'Live invites, the newest first, without the vanity code.',
    examples: [[EXAMPLE_INVITE]],
  }),
  CreateInvite: {
    ...bodySchema(createInviteBody, {
      ...settings,
      unique:
        'false: the caller’s own live invite of this channel with the same settings will do, if there is one.',
    }),
    description: 'What a new invite is to be. An absent body, `{}` and null for a field mean the defaults.',
    examples: [{ max_age: 3600, max_uses: 10 }],
  },
  EditInvite: {
    ...bodySchema(editInviteBody, {
      ...settings,
      paused: 'Lets nobody in until it is false again.',
    }),
    description: 'What is to change; what is not named stays as it is. Null is refused.',
    examples: [{ paused: true }],
  },
  Vanity: object(
    {
      code: nullable(ref('InviteCode'), { description: 'Null: there is none.' }),
      uses: count('How many have come in by it; begins at 0 with each new code.'),
    },
    { description: 'A guild’s vanity code.', examples: [{ code: 'fluxer', uses: 7 }] },
  ),
  SetVanity: {
    ...bodySchema(vanityBody, {
      code:
        'Trimmed, in lower case, white space and runs of hyphens as one hyphen: then 3 to 32 of `a-z`, `0-9` and hyphens ' +
        'between them, and no reserved word. Null or "" removes it.',
    }),
    description: 'The vanity code that is wanted.',
    examples: [{ code: 'fluxer' }],
  },
  User: object(
    {
      id: ref('Snowflake'),
      username: text('His name.'),
      discriminator: count('The digits behind it.', { maximum: 9999 }),
      avatar_hash: hash('avatar'),
    },
    { description: 'A user.', examples: [inviter] },
  ),
};

export const EXAMPLE_GUILD = guild;
export const EXAMPLE_USER = inviter;
