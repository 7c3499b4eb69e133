// What the other schemas are made of.

import { CODE_LENGTH_MAX, CODE_LENGTH_MIN } from '../../../invite/code.js';
import type { JsonSchema } from '../json-schema.js';

export const PRIMITIVES: Readonly<Record<string, JsonSchema>> = {
  Snowflake: {
    type: 'string',
    pattern: '^(?:0|[1-9][0-9]{0,18})$',
    description: 'An id: a decimal number from 0 to 2^63 − 1, always as a string.',
    examples: ['987654321098765432'],
  },
  Permissions: {
    type: 'string',
    pattern: '^[0-9]{1,20}$',
    description:
      'A permission bit field: a decimal number of up to 64 bits, as a string. Invites know `CREATE_INSTANT_INVITE` 1, ' +
      '`ADMINISTRATOR` 8, `MANAGE_CHANNELS` 16, `MANAGE_GUILD` 32 and `VIEW_CHANNEL` 1024.',
    examples: ['1025'],
  },
  InviteCode: {
    type: 'string',
    pattern: '^[A-Za-z0-9-]{1,64}$',
    description:
      `An invite's code. Generated ones have ${CODE_LENGTH_MIN} to ${CODE_LENGTH_MAX} letters and digits, in which case counts; a code ` +
      'that is not found as it stands is looked up once more in lower case, as vanity codes are.',
    examples: ['Xb81kQz2'],
  },
  Timestamp: {
    type: 'string',
    format: 'date-time',
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$',
    description: 'A moment: ISO 8601, UTC, with milliseconds.',
    examples: ['2026-03-01T10:00:00.000Z'],
  },
};
