// The headers of answers. Those that every answer has are required; what depends on the settings is not.

import type { JsonSchema } from './json-schema.js';

interface HeaderDoc {
  readonly description: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
  readonly example: unknown;
}

const string: JsonSchema = { type: 'string' };
const limitCount: JsonSchema = { type: 'integer', minimum: 0 };

export const HEADERS = {
  'X-Request-Id': {
    description:
      'The request’s own, if it brought one of 1 to 128 visible ASCII characters; else a new ULID.',
    required: true,
    schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
    example: '01KJH9A3V4Y6ZC0B5W2N7R8TQX',
  },
  'X-Content-Type-Options': {
    description: 'The type is what it says.',
    required: true,
    schema: { type: 'string', const: 'nosniff' },
    example: 'nosniff',
  },
  'Cache-Control': {
    description:
      'No answer of the API is to be kept. This document and its page may be, as long as they are asked for anew.',
    required: true,
    schema: {
      type: 'string',
      enum: ['no-store', 'no-cache', 'public, max-age=31536000, immutable'],
    },
    example: 'no-store',
  },
  ETag: {
    description: 'The version of what was asked for, to be sent back as `If-Match` or `If-None-Match`.',
    required: true,
    schema: { type: 'string', pattern: '^"[!#-~]+"$' },
    example: '"1"',
  },
  Link: {
    description: 'The next page, where there is one: `<…>; rel="next"` (RFC 8288).',
    schema: { type: 'string', pattern: '^<[^>]+>; rel="next"$' },
    example: '</api/v1/guilds/987654321098765432/invites?limit=100&after=12_Xb81kQz2>; rel="next"',
  },
  'Idempotency-Replayed': {
    description: 'This is the answer that was given the first time.',
    schema: { type: 'string', const: 'true' },
    example: 'true',
  },
  Vary: {
    description: 'The answer depends on these headers of the request.',
    required: true,
    schema: string,
    example: 'Accept',
  },
  'Retry-After': {
    description: 'Seconds to wait before the same request is sent again.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
    example: 1,
  },
  'WWW-Authenticate': {
    description: 'How one says who calls (RFC 9110, section 11.6.1).',
    required: true,
    schema: { type: 'string', const: 'Bearer' },
    example: 'Bearer',
  },
  'X-RateLimit-Limit': {
    description: 'Requests in one window. Like the others of its kind, only with `INVITED_RATE_LIMITS=on`.',
    schema: limitCount,
    example: 100,
  },
  'X-RateLimit-Remaining': {
    description: 'Requests left in it.',
    schema: limitCount,
    example: 99,
  },
  'X-RateLimit-Reset': {
    description: 'When it ends: seconds since the epoch.',
    schema: { type: 'number', minimum: 0 },
    example: 1772359210,
  },
  'X-RateLimit-Reset-After': {
    description: 'Seconds until then, with decimals.',
    schema: { type: 'number', minimum: 0 },
    example: 9.5,
  },
  'X-RateLimit-Bucket': {
    description: 'Routes with the same one are counted together.',
    schema: string,
    example: 'read',
  },
  'Content-Encoding': {
    description: 'To who accepts it.',
    schema: { type: 'string', const: 'gzip' },
    example: 'gzip',
  },
  'Content-Security-Policy': {
    description: 'What the page may do.',
    required: true,
    schema: string,
    example: "default-src 'none'",
  },
  'Referrer-Policy': {
    description: 'The link is a secret.',
    required: true,
    schema: { type: 'string', const: 'no-referrer' },
    example: 'no-referrer',
  },
  'X-Robots-Tag': {
    description: 'No search engine is to show it.',
    required: true,
    schema: { type: 'string', const: 'noindex' },
    example: 'noindex',
  },
} as const satisfies Readonly<Record<string, HeaderDoc>>;

export type HeaderName = keyof typeof HEADERS;

/** Of every answer. */
export const COMMON_HEADERS: readonly HeaderName[] = [
  'X-Request-Id',
  'X-Content-Type-Options',
  'Cache-Control',
];

/** Of every answer of a route that has a limit. */
export const LIMIT_HEADERS: readonly HeaderName[] = [
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-RateLimit-Reset-After',
  'X-RateLimit-Bucket',
];

/** @param sometimes those that not every such answer has */
export function headersOf(
  names: readonly HeaderName[],
  sometimes: readonly HeaderName[] = [],
): Readonly<Record<string, JsonSchema>> {
  return {
    ...Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    ...Object.fromEntries(sometimes.map((name) => [name, { ...HEADERS[name], required: false }])),
  };
}
