// Of a guild's vanity code.

import { ref } from '../json-schema.js';
import { json, type Operations } from '../operation.js';

const TAG = 'Vanity codes';

export const VANITY_OPERATIONS: Operations = {
  'GET /api/v1/guilds/{guild_id}/vanity-url': {
    id: 'getVanity',
    tag: TAG,
    summary: 'Look the vanity code up',
    description: 'For who has `MANAGE_GUILD`.',
    headers: ['If-None-Match'],
    answers: [
      { status: 200, says: 'The code and its uses.', content: json(ref('Vanity')), headers: ['ETag'] },
      { status: 304, says: 'You have this version.', headers: ['ETag'] },
    ],
    errors: ['UNKNOWN_GUILD', 'MISSING_PERMISSIONS'],
  },
  'PATCH /api/v1/guilds/{guild_id}/vanity-url': {
    id: 'setVanity',
    tag: TAG,
    summary: 'Set, change or remove the vanity code',
    description:
      'For who has `MANAGE_GUILD`; to set one the guild needs the feature `VANITY_URL`. What is wrong with a code is 400 with one of ' +
      '`VANITY_URL_CODE_LENGTH_INVALID`, `VANITY_URL_INVALID_CHARACTERS`, `VANITY_URL_CODE_RESERVED`, `VANITY_URL_REQUIRES_FEATURE` and ' +
      '`VANITY_URL_CODE_ALREADY_TAKEN` at `code`, looked for in this order. The old code is free at once.',
    headers: ['If-Match'],
    body: { mediaType: 'application/json', schema: ref('SetVanity'), required: true },
    answers: [
      { status: 200, says: 'The code and its uses.', content: json(ref('Vanity')), headers: ['ETag'] },
    ],
    errors: ['UNKNOWN_GUILD', 'MISSING_PERMISSIONS', 'VERSION_MISMATCH'],
  },
};
