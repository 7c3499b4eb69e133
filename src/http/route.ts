// A route: where it is, who may use it, what it wants of the path and body. The order in which these are checked
// is the same for all and stands in handle.ts; a handler only asks the engine and words its outcome.

import type { Address } from '../invite/address.js';
import type { Caller, MaybeCaller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Bucket } from './limits/buckets.js';
import type { Reply } from './reply.js';
import type { Request } from './request.js';

/** `anyone`, some caller, a caller of role `user`, or one of role `service`. */
export type Access = 'anyone' | 'caller' | 'user' | 'service';

export interface Call {
  readonly request: Request;
  /** The other end; has it gone, nobody needs the answer. */
  readonly client: { readonly isGone: boolean; readonly wantsSocket: boolean };
  readonly caller: MaybeCaller;
  /** A piece of the path, as it stands there. */
  param(name: string): string;
  /** A piece of the path that is an id; checked before the handler runs, by its name: `…_id`. */
  id(name: string): Snowflake;
  /** The parsed body; `{}` if it is absent or null. Only where the route reads JSON. */
  readonly json: unknown;
  /** The body's bytes. Not where the route streams. */
  readonly bytes: Uint8Array;
  /** The body in pieces. Only where the route streams. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** The client's address, from the gateway or the connection; null if unknown, or if the route doesn't ask for it. */
  readonly clientAddress: Address | null;
}

export interface KnownCall extends Call {
  readonly caller: Caller;
}

export interface Route {
  /** GET also answers HEAD. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/guilds/{guild_id}`: a piece in braces is any one non-empty segment. */
  readonly path: string;
  readonly access: Access;
  /** `ignored`: any body under the limit will do. */
  readonly body: 'json' | 'ignored' | 'stream';
  readonly usesClientAddress: boolean;
  /** null: it may be asked as often as one likes. */
  readonly limit: Bucket | null;
  readonly handle: (call: Call) => Promise<Reply>;
}

interface Extras {
  readonly body?: Route['body'];
  readonly usesClientAddress?: boolean;
  readonly limit?: Bucket;
}

/** A route that needs nobody: a bad token is as good as none. */
export function open(
  method: Route['method'],
  path: string,
  handle: (call: Call) => Promise<Reply>,
  extras: Extras = {},
): Route {
  return {
    method,
    path,
    access: 'anyone',
    handle,
    body: extras.body ?? 'ignored',
    usesClientAddress: extras.usesClientAddress ?? false,
    limit: extras.limit ?? null,
  };
}

/** A route for callers only; without one it answers 401 before the handler runs. */
export function closed(
  access: Exclude<Access, 'anyone'>,
  method: Route['method'],
  path: string,
  handle: (call: KnownCall) => Promise<Reply>,
  extras: Extras = {},
): Route {
  return {
    method,
    path,
    access,
    // handle.ts lets nobody but a caller through.
    handle: (call) => handle(call as KnownCall),
    body: extras.body ?? 'ignored',
    usesClientAddress: extras.usesClientAddress ?? false,
    limit: extras.limit ?? null,
  };
}
