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
const FRAMING: ReadonlySet<HeaderName> = new Set(['content-length', 'transfer-encoding', 'host']);
const NONE: readonly HeaderName[] = [];

export interface Request {
  /** Upper case. */
  readonly method: string;
  /** As it stands in the request line, not decoded. */
  readonly path: string;
  /** Behind the question mark, as it stands; '' for none. */
  readonly query: string;
  /** Absent headers are absent; of a header that came twice, both values joined by a comma. */
  readonly headers: Readonly<Partial<Record<HeaderName, string>>>;
  /** Headers that came more than once. */
  readonly repeated: readonly HeaderName[];
}

export function readRequest(request: HttpRequest): Request {
  const headers: Partial<Record<HeaderName, string>> = {};
  let repeated: readonly HeaderName[] = NONE;
  request.forEach((name, value) => {
    if (!isKnown(name)) return;
    const before = headers[name];
    if (before !== undefined) repeated = [...repeated, name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  });
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    // The older build gives undefined where there is no query.
    query: request.getQuery() ?? '',
    headers,
    repeated,
  };
}

/** Is the framing of this request's body beyond doubt? What two parsers could read differently is refused. */
export function hasSoundFraming(request: Request): boolean {
  const { headers, repeated } = request;
  if (repeated.length > 0 && repeated.some((name) => FRAMING.has(name))) return false;
  const encoding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (encoding !== undefined) return encoding === 'chunked' && length === undefined;
  return length === undefined || /^[0-9]{1,15}$/.test(length);
}

/** Does a body come with this request? To be asked of sound framing only. */
export function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isKnown(name: string): name is HeaderName {
  return KNOWN.has(name);
}
