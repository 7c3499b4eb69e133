// Holds answers against the OpenAPI document: each answer that a test client gets must be one that its operation describes,
// with its status, code, headers and body, and nothing beside them. Stricter than the document itself: what it doesn't name
// is not there.

import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Engine } from '../../src/engine/engine.js';
import type { Feed } from '../../src/events/feed.js';
import { isReservedSegment, routeGroups } from '../../src/http/listeners.js';
import { makeDocument } from '../../src/http/openapi/document.js';
import { createRouter, type RouteGroup, type Router } from '../../src/http/router.js';
import type { Ledger } from '../../src/invite/ledger.js';
import type { Answer, JsonObject } from './client.js';

export type Listener = 'public' | 'admin';

/** Of a path and method of the document. */
export interface DocumentOperation extends JsonObject {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, JsonObject>>;
}

export interface OpenApi extends JsonObject {
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly webhooks: Readonly<Record<string, JsonObject>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
}

/** The routes are made, but none of their handlers runs. */
const ENGINE = {} as Engine;
const FEED = {} as Feed;
const LEDGER = { isCursor: () => true } as unknown as Ledger;

/** All routes there can be: those of a server with a Postgres. */
export const { publicGroups, adminGroups } = routeGroups(
  ENGINE,
  {
    page: { iconUrlTemplate: null, publicUrl: null },
    reservedVanity: new Set(),
    version: '0',
    ledger: LEDGER,
    feed: FEED,
    readerMaxMs: 0,
    metrics: async () => ({ type: '', text: '' }),
    isUnavailable: () => false,
  },
  { closing: new AbortController().signal, isReady: () => true },
);

export const openApi = makeDocument({
  publicGroups,
  adminGroups,
  version: '0',
  publicUrl: null,
}) as unknown as OpenApi;

const listeners: Readonly<
  Record<Listener, { readonly router: Router; readonly groups: readonly RouteGroup[] }>
> = {
  public: { router: createRouter(publicGroups, isReservedSegment), groups: publicGroups },
  admin: { router: createRouter(adminGroups, isReservedSegment), groups: adminGroups },
};

/** Of the connection, and of who may read an answer in a browser: nothing of what an operation says. */
const NOT_OF_AN_OPERATION =
  /^(connection|keep-alive|content-length|content-type|date|transfer-encoding|uwebsockets|access-control-.*)$/;

// Types of types are of no interest to who only judges values.
const ajv = addFormats.default(new Ajv2020.default({ strictTypes: false, strictRequired: false }));
ajv.addVocabulary(['components', 'discriminator', 'example']);
ajv.addSchema({ $id: 'openapi.json', components: { schemas: closed(openApi.components['schemas'] ?? {}) } });
const validators = new WeakMap<JsonObject, ValidateFunction>();

/** What has been answered: `operationId status code`, the code only of errors. */
export const answered = new Set<string>();

export interface Asked {
  readonly listener: Listener;
  readonly method: string;
  readonly path: string;
}

/** @throws where the answer is not what the document says */
export function checkAnswer(asked: Asked, answer: Answer): void {
  const problem = problemOf(asked, answer);
  if (problem === null) return;
  throw new Error(
    `${asked.method} ${asked.path} → ${answer.status} is not as documented: ${problem}\n${answer.text.slice(0, 500)}`,
  );
}

function problemOf({ listener, method, path }: Asked, answer: Answer): string | null {
  const { router, groups } = listeners[listener];
  const match = router.match(method, path.split('?')[0] ?? '');
  // Preflights are the browser's.
  if (method === 'OPTIONS') return null;
  if (match.kind === 'not_found') return unroutedProblem(answer, 404, 'NOT_FOUND', []);
  if (match.kind === 'method_not_allowed')
    return unroutedProblem(answer, 405, 'METHOD_NOT_ALLOWED', ['allow']);
  const documented = groups
    .filter(({ routes }) => routes.includes(match.route))
    .map(({ bases }) => (bases[0] ?? '') + match.route.path)[0];
  const operation = operationAt(match.route.method, documented ?? '');
  // Without a Postgres there is no such route.
  if (operation.operationId === 'listJoins' && isNotFound(answer)) return null;
  const response = resolve(operation.responses[String(answer.status)]);
  if (response === undefined) return 'it has no such status';
  const problem = headersProblem(response, answer) ?? bodyProblem(response, answer, method);
  if (problem !== null) return problem;
  answered.add(`${operation.operationId} ${answer.status}${codeOf(answer)}`);
  return null;
}

export function operationAt(method: string, path: string): DocumentOperation {
  const operation = openApi.paths[path]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`the document has no ${method} ${path}`);
  return operation as DocumentOperation;
}

function isNotFound({ status, text }: Answer): boolean {
  return status === 404 && (text === '' || text.includes('"NOT_FOUND"'));
}

const ERROR = { $ref: '#/components/schemas/Error' };
const PROBLEM_DETAILS = { $ref: '#/components/schemas/ProblemDetails' };

/** Of an answer that belongs to no operation. */
function unroutedProblem(
  answer: Answer,
  status: number,
  code: string,
  more: readonly string[],
): string | null {
  // Framing in doubt comes before the route.
  if (answer.status !== status) return `a path or method that is none is ${status}`;
  const expected = ['x-request-id', 'x-content-type-options', 'cache-control', ...more];
  const given = Object.keys(answer.headers).filter(
    (name) => !NOT_OF_AN_OPERATION.test(name) && name !== 'vary',
  );
  if (given.sort().join() !== expected.sort().join()) return `its headers are ${given.join(', ')}`;
  if (answer.text === '') return null;
  const isDetails = answer.headers['content-type'] === 'application/problem+json';
  return (
    schemaProblem(isDetails ? PROBLEM_DETAILS : ERROR, answer.json()) ??
    (codeOf(answer) === ` ${code}` ? null : `its code is not ${code}`)
  );
}

function headersProblem(response: JsonObject, answer: Answer): string | null {
  const documented = new Map(
    Object.entries((response['headers'] ?? {}) as Readonly<Record<string, JsonObject>>).map(
      ([name, header]) => [name.toLowerCase(), resolve(header) ?? {}],
    ),
  );
  for (const [name, { required, schema }] of documented) {
    const value = answer.headers[name];
    if (value === undefined) {
      if (required === true) return `it lacks the header ${name}`;
      continue;
    }
    const { type } = schema as JsonObject;
    const read = type === 'integer' || type === 'number' ? Number(value) : String(value);
    const problem = schemaProblem(schema as JsonObject, read);
    if (problem !== null) return `the header ${name}: ${problem}`;
  }
  for (const [name, value] of Object.entries(answer.headers)) {
    if (documented.has(name) || NOT_OF_AN_OPERATION.test(name)) continue;
    if (name === 'vary' && String(value).toLowerCase() === 'origin') continue;
    return `nothing is said of the header ${name}`;
  }
  return null;
}

function bodyProblem(response: JsonObject, answer: Answer, method: string): string | null {
  const content = response['content'] as Readonly<Record<string, JsonObject>> | undefined;
  const type = answer.headers['content-type']?.split(';')[0];
  if (content === undefined) return answer.text === '' && type === undefined ? null : 'it has a body';
  if (type === undefined) return 'it has no Content-Type';
  const schema = content[type]?.['schema'] as JsonObject | undefined;
  if (schema === undefined) return `it is no ${type}`;
  if (method === 'HEAD') return answer.text === '' ? null : 'HEAD has a body';
  return schemaProblem(schema, type.endsWith('json') ? answer.json() : answer.text);
}

function codeOf(answer: Answer): string {
  if (answer.status < 400 || !/json/.test(String(answer.headers['content-type'])) || answer.text === '')
    return '';
  return ` ${answer.object()['code']}`;
}

/** What is wrong with a value by a schema of the document; null: nothing. */
export function schemaProblem(schema: JsonObject, value: unknown): string | null {
  let validate = validators.get(schema);
  if (validate === undefined) {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"openapi.json#/components/');
    validate = ajv.compile(JSON.parse(text));
    validators.set(schema, validate);
  }
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

/** What a reference stands for. */
export function resolve(value: JsonObject | undefined): JsonObject | undefined {
  const at = value?.['$ref'];
  if (typeof at !== 'string') return value;
  const [, kind = '', name = ''] = /^#\/components\/([^/]+)\/([^/]+)$/.exec(at) ?? [];
  return resolve(openApi.components[kind]?.[name]);
}

/** With every object that names its properties having no others. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const all = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === 'examples' ? value : closed(value)]),
  );
  return all['type'] === 'object' && all['properties'] !== undefined
    ? { ...all, additionalProperties: false }
    : all;
}
