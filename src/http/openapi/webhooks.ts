// Webhooks: the same events, sent to the URLs that the operator has set.

import type { JsonSchema } from './json-schema.js';
import { ref } from './json-schema.js';
import { EVENT_TYPES } from './schemas/events.js';
import type { TagName } from './tags.js';

const TAG: TagName = 'Events';

const header = (name: string, description: string, example: unknown): JsonSchema => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});

const HEADERS = [
  header('webhook-id', 'The `id` of the event, the same when it comes again.', '1772359200000-0'),
  header('webhook-timestamp', 'When it was sent: seconds since the epoch.', '1772359200'),
  header(
    'webhook-signature',
    'HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`, as Standard Webhooks has it.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
  {
    ...header(
      'traceparent',
      'That of the event, where it has one.',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    ),
    required: false,
  },
];

export const WEBHOOKS: Readonly<Record<string, JsonSchema>> = Object.fromEntries(
  EVENT_TYPES.map(({ type, schema, says }) => [
    type,
    {
      post: {
        operationId: `on${schema.replace(/Event$/, '')}`,
        tags: [TAG],
        summary: says,
        description:
          'Sent to each of `INVITED_WEBHOOK_URLS`, at least once, and in order for each guild. Verify the signature before you believe it.',
        security: [],
        parameters: HEADERS,
        requestBody: { required: true, content: { 'application/json': { schema: ref(schema) } } },
        responses: {
          '2XX': { description: 'Taken.' },
          '4XX': {
            description: 'Not taken, like everything else: it comes again, and in the end is a dead letter.',
          },
        },
      },
    },
  ]),
);
