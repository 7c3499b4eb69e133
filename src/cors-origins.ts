// The setting INVITED_CORS_ORIGINS: whose pages may read answers. Held to what browsers send, to the letter: an origin that is
// written otherwise would never fit, and nobody would know why.

import * as v from 'valibot';

const ORIGINS_MAX = 100;

/** `*` for anyone. */
export const corsOrigins = v.pipe(
  v.string(),
  v.transform((joined) => joined.split(',').map((part) => part.trim())),
  v.maxLength(ORIGINS_MAX, `must be at most ${ORIGINS_MAX} origins`),
  v.check(
    (given) => (given.length === 1 && given[0] === '*') || given.every(isOrigin),
    'must be * alone, or origins as browsers write them (scheme://host or scheme://host:port, in lower case, without a path or the usual port), separated by commas',
  ),
  v.transform((given): '*' | ReadonlySet<string> => (given[0] === '*' ? '*' : new Set(given))),
);

/** As it stands in the header `Origin`; apps have schemes of their own there. */
function isOrigin(given: string): boolean {
  // A URL may have a host with a star in it, but nobody is served there.
  if (/^https?:/.test(given)) {
    return URL.canParse(given) && new URL(given).origin === given && !given.includes('*');
  }
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+(?::[0-9]{1,5})?$/.test(given);
}
