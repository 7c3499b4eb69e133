// From a request to its answer, in the contract's order of checks (§7): route, who calls, 401, role, ids in the path,
// body; what comes after is the handler's and the engine's. Turns whatever is thrown into an answer.

import { type Address, parseAddress } from '../invite/address.js';
import type { MaybeCaller } from '../invite/caller.js';
import { isSnowflake, type Snowflake } from '../invite/id.js';
import type { Authenticator } from './auth.js';
import { fieldError } from './field-errors.js';
import { parseJson } from './json.js';
import { InvalidFields, problem, Refusal } from './problem.js';
import type { Reply } from './reply.js';
import type { Request } from './request.js';
import type { Access, Call, Route } from './route.js';

/** A body that was taken in whole, or was larger than the limit. */
export type WholeBody = Uint8Array | 'too_large';

export interface Incoming {
  readonly request: Request;
  readonly route: Route;
  readonly params: ReadonlyMap<string, string>;
  readonly body: WholeBody;
  readonly stream: AsyncIterable<Uint8Array>;
  /** The other end of the connection. */
  readonly peerAddress: string;
}

export interface HandleOptions {
  readonly authenticator: Authenticator;
  /** Is this error an outage, rather than a bug? */
  readonly isUnavailable: (error: unknown) => boolean;
  /** Told of every bug, with nothing of the request but its id. */
  readonly onBug: (error: unknown) => void;
}

export async function handle(incoming: Incoming, options: HandleOptions): Promise<Reply> {
  try {
    return await answer(incoming, options);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    if (options.isUnavailable(error)) return problem('SERVICE_UNAVAILABLE');
    options.onBug(error);
    return problem('INTERNAL_SERVER_ERROR');
  }
}

async function answer(incoming: Incoming, { authenticator }: HandleOptions): Promise<Reply> {
  const { request, route, params } = incoming;
  const caller = await authenticator.identify(request);
  checkAccess(route.access, caller);
  checkIds(params);
  const json = route.body === 'stream' ? undefined : readBody(route, incoming.body);
  const call: Call = {
    request,
    caller,
    json,
    stream: incoming.stream,
    clientAddress: route.usesClientAddress ? clientAddress(incoming, authenticator) : null,
    param: (name) => paramOf(params, name),
    id: (name) => paramOf(params, name) as Snowflake,
  };
  return route.handle(call);
}

function checkAccess(access: Access, caller: MaybeCaller): void {
  if (access === 'anyone') return;
  if (caller === null) throw new Refusal(problem('UNAUTHORIZED'));
  if (access !== 'caller' && caller.role !== access) throw new Refusal(problem('ACCESS_DENIED'));
}

function checkIds(params: ReadonlyMap<string, string>): void {
  const wrong = [...params].filter(([name, value]) => name.endsWith('_id') && !isSnowflake(value));
  if (wrong.length > 0) throw new InvalidFields(wrong.map(([name]) => fieldError(name, 'INVALID_ID')));
}

/** What the gateway tells counts, else the other end of the connection; null where there is none (a Unix socket). */
function clientAddress(incoming: Incoming, authenticator: Authenticator): Address | null {
  const told = authenticator.toldAddress(incoming.request);
  if (told === null) return parseAddress(incoming.peerAddress);
  const address = parseAddress(told);
  // A list or a port that were passed over in silence would lift every address ban.
  if (address === null) throw new InvalidFields([fieldError('X-Invited-Client-IP', 'INVALID_ADDRESS')]);
  return address;
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

function paramOf(params: ReadonlyMap<string, string>, name: string): string {
  const value = params.get(name);
  if (value === undefined) throw new Error(`the route has no {${name}}`);
  return value;
}
