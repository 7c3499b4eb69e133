// Of one invite, from its making to its end, and of the lists of them.

import { PAGE_MAX } from '../../paging.js';
import { ref } from '../json-schema.js';
import { type Answer, json, type Operation, type Operations, type QueryParameter } from '../operation.js';

const TAG = 'Invites';
/** As wide as it is read: everything else is false. */
const WISH = { type: 'string', default: 'false', examples: ['true'] } as const;

const DIFFERENT = 'The invite has another version than `If-Match` asks for: nothing is changed.';

const UNCHANGED: Answer = { status: 304, says: 'You have this version.', headers: ['ETag'] };

const PAGE: readonly QueryParameter[] = [
  {
    name: 'limit',
    description: 'How many at most. Left out, all of them.',
    schema: { type: 'integer', minimum: 1, maximum: PAGE_MAX },
  },
  {
    name: 'after',
    description: 'Where the page begins: the cursor of a `Link`, or the code of a live invite of the list.',
    schema: { type: 'string', pattern: '^(?:[0-9]{1,20}_)?[A-Za-z0-9-]{1,64}$' },
  },
];

function list(
  id: string,
  what: string,
  unknown: 'UNKNOWN_CHANNEL' | 'UNKNOWN_GUILD',
  who: string,
): Operation {
  return {
    id,
    tag: TAG,
    summary: `List the invites of a ${what}`,
    description: `For who has ${who}. All live invites, the newest first, or page by page along \`Link\`.`,
    query: PAGE,
    answers: [{ status: 200, says: 'The invites.', content: json(ref('InviteList')), headers: ['Link'] }],
    errors: [unknown, 'MISSING_PERMISSIONS'],
  };
}

export const INVITE_OPERATIONS: Operations = {
  'GET /api/v1/invites/{code}': {
    id: 'getInvite',
    tag: TAG,
    summary: 'Look an invite up',
    description:
      'For anyone. Its creator, and whoever may delete it, also see `uses`, `max_uses`, `max_age` and `paused`. Unknown, expired, ' +
      'revoked and used up are all the same 404.',
    query: [
      {
        name: 'with_counts',
        description: 'Also `approximate_member_count` and `approximate_presence_count`: `true` or `1`.',
        schema: WISH,
      },
      { name: 'with_expiration', description: 'Also `expires_at`: `true` or `1`.', schema: WISH },
    ],
    headers: ['If-None-Match'],
    answers: [
      { status: 200, says: 'The invite.', content: json(ref('Invite')), headers: ['ETag'] },
      UNCHANGED,
    ],
    errors: ['UNKNOWN_INVITE'],
    knowsCallers: true,
  },
  'POST /api/v1/invites/{code}': {
    id: 'acceptInvite',
    tag: TAG,
    summary: 'Accept an invite',
    description:
      'For a user. Checked in this order, in one atomic step with its effects: is there such an invite, is it paused, is the user in already, ' +
      'is he or his address banned, is there room. Accepting again is safe: whoever is in gets `"new_member": false` and takes no second ' +
      'use. A body is ignored.',
    headers: ['X-Invited-Client-IP'],
    answers: [
      { status: 200, says: 'The user is in.', content: json(ref('AcceptedInvite')), headers: ['ETag'] },
    ],
    errors: [
      'UNKNOWN_INVITE',
      'INVITES_DISABLED',
      'USER_BANNED_FROM_GUILD',
      'USER_IP_BANNED_FROM_GUILD',
      'MAX_GUILD_MEMBERS',
      'MAX_GROUP_DM_RECIPIENTS',
    ],
  },
  'PATCH /api/v1/invites/{code}': {
    id: 'editInvite',
    tag: TAG,
    summary: 'Change an invite’s settings',
    description:
      'For its creator, who has `MANAGE_CHANNELS` in its channel, or `MANAGE_GUILD`. What is not named stays as it is; `max_age` counts from `created_at`. ' +
      'A cap that is reached already, or an age that has passed, is 400 with `ALREADY_OVER` at its field.',
    headers: ['If-Match'],
    body: { mediaType: 'application/json', schema: ref('EditInvite'), required: false },
    answers: [
      {
        status: 200,
        says: 'The invite as it is now.',
        content: json(ref('InviteMetadata')),
        headers: ['ETag'],
      },
    ],
    errors: ['UNKNOWN_INVITE', 'MISSING_PERMISSIONS', 'VERSION_MISMATCH'],
  },
  'DELETE /api/v1/invites/{code}': {
    id: 'deleteInvite',
    tag: TAG,
    summary: 'Revoke an invite',
    description: `For its creator, who has \`MANAGE_CHANNELS\` in its channel, or \`MANAGE_GUILD\`; of a group DM for its creator and its owner. ${DIFFERENT}`,
    headers: ['If-Match'],
    answers: [{ status: 204, says: 'The invite is no more.' }],
    errors: ['UNKNOWN_INVITE', 'MISSING_PERMISSIONS', 'VERSION_MISMATCH'],
  },
  'POST /api/v1/channels/{channel_id}/invites': {
    id: 'createInvite',
    tag: TAG,
    summary: 'Create an invite',
    description:
      'For who has `CREATE_INSTANT_INVITE` in the channel; in a group DM for a recipient. With an `Idempotency-Key` it is safe to send again.',
    headers: ['Idempotency-Key'],
    body: { mediaType: 'application/json', schema: ref('CreateInvite'), required: false },
    answers: [
      {
        status: 200,
        says: 'The new invite, or the one that will do.',
        content: json(ref('InviteMetadata')),
        headers: ['ETag', 'Idempotency-Replayed'],
      },
    ],
    errors: [
      'UNKNOWN_CHANNEL',
      'MISSING_PERMISSIONS',
      'INVALID_CHANNEL_TYPE',
      'MAX_INVITES',
      'IDEMPOTENCY_KEY_REUSED',
    ],
  },
  'GET /api/v1/channels/{channel_id}/invites': list(
    'listChannelInvites',
    'channel',
    'UNKNOWN_CHANNEL',
    '`MANAGE_CHANNELS` in the channel; of a group DM its owner',
  ),
  'GET /api/v1/guilds/{guild_id}/invites': list(
    'listGuildInvites',
    'guild',
    'UNKNOWN_GUILD',
    '`MANAGE_GUILD`',
  ),
};
