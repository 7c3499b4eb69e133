// What a request names in its path and its headers. A route can't have a piece of a path that is not described here.

import { type JsonSchema, ref } from './json-schema.js';

interface ParameterDoc {
  readonly name: string;
  readonly in: 'path' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example?: unknown;
}

function inPath(name: string, description: string, schema: JsonSchema, example: unknown): ParameterDoc {
  return { name, in: 'path', required: true, description, schema, example };
}

/** Without an example: whoever tries an operation on the page would send it, and none of these is needed. */
function inHeader(name: string, description: string, schema: JsonSchema): ParameterDoc {
  return { name, in: 'header', required: false, description, schema };
}

const string: JsonSchema = { type: 'string' };

/** By their names in a route. */
const PATH_PARAMETERS: Readonly<Record<string, ParameterDoc>> = {
  guild_id: inPath('guild_id', 'The guild.', ref('Snowflake'), '987654321098765432'),
  channel_id: inPath('channel_id', 'The channel, or the group DM.', ref('Snowflake'), '444555666777888999'),
  user_id: inPath('user_id', 'The user.', ref('Snowflake'), '222222222222222222'),
  code: inPath(
    'code',
    'The code. What could not be one is as unknown as any that is not there.',
    string,
    'Xb81kQz2',
  ),
  address: inPath(
    'address',
    'An IPv4 address, or an IPv6 address, which stands for its /64; its colons may come percent-encoded.',
    string,
    '203.0.113.7',
  ),
  name: inPath('name', 'The name that the reader gives.', string, 'mailer'),
  file: inPath('file', 'A file of the page.', string, 'swagger-ui.css'),
};

const HEADER_PARAMETERS = {
  'X-Request-Id': inHeader('X-Request-Id', 'Names the request, in its answer and in logs.', string),
  traceparent: inHeader(
    'traceparent',
    'W3C Trace Context: passed on into logs and events. What is none is passed over.',
    string,
  ),
  'X-Invited-Role': inHeader(
    'X-Invited-Role',
    'With a gateway key: the role of who calls; left out, he is a user.',
    { type: 'string', enum: ['user', 'bot', 'service'] },
  ),
  'X-Invited-Permissions': inHeader(
    'X-Invited-Permissions',
    'With a gateway key: what he may do where this request goes, as the gateway has found. Left out, the engine looks it up.',
    ref('Permissions'),
  ),
  'X-Invited-Client-IP': inHeader(
    'X-Invited-Client-IP',
    'With a gateway key: his address, which may be banned; a single one, without a port. Left out, it is that of the connection.',
    string,
  ),
  'If-Match': inHeader(
    'If-Match',
    'Change only one of these versions, as `"1"`, or `*` (RFC 9110, section 13.1.1). A weak tag fits none.',
    string,
  ),
  'If-None-Match': inHeader(
    'If-None-Match',
    'Answer 304 if it is one of these versions, as `"1"` (RFC 9110, section 13.1.2).',
    string,
  ),
  'Idempotency-Key': inHeader(
    'Idempotency-Key',
    'Makes it safe to send again: for 24 hours the same caller, channel, key and body get the first answer.',
    { type: 'string', pattern: '^[!-~]{1,255}$' },
  ),
  'Last-Event-ID': inHeader(
    'Last-Event-ID',
    'Where a reader of a stream stood; goes before `after`.',
    string,
  ),
} as const satisfies Readonly<Record<string, ParameterDoc>>;

export type HeaderParameter = keyof typeof HEADER_PARAMETERS;

/** All of them, under the names by which `parameter` refers to them. */
export const PARAMETERS: Readonly<Record<string, ParameterDoc>> = {
  ...PATH_PARAMETERS,
  ...HEADER_PARAMETERS,
};

export function parameter(name: string): JsonSchema {
  if (PARAMETERS[name] === undefined) throw new Error(`nothing is said of the parameter ${name}`);
  return { $ref: `#/components/parameters/${name}` };
}
