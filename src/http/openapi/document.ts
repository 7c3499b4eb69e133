// The document, put together from the routes as they are served and what is said of each (operations/). What a route says
// of itself is taken from it, so that it can't be described otherwise.

import { type Bucket, MISSES } from '../limits/buckets.js';
import type { ProblemCode } from '../problem.js';
import type { Route } from '../route.js';
import type { RouteGroup } from '../router.js';
import { HEADERS } from './headers.js';
import { INTRODUCTION } from './introduction.js';
import type { JsonSchema } from './json-schema.js';
import type { Operation } from './operation.js';
import { OPERATIONS } from './operations/operations.js';
import { PARAMETERS, parameter } from './parameters.js';
import { answerOf, contentOf, ErrorResponses } from './responses.js';
import { SCHEMAS } from './schemas/schemas.js';
import { TAGS } from './tags.js';
import { usedOf } from './used-components.js';
import { WEBHOOKS } from './webhooks.js';

export interface DocumentOptions {
  readonly publicGroups: readonly RouteGroup[];
  readonly adminGroups: readonly RouteGroup[];
  /** Of the program. */
  readonly version: string;
  /** Where the public listener is reached; null: where the document is read. */
  readonly publicUrl: string | null;
}

const ADMIN_SERVER = {
  url: 'http://{host}:{port}',
  description: 'The admin listener',
  variables: {
    host: { default: '127.0.0.1', description: '`INVITED_ADMIN_HOST`' },
    port: { default: '9090', description: '`INVITED_ADMIN_PORT`' },
  },
};

const SECURITY_SCHEMES = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token with `sub` and `exp`, and optionally `role` and `permissions`.',
  },
  gatewayKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Invited-Gateway-Key',
    description: 'One of `INVITED_GATEWAY_KEYS`, by which the gateway is believed.',
  },
  gatewayUser: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Invited-User',
    description: 'With a gateway key: the id of the user who calls.',
  },
};
const BY_TOKEN = { token: [] };
const BY_GATEWAY = { gatewayKey: [], gatewayUser: [] };

/** @throws where nothing is said of a route */
export function makeDocument({ publicGroups, adminGroups, version, publicUrl }: DocumentOptions): JsonSchema {
  const errors = new ErrorResponses();
  const paths = {
    ...pathsOf(publicGroups, errors, {}),
    ...pathsOf(adminGroups, errors, { servers: [ADMIN_SERVER] }),
  };
  const components = {
    schemas: SCHEMAS,
    parameters: PARAMETERS,
    headers: HEADERS,
    responses: errors.all,
  };
  return {
    openapi: '3.1.1',
    info: {
      title: 'invited',
      version,
      summary: 'An invite engine.',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl ?? '/', description: 'The public listener' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: WEBHOOKS,
    components: { ...usedOf(components, { paths, WEBHOOKS }), securitySchemes: SECURITY_SCHEMES },
  };
}

function pathsOf(
  groups: readonly RouteGroup[],
  errors: ErrorResponses,
  common: JsonSchema,
): Readonly<Record<string, JsonSchema>> {
  const paths = new Map<string, Record<string, unknown>>();
  for (const { bases, routes } of groups) {
    // The others are other names of the same.
    const [base = ''] = bases;
    for (const route of routes) {
      const path = base + route.path;
      const item = paths.get(path) ?? { ...common, parameters: namesIn(path).map(parameter) };
      item[route.method.toLowerCase()] = operationOf(route, path, errors);
      paths.set(path, item);
    }
  }
  return Object.fromEntries(paths);
}

function operationOf(route: Route, path: string, errors: ErrorResponses): JsonSchema {
  const key = `${route.method} ${path}`;
  const operation = OPERATIONS[key];
  if (operation === undefined) throw new Error(`nothing is said of ${key} in openapi/operations/`);
  const { query = [], headers = [], body } = operation;
  if ((body === undefined) !== (route.body === 'ignored')) {
    throw new Error(`what is said of ${key} does not fit whether it reads a body`);
  }
  const traits = {
    isLimited: route.limit !== null,
    varies: operation.varies === true,
    hasPages: operation.hasPages === true,
  };
  const knowsCallers = route.access !== 'anyone' || operation.knowsCallers === true;
  const description = [
    ...(operation.description === undefined ? [] : [operation.description]),
    ...(route.limit === null ? [] : [`Limit: ${inWords(route.limit)}.`]),
  ].join('\n\n');
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(description === '' ? {} : { description }),
    security: securityOf(route, operation),
    parameters: [
      ...query.map((one) => ({ ...one, in: 'query', required: false })),
      ...headers.map(parameter),
      ...(knowsCallers ? ['X-Invited-Role', 'X-Invited-Permissions'].map(parameter) : []),
      parameter('X-Request-Id'),
      parameter('traceparent'),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: body.required, content: { [body.mediaType]: contentOf(body) } } }),
    responses: {
      ...Object.fromEntries(operation.answers.map((answer) => [answer.status, answerOf(answer, traits)])),
      ...errors.of(errorsOf(route, operation), traits),
    },
  };
}

function inWords({ limit, windowS, each, misses }: Bucket): string {
  const own = `${limit} requests in ${windowS} s${each === undefined ? '' : ` for each ${each}`}`;
  return misses === undefined
    ? own
    : `${own}, and ${MISSES.limit} misses in ${MISSES.windowS} s over all codes`;
}

function securityOf({ access }: Route, { knowsCallers }: Operation): readonly object[] {
  if (access !== 'anyone') return [BY_TOKEN, BY_GATEWAY];
  return knowsCallers === true ? [{}, BY_TOKEN, BY_GATEWAY] : [];
}

/** Its own, and those that any route of its kind may answer with (handle.ts, server.ts). */
function errorsOf({ access, body, limit }: Route, { errors = [] }: Operation): readonly ProblemCode[] {
  const everyone: readonly ProblemCode[] = access === 'anyone' ? [] : ['UNAUTHORIZED'];
  const roles: readonly ProblemCode[] = access === 'user' || access === 'service' ? ['ACCESS_DENIED'] : [];
  return [
    // Of the framing, which is judged for all, of ids in the path, parameters and the body.
    'INVALID_FORM_BODY',
    ...everyone,
    ...roles,
    ...errors,
    ...(body === 'stream' ? [] : (['PAYLOAD_TOO_LARGE'] as const)),
    ...(limit === null ? [] : (['RATE_LIMITED'] as const)),
    'INTERNAL_SERVER_ERROR',
    'SERVICE_UNAVAILABLE',
  ];
}

function namesIn(path: string): readonly string[] {
  return [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name = '']) => name);
}
