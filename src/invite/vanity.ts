// Vanity codes: how input becomes a code, and why it may be refused.
// Must never look anything up: whether a code is taken is the store's to say.

export const VANITY_LENGTH_MIN = 3;
export const VANITY_LENGTH_MAX = 32;

// The first path segments of both listeners, and what a person could take for the operator's own pages.
const RESERVED = new Set([
  'admin',
  'api',
  'console',
  'docs',
  'healthz',
  'internal',
  'invite',
  'invites',
  'metrics',
  'openapi',
  'readyz',
  'v1',
]);

export type VanityProblem =
  | 'VANITY_URL_CODE_LENGTH_INVALID'
  | 'VANITY_URL_INVALID_CHARACTERS'
  | 'VANITY_URL_CODE_RESERVED';

export type VanityParse =
  | { readonly ok: true; readonly code: string }
  | { readonly ok: false; readonly problem: VanityProblem };

/** Is this word never to be a code? Takes it in lower case. `more` is what the operator adds. */
export function isReserved(word: string, more: ReadonlySet<string> = NONE): boolean {
  return RESERVED.has(word) || more.has(word);
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Trims, lower-cases, turns white space and runs of hyphens into one hyphen; then checks length, characters and
 * reserved words, in this order.
 */
export function parseVanity(input: string, moreReserved: ReadonlySet<string>): VanityParse {
  const code = input.trim().toLowerCase().replace(/\s+/gu, '-').replace(/-+/g, '-');
  // Counted in characters as people see them written, not in UTF-16 units.
  const length = [...code].length;
  if (length < VANITY_LENGTH_MIN || length > VANITY_LENGTH_MAX) {
    return { ok: false, problem: 'VANITY_URL_CODE_LENGTH_INVALID' };
  }
  if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(code)) {
    return { ok: false, problem: 'VANITY_URL_INVALID_CHARACTERS' };
  }
  if (isReserved(code, moreReserved)) return { ok: false, problem: 'VANITY_URL_CODE_RESERVED' };
  return { ok: true, code };
}
