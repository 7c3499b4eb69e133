// Which pages of other origins may read our answers (WHATWG Fetch, "HTTP-CORS protocol"). Tokens come in `Authorization`, never as cookies,
// so credentials are never allowed; what only a gateway may send (X-Invited-…) a page can't.

import { type Header, headerLines, linesOf, type Reply } from './reply.js';

/** Origins as browsers write them, or anyone. */
export type CorsOrigins = '*' | ReadonlySet<string>;

export interface Cors {
  /** What every answer to a request of this origin says, as header lines. `origin`: '' where none is named. */
  linesFor(origin: string): string;
  /** The answer to a preflight; what `linesFor` gives comes on top. `methods`: those of the path, as `Allow` names them. */
  preflight(origin: string, methods: string): Reply;
}

const REQUEST_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent';
const EXPOSED: Header = [
  'Access-Control-Expose-Headers',
  [
    ...['ETag', 'Link', 'Retry-After', 'X-Request-Id', 'Idempotency-Replayed'],
    ...['Limit', 'Remaining', 'Reset', 'Reset-After', 'Bucket'].map((what) => `X-RateLimit-${what}`),
  ].join(', '),
];
/** What a browser was told it need not ask again for so long; Chromium takes no longer. */
const PREFLIGHT_MAX_AGE_S = 7200;

export function createCors(origins: CorsOrigins): Cors {
  const anyone = linesOf([['Access-Control-Allow-Origin', '*'], EXPOSED]);
  // An answer that depends on the origin says so to caches, also where it has nothing to allow.
  const unlisted = linesOf([['Vary', 'Origin']]);
  const listed = new Map(
    origins === '*'
      ? []
      : [...origins].map((origin) => [
          origin,
          unlisted + linesOf([['Access-Control-Allow-Origin', origin], EXPOSED]),
        ]),
  );
  const isAllowed = (origin: string): boolean => origins === '*' || listed.has(origin);

  return {
    linesFor: (origin) => (origins === '*' ? anyone : (listed.get(origin) ?? unlisted)),

    preflight(origin, methods) {
      const allowed: readonly Header[] = [
        ['Access-Control-Allow-Methods', methods],
        ['Access-Control-Allow-Headers', REQUEST_HEADERS],
        ['Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_S)],
      ];
      return { status: 204, lines: headerLines(isAllowed(origin) ? allowed : []), body: null };
    },
  };
}
