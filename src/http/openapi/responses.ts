// Answers of routes: those that are no errors as each operation has them, and errors by their codes, each set of them once.

import { fieldError } from '../field-errors.js';
import { PROBLEM_TYPE, type ProblemCode, problemMessage, problemStatus } from '../problem.js';
import { reasonOf } from '../reply.js';
import { COMMON_HEADERS, type HeaderName, headersOf, LIMIT_HEADERS } from './headers.js';
import { type JsonSchema, ref } from './json-schema.js';
import type { Answer, Content } from './operation.js';

/** What the answers of one operation have in common. */
export interface AnswerTraits {
  readonly isLimited: boolean;
  readonly varies: boolean;
  readonly hasPages: boolean;
}

export function answerOf(
  { says, content, headers = [], sometimes = [] }: Answer,
  { isLimited, varies }: AnswerTraits,
): JsonSchema {
  const names = [
    ...COMMON_HEADERS,
    ...headers,
    ...(varies ? (['Vary'] as const) : []),
    ...(isLimited ? LIMIT_HEADERS : []),
  ];
  return {
    description: says,
    headers: headersOf(names, sometimes),
    ...(content === undefined ? {} : { content: mapValues(content, contentOf) }),
  };
}

function mapValues<From, To>(
  from: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value)]));
}

export function contentOf({ schema, example }: Content): JsonSchema {
  return example === undefined ? { schema } : { schema, example };
}

/** The errors of operations, as named components that several may have. */
export class ErrorResponses {
  readonly #made = new Map<string, JsonSchema>();

  /** By status: a reference to a component that says what codes may come. */
  of(codes: readonly ProblemCode[], traits: AnswerTraits): Readonly<Record<string, JsonSchema>> {
    const byStatus = new Map<number, ProblemCode[]>();
    for (const code of new Set(codes)) {
      const status = problemStatus(code);
      byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    }
    return Object.fromEntries(
      [...byStatus]
        .sort(([one], [other]) => one - other)
        .map(([status, some]) => [String(status), this.#refTo(some, traits)]),
    );
  }

  get all(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#made].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  #refTo(codes: readonly ProblemCode[], traits: AnswerTraits): JsonSchema {
    const { isLimited, varies } = traits;
    const hasPages = traits.hasPages && codes.includes('UNKNOWN_INVITE');
    const name = [
      codes.join('-'),
      ...(isLimited ? ['limited'] : []),
      ...(varies ? ['varies'] : []),
      ...(hasPages ? ['page'] : []),
    ].join('.');
    if (!this.#made.has(name)) this.#made.set(name, errorResponse(codes, { isLimited, varies, hasPages }));
    return { $ref: `#/components/responses/${name}` };
  }
}

const HEADERS_OF: { readonly [Code in ProblemCode]?: readonly HeaderName[] } = {
  UNAUTHORIZED: ['WWW-Authenticate'],
  SERVICE_UNAVAILABLE: ['Retry-After'],
  RATE_LIMITED: ['Retry-After'],
};

/** Of the pages behind share links. */
export const PAGE_HEADERS: readonly HeaderName[] = [
  'Content-Security-Policy',
  'Referrer-Policy',
  'X-Robots-Tag',
];

function errorResponse(
  codes: readonly ProblemCode[],
  { isLimited, varies, hasPages }: AnswerTraits,
): JsonSchema {
  const headers = [
    ...COMMON_HEADERS,
    ...codes.flatMap((code) => HEADERS_OF[code] ?? []),
    ...(isLimited ? LIMIT_HEADERS : []),
  ];
  // What is refused before anybody looks at `Accept` doesn't vary with it.
  const sometimes = [...(varies ? (['Vary'] as const) : []), ...(hasPages ? PAGE_HEADERS : [])];
  const isLimit = codes.includes('RATE_LIMITED');
  const schemaOf = (name: string): JsonSchema =>
    isLimit ? ref(name) : { ...ref(name), properties: { code: { enum: codes } } };
  const [plain, details] = isLimit ? ['RateLimited', 'RateLimitedProblem'] : ['Error', 'ProblemDetails'];
  return {
    description: codes.map((code) => `\`${code}\`: ${problemMessage(code)}`).join('\n\n'),
    headers: headersOf(headers, sometimes),
    content: {
      'application/json': { schema: schemaOf(plain), examples: examplesOf(codes, plainBody) },
      [PROBLEM_TYPE]: { schema: schemaOf(details), examples: examplesOf(codes, problemBody) },
      ...(hasPages
        ? { 'text/html': { schema: { type: 'string', description: 'The page in its 404 form.' } } }
        : {}),
    },
  };
}

function examplesOf(codes: readonly ProblemCode[], bodyOf: (code: ProblemCode) => object): JsonSchema {
  return Object.fromEntries(
    codes.map((code) => [code, { summary: problemMessage(code), value: bodyOf(code) }]),
  );
}

function plainBody(code: ProblemCode): object {
  return { code, message: problemMessage(code), ...moreOf(code) };
}

function problemBody(code: ProblemCode): object {
  const status = problemStatus(code);
  return {
    type: 'about:blank',
    title: reasonOf(status),
    status,
    detail: problemMessage(code),
    code,
    ...moreOf(code),
  };
}

function moreOf(code: ProblemCode): object {
  if (code === 'INVALID_FORM_BODY') return { errors: [fieldError('max_age', 'OUT_OF_RANGE')] };
  if (code === 'RATE_LIMITED') return { retry_after: 9.5, global: false };
  return {};
}
