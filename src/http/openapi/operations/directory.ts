// Of the directory: each thing can be put, read and deleted.

import type { ProblemCode } from '../../problem.js';
import { ref } from '../json-schema.js';
import { json, type Operations } from '../operation.js';

const TAG = 'Directory';
const BASE = '/internal/v1';

interface Thing {
  /** As in `putGuild`. */
  readonly id: string;
  readonly article: string;
  readonly called: string;
  readonly body: string;
  readonly isBodyRequired: boolean;
  readonly record: string;
  /** When it is not there. */
  readonly unknown: readonly ProblemCode[];
  /** When what it belongs to is not there. */
  readonly home?: readonly ProblemCode[];
  readonly put?: string;
  readonly remove?: string;
}

function thing(path: string, of: Thing): Operations {
  const { home = [] } = of;
  const record = json(ref(of.record));
  return {
    [`PUT ${BASE}${path}`]: {
      id: `put${of.id}`,
      tag: TAG,
      summary: `Tell of ${of.article} ${of.called}`,
      ...(of.put === undefined ? {} : { description: of.put }),
      body: { mediaType: 'application/json', schema: ref(of.body), required: of.isBodyRequired },
      answers: [{ status: 200, says: 'As it is stored now.', content: record }],
      errors: home,
    },
    [`GET ${BASE}${path}`]: {
      id: `get${of.id}`,
      tag: TAG,
      summary: `Read ${of.article} ${of.called}`,
      answers: [{ status: 200, says: 'As it is stored.', content: record }],
      errors: [...home, ...of.unknown],
    },
    [`DELETE ${BASE}${path}`]: {
      id: `delete${of.id}`,
      tag: TAG,
      summary: `Delete ${of.article} ${of.called}`,
      ...(of.remove === undefined ? {} : { description: of.remove }),
      answers: [{ status: 204, says: 'It is no more.' }],
      errors: [...home, ...of.unknown],
    },
  };
}

const GUILD = ['UNKNOWN_GUILD'] as const;

export const DIRECTORY_OPERATIONS: Operations = {
  ...thing('/guilds/{guild_id}', {
    id: 'Guild',
    article: 'a',
    called: 'guild',
    body: 'PutGuild',
    isBodyRequired: true,
    record: 'Guild',
    unknown: GUILD,
    put: 'Replaces what was told of it, not its channels, members or bans.',
    remove: 'With its channels, members, bans and vanity code. Its invites end before the answer is sent.',
  }),
  ...thing('/guilds/{guild_id}/channels/{channel_id}', {
    id: 'Channel',
    article: 'a',
    called: 'channel',
    body: 'PutChannel',
    isBodyRequired: true,
    record: 'Channel',
    unknown: ['UNKNOWN_CHANNEL'],
    home: GUILD,
    put: 'An id that another guild’s channel or a group DM has is 400 with `ID_TAKEN` at `channel_id`.',
    remove: 'Its invites end before the answer is sent.',
  }),
  ...thing('/guilds/{guild_id}/members/{user_id}', {
    id: 'Member',
    article: 'a',
    called: 'member',
    body: 'PutMember',
    isBodyRequired: false,
    record: 'Member',
    unknown: ['UNKNOWN_MEMBER'],
    home: GUILD,
    put: 'Without `temporary: true` the membership is permanent from now on.',
    remove: 'Removing the owner takes his roles, not his place.',
  }),
  ...thing('/guilds/{guild_id}/bans/{user_id}', {
    id: 'Ban',
    article: 'a',
    called: 'ban of a user',
    body: 'PutBan',
    isBodyRequired: false,
    record: 'Ban',
    unknown: ['UNKNOWN_BAN'],
    home: GUILD,
    put: 'It also removes the member.',
  }),
  ...thing('/guilds/{guild_id}/ip-bans/{address}', {
    id: 'IpBan',
    article: 'a',
    called: 'ban of an address',
    body: 'PutBan',
    isBodyRequired: false,
    record: 'IpBan',
    unknown: ['UNKNOWN_BAN'],
    home: GUILD,
    put: 'What is no address is 400 with `INVALID_ADDRESS` at `address`.',
  }),
  ...thing('/group-dms/{channel_id}', {
    id: 'GroupDm',
    article: 'a',
    called: 'group DM',
    body: 'PutGroupDm',
    isBodyRequired: true,
    record: 'GroupDm',
    unknown: ['UNKNOWN_CHANNEL'],
    put: 'An owner who is no recipient is 400 with `OWNER_NOT_A_RECIPIENT` at `recipients`.',
    remove: 'Its invites end before the answer is sent.',
  }),
  ...thing('/users/{user_id}', {
    id: 'User',
    article: 'a',
    called: 'user',
    body: 'PutUser',
    isBodyRequired: true,
    record: 'User',
    unknown: ['UNKNOWN_USER'],
    remove: 'His memberships stay: users need not be known to be members.',
  }),
  [`POST ${BASE}/users/{user_id}/disconnect`]: {
    id: 'disconnectUser',
    tag: TAG,
    summary: 'Tell that a user has gone offline',
    description: 'Ends all his temporary memberships. Nobody knows him: none.',
    answers: [{ status: 200, says: 'What has ended.', content: json(ref('Disconnected')) }],
  },
};
