// Every error that the contract names (§4), with its status and what a person reads.
// Clients match on `code`; the message is for people and must never hold anything of Redis or of a stack.

import { bodyReply, type Header, jsonReply, type Reply, reasonOf } from './reply.js';

const PROBLEMS = {
  INVALID_FORM_BODY: [400, 'Something in the request is not valid.'],
  MAX_INVITES: [400, 'The maximum number of invites is reached.'],
  MAX_GUILD_MEMBERS: [400, 'The guild is full.'],
  MAX_GROUP_DM_RECIPIENTS: [400, 'The group DM is full.'],
  INVALID_CHANNEL_TYPE: [400, 'Nobody can be invited to a channel of this type.'],
  UNAUTHORIZED: [401, 'This needs a valid token.'],
  MISSING_PERMISSIONS: [403, 'You lack the permission for this.'],
  ACCESS_DENIED: [403, 'This is not open to callers of your role.'],
  INVITES_DISABLED: [403, 'Invites are paused.'],
  USER_BANNED_FROM_GUILD: [403, 'You are banned from this guild.'],
  USER_IP_BANNED_FROM_GUILD: [403, 'Your address is banned from this guild.'],
  UNKNOWN_INVITE: [404, 'There is no such invite.'],
  UNKNOWN_CHANNEL: [404, 'There is no such channel.'],
  UNKNOWN_GUILD: [404, 'There is no such guild.'],
  UNKNOWN_USER: [404, 'There is no such user.'],
  UNKNOWN_MEMBER: [404, 'There is no such member.'],
  UNKNOWN_BAN: [404, 'There is no such ban.'],
  UNKNOWN_CONSUMER: [404, 'There is no such consumer.'],
  NOT_FOUND: [404, 'There is nothing here.'],
  METHOD_NOT_ALLOWED: [405, 'This can not be done here.'],
  CURSOR_EXPIRED: [410, 'Events behind this cursor are gone. Begin anew without it.'],
  VERSION_MISMATCH: [412, 'It has another version than you ask for.'],
  PAYLOAD_TOO_LARGE: [413, 'The request body is too large.'],
  IDEMPOTENCY_KEY_REUSED: [422, 'This Idempotency-Key was used with another body.'],
  RATE_LIMITED: [429, 'You are doing this too often; wait a while.'],
  INTERNAL_SERVER_ERROR: [500, 'Something went wrong on our side.'],
  SERVICE_UNAVAILABLE: [503, 'Not available right now; try again shortly.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One thing that is wrong with a body or path. */
export interface FieldError {
  /** Where: `max_age`, `roles.0.id`, `body` for the whole. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

const RETRY_AFTER: Header = ['Retry-After', '1'];
const CHALLENGE: Header = ['WWW-Authenticate', 'Bearer'];

const EXTRA_HEADERS: { readonly [Code in ProblemCode]?: readonly Header[] } = {
  UNAUTHORIZED: [CHALLENGE],
  SERVICE_UNAVAILABLE: [RETRY_AFTER],
};

export const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[];

export function problemStatus(code: ProblemCode): number {
  return PROBLEMS[code][0];
}

export function problemMessage(code: ProblemCode): string {
  return PROBLEMS[code][1];
}

/** An error answer. `headers` come beside those that the code always has. */
export function problem(code: ProblemCode, headers: readonly Header[] = NONE): Reply {
  if (headers.length > 0) return makeProblem(code, headers);
  const known = ready.get(code);
  if (known !== undefined) return known;
  const reply = makeProblem(code, NONE);
  ready.set(code, reply);
  return reply;
}

const NONE: readonly Header[] = [];
/** Those without headers of their own, each made once. */
const ready = new Map<ProblemCode, Reply>();

function makeProblem(code: ProblemCode, headers: readonly Header[]): Reply {
  const [status, message] = PROBLEMS[code];
  return errorReply(status, { code, message }, [...(EXTRA_HEADERS[code] ?? []), ...headers]);
}

/** RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json';

/** An error answer in both its forms: {code, message, …}, and RFC 9457 with the same `code` and what else there is. */
export function errorReply(
  status: number,
  error: { readonly code: string; readonly message: string; readonly [more: string]: unknown },
  headers: readonly Header[] = NONE,
): Reply {
  const asProblem = (): Reply => {
    const { code, message, ...more } = error;
    // The type says nothing more than the status; what tells errors apart is `code`.
    const body = { type: 'about:blank', title: reasonOf(status), status, detail: message, code, ...more };
    return bodyReply(status, PROBLEM_TYPE, JSON.stringify(body), headers);
  };
  return { ...jsonReply(status, JSON.stringify(error), headers), asProblem };
}

/** 429 with when to come again; `Retry-After` has whole seconds only. */
export function rateLimited(msLeft: number): Reply {
  const [status, message] = PROBLEMS.RATE_LIMITED;
  const seconds = Math.max(1, Math.ceil(msLeft / 1000));
  const retryAfter = Number((msLeft / 1000).toFixed(3));
  const body = { code: 'RATE_LIMITED', message, retry_after: retryAfter, global: false };
  return jsonReply(status, JSON.stringify(body), [['Retry-After', String(seconds)]]);
}

/** 400 with what is wrong, field by field. */
export function invalid(errors: readonly FieldError[]): Reply {
  const [status, message] = PROBLEMS.INVALID_FORM_BODY;
  return errorReply(status, { code: 'INVALID_FORM_BODY', message, errors });
}

/** Ends the handling of a request with this answer. For what comes before an outcome: who calls, ids, bodies. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super('refused');
    this.reply = reply;
  }
}

/** A refusal of what was sent, field by field. */
export class InvalidFields extends Refusal {
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super(invalid(errors));
    this.errors = errors;
  }
}
