// What is said of a route, beside what the route says of itself (route.ts): who may use it, how often, whether it reads a body,
// and what is in its path.

import type { ProblemCode } from '../problem.js';
import type { HeaderName } from './headers.js';
import type { JsonSchema } from './json-schema.js';
import type { HeaderParameter } from './parameters.js';
import type { TagName } from './tags.js';

export interface Operation {
  readonly id: string;
  readonly tag: TagName;
  readonly summary: string;
  readonly description?: string;
  readonly query?: readonly QueryParameter[];
  /** Request headers, beside those by which one says who calls. */
  readonly headers?: readonly HeaderParameter[];
  readonly body?: RequestBody;
  /** What is no error. */
  readonly answers: readonly Answer[];
  /** Those of its own; what its access, path and body bring about is added. */
  readonly errors?: readonly ProblemCode[];
  /** A route for anyone that tells a known caller more. */
  readonly knowsCallers?: boolean;
  /** Its answer depends on `Accept`. */
  readonly varies?: boolean;
  /** An invite that is not there is a page to who wants one. */
  readonly hasPages?: boolean;
}

export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
}

export interface RequestBody {
  readonly mediaType: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** Where the schema has none of its own. */
  readonly example?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly says: string;
  /** By media type. */
  readonly content?: Readonly<Record<string, Content>>;
  /** Beside those of every answer. */
  readonly headers?: readonly HeaderName[];
  /** Those that not every such answer has, though they say of themselves that they are always there. */
  readonly sometimes?: readonly HeaderName[];
}

export interface Content {
  readonly schema: JsonSchema;
  /** Where the schema has none of its own. */
  readonly example?: unknown;
}

/** By method and whole path: `GET /api/v1/invites/{code}`. */
export type Operations = Readonly<Record<string, Operation>>;

export function json(schema: JsonSchema): Readonly<Record<string, Content>> {
  return { 'application/json': { schema } };
}
