// What a handler may know of a request: plain values, read out before the first await, since uWebSockets.js takes its
// own request object back then.

import type { HttpRequest } from './uws.js';

const HEADERS = [
  'accept',
  'authorization',
  'content-length',
  'host',
  'transfer-encoding',
  'x-invited-client-ip',
  'x-invited-gateway-key',
  'x-invited-permissions',
  'x-invited-role',
  'x-invited-user',
  'x-request-id',
] as const;

export type HeaderName = (typeof HEADERS)[number];

const KNOWN: ReadonlySet<string> = new Set(HEADERS);

export interface Request {
  /** Upper case. */
  readonly method: string;
  /** As it stands in the request line, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Absent headers are absent; of a header that came twice, both values joined by a comma. */
  readonly headers: ReadonlyMap<HeaderName, string>;
  /** Headers that came more than once. */
  readonly repeated: ReadonlySet<HeaderName>;
}

export function readRequest(request: HttpRequest): Request {
  const headers = new Map<HeaderName, string>();
  const repeated = new Set<HeaderName>();
  request.forEach((name, value) => {
    if (!isKnown(name)) return;
    const before = headers.get(name);
    if (before !== undefined) repeated.add(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    // The older build gives undefined where there is no query.
    query: new URLSearchParams(request.getQuery() ?? ''),
    headers,
    repeated,
  };
}

/** Is the framing of this request's body beyond doubt? What two parsers could read differently is refused. */
export function hasSoundFraming(request: Request): boolean {
  const { headers, repeated } = request;
  if (repeated.has('content-length') || repeated.has('transfer-encoding') || repeated.has('host'))
    return false;
  const encoding = headers.get('transfer-encoding');
  const length = headers.get('content-length');
  if (encoding !== undefined) return encoding === 'chunked' && length === undefined;
  return length === undefined || /^[0-9]{1,15}$/.test(length);
}

function isKnown(name: string): name is HeaderName {
  return KNOWN.has(name);
}
