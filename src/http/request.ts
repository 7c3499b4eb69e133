// What a handler may know of a request: plain values, read out before the first await, since uWebSockets.js takes its
// own request object back then.

import type { HttpRequest } from './uws.js';

/** The headers that we read; absent ones are undefined. Of one that came twice, both values joined by a comma. */
export class Headers {
  accept: string | undefined = undefined;
  acceptEncoding: string | undefined = undefined;
  authorization: string | undefined = undefined;
  clientIp: string | undefined = undefined;
  contentLength: string | undefined = undefined;
  forwarded: string | undefined = undefined;
  gatewayKey: string | undefined = undefined;
  host: string | undefined = undefined;
  lastEventId: string | undefined = undefined;
  idempotencyKey: string | undefined = undefined;
  ifMatch: string | undefined = undefined;
  ifNoneMatch: string | undefined = undefined;
  permissions: string | undefined = undefined;
  requestId: string | undefined = undefined;
  role: string | undefined = undefined;
  transferEncoding: string | undefined = undefined;
  user: string | undefined = undefined;
  xForwardedFor: string | undefined = undefined;
}

type Field = keyof Headers;

/** By the name on the wire, in lower case. */
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['accept', 'accept'],
  ['accept-encoding', 'acceptEncoding'],
  ['authorization', 'authorization'],
  ['x-invited-client-ip', 'clientIp'],
  ['content-length', 'contentLength'],
  ['forwarded', 'forwarded'],
  ['x-invited-gateway-key', 'gatewayKey'],
  ['host', 'host'],
  ['last-event-id', 'lastEventId'],
  ['idempotency-key', 'idempotencyKey'],
  ['if-match', 'ifMatch'],
  ['if-none-match', 'ifNoneMatch'],
  ['x-invited-permissions', 'permissions'],
  ['x-request-id', 'requestId'],
  ['x-invited-role', 'role'],
  ['transfer-encoding', 'transferEncoding'],
  ['x-invited-user', 'user'],
  ['x-forwarded-for', 'xForwardedFor'],
]);

export interface Request {
  /** Upper case. */
  readonly method: string;
  /** As it stands in the request line, not decoded. */
  readonly path: string;
  /** Behind the question mark, as it stands; '' for none. */
  readonly query: string;
  readonly headers: Readonly<Headers>;
  /** Did a header that frames the message, or the host, come more than once? */
  readonly repeatsFraming: boolean;
}

export function readRequest(request: HttpRequest): Request {
  const headers = new Headers();
  let repeatsFraming = false;
  request.forEach((name, value) => {
    const field = FIELDS.get(name);
    if (field === undefined) return;
    const before = headers[field];
    if (before !== undefined && isFraming(field)) repeatsFraming = true;
    headers[field] = before === undefined ? value : `${before}, ${value}`;
  });
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    // The older build gives undefined where there is no query.
    query: request.getQuery() ?? '',
    headers,
    repeatsFraming,
  };
}

function isFraming(field: Field): boolean {
  return field === 'contentLength' || field === 'transferEncoding' || field === 'host';
}

/** Is the framing of this request's body beyond doubt? What two parsers could read differently is refused. */
export function hasSoundFraming({ headers, repeatsFraming }: Request): boolean {
  if (repeatsFraming) return false;
  const { transferEncoding, contentLength } = headers;
  if (transferEncoding !== undefined) return transferEncoding === 'chunked' && contentLength === undefined;
  return contentLength === undefined || /^[0-9]{1,15}$/.test(contentLength);
}

/** Does a body come with this request? To be asked of sound framing only. */
export function hasBody({ headers }: Request): boolean {
  return headers.transferEncoding !== undefined || Number(headers.contentLength ?? 0) > 0;
}
