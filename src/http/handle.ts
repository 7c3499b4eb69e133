// From a request to its answer, in the contract's order of checks (§7): route, who calls, rate limit, 401, role, ids in the
// path, body; what comes after is the handler's and the engine's. Turns whatever is thrown into an answer.

import { type Address, parseAddress } from '../invite/address.js';
import type { MaybeCaller } from '../invite/caller.js';
import { isSnowflake, type Snowflake } from '../invite/id.js';
import type { Traceparent } from '../invite/trace.js';
import type { TrustedProxies } from '../invite/trusted-proxies.js';
import type { Authenticator, Identity } from './auth.js';
import { clientAddress } from './client-address.js';
import { fieldError } from './field-errors.js';
import { parseJson } from './json.js';
import type { RateLimits } from './limits/rate-limits.js';
import { InvalidFields, problem, Refusal } from './problem.js';
import type { Reply } from './reply.js';
import type { Request } from './request.js';
import type { Access, Call, Route } from './route.js';
import type { FoundRoute, Params } from './router.js';

/** A body that was taken in whole, or was larger than the limit. */
export type WholeBody = Uint8Array | 'too_large';

/** What a request is called in the log. */
export interface RequestName {
  readonly requestId: string;
  /** The trace that it is part of; null: of none. */
  readonly trace: Traceparent | null;
}

/** Told of what threw where nothing may, with nothing of the request but what it is called; null: it had no name yet. */
export type OnBug = (error: unknown, request: RequestName | null) => void;

/** A request as it came in, and the way back. */
export interface Incoming extends RequestName {
  readonly request: Request;
  /** Has the client gone? */
  readonly isGone: boolean;
  readonly body: WholeBody;
  readonly stream: AsyncIterable<Uint8Array>;
  /** Those of the listener by which it came. */
  readonly trustedProxies: TrustedProxies;
  /** Did he ask to turn the connection into a WebSocket? */
  readonly wantsSocket: boolean;
  /** The other end of the connection; '' if it is unknown. Kept once it was asked for: first in the turn in which the request came. */
  peerAddress(): string;
  reply(reply: Reply): void;
}

export interface HandleOptions {
  readonly authenticator: Authenticator;
  /** null: there are none. */
  readonly rateLimits: RateLimits | null;
  /** Is this error an outage, rather than a bug? */
  readonly isUnavailable: (error: unknown) => boolean;
  readonly onBug: OnBug;
}

/** Replies once, sooner or later; never throws what a handler threw. */
export function handle(incoming: Incoming, match: FoundRoute, options: HandleOptions): void {
  const fail = (error: unknown): void => incoming.reply(replyTo(error, incoming, options));
  try {
    answer(incoming, match, options).then((reply) => incoming.reply(reply), fail);
  } catch (error) {
    fail(error);
  }
}

function replyTo(error: unknown, request: RequestName, { isUnavailable, onBug }: HandleOptions): Reply {
  if (error instanceof Refusal) return error.reply;
  if (isUnavailable(error)) return problem('SERVICE_UNAVAILABLE');
  onBug(error, request);
  return problem('INTERNAL_SERVER_ERROR');
}

function answer(incoming: Incoming, match: FoundRoute, options: HandleOptions): Promise<Reply> {
  const identity = options.authenticator.identify(incoming.request);
  if (!(identity instanceof Promise)) return answerTo(incoming, match, identity, options);
  // Kept before the wait: a client who hangs up meanwhile must not take his address out of sight of bans and limits.
  incoming.peerAddress();
  return identity.then((known) => answerTo(incoming, match, known, options));
}

function answerTo(
  incoming: Incoming,
  match: FoundRoute,
  identity: Identity,
  options: HandleOptions,
): Promise<Reply> {
  const { rateLimits } = options;
  const { limit } = match.route;
  const who = rateLimits === null || limit === null ? null : nameOf(incoming, identity);
  if (rateLimits === null || limit === null || who === null) return serve(incoming, match, identity);
  // As above.
  if (match.route.usesClientAddress) incoming.peerAddress();
  const work = async (): Promise<Reply> => {
    try {
      return await serve(incoming, match, identity);
    } catch (error) {
      return replyTo(error, incoming, options);
    }
  };
  const asker = { name: who, isCaller: identity.caller !== null, subject: match.params.values[0] ?? '' };
  return rateLimits.run(limit, asker, work);
}

/** Who is counted: the caller, else where he comes from; null if neither is known. */
function nameOf(incoming: Incoming, { caller, toldAddress }: Identity): string | null {
  if (caller !== null) return caller.userId;
  return addressCounted(incoming, toldAddress)?.banKey ?? null;
}

/** What can't be read is no way around the limits: those who send it are counted together, by whom they come through. */
function addressCounted(incoming: Incoming, toldAddress: string | null): Address | null {
  try {
    return clientAddress(incoming, toldAddress);
  } catch (error) {
    if (error instanceof InvalidFields) return parseAddress(incoming.peerAddress());
    throw error;
  }
}

function serve(incoming: Incoming, { route, params }: FoundRoute, identity: Identity): Promise<Reply> {
  const { caller, toldAddress } = identity;
  checkAccess(route.access, identity);
  checkIds(params);
  const json = route.body === 'stream' ? undefined : readBody(route, incoming.body);
  const address = route.usesClientAddress ? clientAddress(incoming, toldAddress) : null;
  return route.handle(new CheckedCall(incoming, params, caller, json, address));
}

class CheckedCall implements Call {
  readonly request: Request;
  readonly client: Incoming;
  readonly caller: MaybeCaller;
  readonly json: unknown;
  readonly stream: AsyncIterable<Uint8Array>;
  readonly clientAddress: Address | null;
  readonly #params: Params;

  constructor(
    incoming: Incoming,
    params: Params,
    caller: MaybeCaller,
    json: unknown,
    clientAddress: Address | null,
  ) {
    this.request = incoming.request;
    this.client = incoming;
    this.caller = caller;
    this.json = json;
    this.stream = incoming.stream;
    this.clientAddress = clientAddress;
    this.#params = params;
  }

  get trace(): Traceparent | null {
    return this.client.trace;
  }

  param(name: string): string {
    const value = this.#params.values[this.#params.names.indexOf(name)];
    if (value === undefined) throw new Error(`the route has no {${name}}`);
    return value;
  }

  get bytes(): Uint8Array {
    const { body } = this.client;
    if (body === 'too_large') throw new Error('a handler runs on a body that is too large');
    return body;
  }

  id(name: string): Snowflake {
    return this.param(name) as Snowflake;
  }
}

function checkAccess(access: Access, { caller, isUnjudged }: Identity): void {
  if (access === 'anyone') return;
  if (caller === null) throw new Refusal(problem(isUnjudged ? 'SERVICE_UNAVAILABLE' : 'UNAUTHORIZED'));
  if (access !== 'caller' && caller.role !== access) throw new Refusal(problem('ACCESS_DENIED'));
}

function checkIds({ names, values }: Params): void {
  let wrong: string[] | null = null;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? '';
    if (name.endsWith('_id') && !isSnowflake(values[at])) wrong = [...(wrong ?? []), name];
  }
  if (wrong !== null) throw new InvalidFields(wrong.map((name) => fieldError(name, 'INVALID_ID')));
}

function readBody(route: Route, body: WholeBody): unknown {
  if (body === 'too_large') throw new Refusal(problem('PAYLOAD_TOO_LARGE'));
  if (route.body === 'ignored') return undefined;
  const parsed = parseJson(body);
  if (!parsed.ok) throw new InvalidFields([parsed.error]);
  const value = parsed.value ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new InvalidFields([fieldError('body', 'INVALID_TYPE')]);
  }
  return value;
}
