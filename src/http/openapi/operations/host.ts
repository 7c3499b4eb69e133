// Of what else the host has: the import, events, joins, and the health of the server.

import { PAGE_MAX } from '../../paging.js';
import { ref } from '../json-schema.js';
import { json, type Operations, type QueryParameter } from '../operation.js';
import { EXAMPLE_CSV } from '../schemas/joins.js';

const BASE = '/internal/v1';

const EXAMPLE_IMPORT =
  '{"put":"guild","id":"987654321098765432","name":"Fluxer Community","owner_id":"123456789012345678"}\n' +
  '{"put":"channel","guild_id":"987654321098765432","id":"444555666777888999","name":"general"}\n';
const EXAMPLE_STREAM =
  'id: 1772359200000-0\n' +
  'data: {"id":"1772359200000-0","seq":1,"type":"MEMBER_REMOVE","at":"2026-03-01T10:00:00.000Z",' +
  '"guild_id":"987654321098765432","channel_id":null,"data":{"user_id":"222222222222222222","reason":"banned"}}\n\n';
const EXAMPLE_METRICS = '# TYPE invited_restoring gauge\ninvited_restoring 0\n';

const limit: QueryParameter = {
  name: 'limit',
  description: 'How many at most.',
  schema: { type: 'integer', minimum: 1, maximum: PAGE_MAX, default: 100 },
};
const cursor = (description: string): QueryParameter => ({
  name: 'after',
  description,
  schema: { type: 'string' },
});
const snowflake = (name: string, description: string): QueryParameter => ({
  name,
  description,
  schema: ref('Snowflake'),
});

export const IMPORT_OPERATIONS: Operations = {
  [`POST ${BASE}/import`]: {
    id: 'import',
    tag: 'Import',
    summary: 'Tell much at once',
    description:
      'A stream of lines, of any length; each line has 64 KiB at most, empty ones are skipped. They take effect in their order, as far as anyone ' +
      'could tell. A line that is not valid is reported, and the others go on.',
    body: {
      mediaType: 'application/x-ndjson',
      schema: {
        type: 'string',
        contentMediaType: 'application/json',
        contentSchema: ref('ImportLine'),
        description: 'One JSON object a line.',
      },
      required: false,
      example: EXAMPLE_IMPORT,
    },
    answers: [{ status: 200, says: 'What became of it.', content: json(ref('ImportResult')) }],
  },
};

export const EVENT_OPERATIONS: Operations = {
  [`GET ${BASE}/events`]: {
    id: 'getEvents',
    tag: 'Events',
    summary: 'Read events',
    description:
      'As pages; as a stream to `Accept: text/event-stream`, in which `data:` is the event and `id:` the cursor; or as a WebSocket, in which each ' +
      'message is an event. Begin without `after`, go on with `next` or the last `id`. A stream that is cut ends with `event: closed` and a reason ' +
      '(`slow_reader`, `cursor_expired`, `restarting`), a WebSocket with code 4008, 4010 or 1012. `limit` and `wait` are for pages only.',
    query: [
      cursor('Behind this cursor. Left out: from the oldest that is kept, or where `consumer` stood.'),
      {
        name: 'consumer',
        description:
          'A name, for whom events are kept until he has them: 100 names at most, of which one that does not come for a week is forgotten.',
        schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
      },
      limit,
      {
        name: 'wait',
        description: 'Seconds to hold an empty answer back.',
        schema: { type: 'integer', minimum: 0, maximum: 60, default: 0 },
      },
    ],
    headers: ['Last-Event-ID'],
    answers: [
      { status: 101, says: 'To who asks for a WebSocket: it is one now.' },
      {
        status: 200,
        says: 'Some events, or all that come.',
        content: {
          ...json(ref('EventPage')),
          'text/event-stream': {
            schema: { type: 'string', contentMediaType: 'application/json', contentSchema: ref('Event') },
            example: EXAMPLE_STREAM,
          },
        },
      },
    ],
    errors: ['CURSOR_EXPIRED'],
    varies: true,
  },
  [`GET ${BASE}/consumers`]: {
    id: 'listConsumers',
    tag: 'Events',
    summary: 'List the readers who gave a name',
    answers: [{ status: 200, says: 'The readers.', content: json(ref('Consumers')) }],
  },
  [`DELETE ${BASE}/consumers/{name}`]: {
    id: 'deleteConsumer',
    tag: 'Events',
    summary: 'Forget a reader',
    description: 'No events are kept for him any more.',
    answers: [{ status: 204, says: 'He is forgotten.' }],
    errors: ['UNKNOWN_CONSUMER'],
  },
};

export const JOIN_OPERATIONS: Operations = {
  [`GET ${BASE}/guilds/{guild_id}/joins`]: {
    id: 'listJoins',
    tag: 'Joins',
    summary: 'Read who came by which invite',
    description:
      'The newest first: every join that was answered before it was asked for. As CSV (RFC 4180) to `Accept: text/csv`. 503 while Postgres is away.',
    query: [
      { name: 'code', description: 'By this invite.', schema: ref('InviteCode') },
      snowflake('inviter_id', 'By an invite of this user.'),
      snowflake('user_id', 'Of this user.'),
      cursor('Behind this cursor, the `next` of a page.'),
      limit,
    ],
    answers: [
      {
        status: 200,
        says: 'Some joins.',
        content: {
          ...json(ref('JoinPage')),
          'text/csv': { schema: { type: 'string' }, example: EXAMPLE_CSV },
        },
        headers: ['Link'],
      },
    ],
    errors: ['UNKNOWN_GUILD'],
    varies: true,
  },
};

export const HEALTH_OPERATIONS: Operations = {
  'GET /healthz': {
    id: 'getHealth',
    tag: 'Health',
    summary: 'Is it alive?',
    answers: [{ status: 200, says: 'It is.', content: json(ref('Status')) }],
  },
  'GET /readyz': {
    id: 'getReadiness',
    tag: 'Health',
    summary: 'May it be sent requests?',
    description: '503 while Redis is away, and from the moment in which the process is told to end.',
    answers: [{ status: 200, says: 'It may.', content: json(ref('Status')) }],
  },
  'GET /metrics': {
    id: 'getMetrics',
    tag: 'Health',
    summary: 'What it counts',
    description: 'For Prometheus.',
    answers: [
      {
        status: 200,
        says: 'The figures.',
        content: { 'text/plain': { schema: { type: 'string' }, example: EXAMPLE_METRICS } },
      },
    ],
  },
};
