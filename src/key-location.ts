// Where the public keys are with which an issuer's tokens are checked (a JWK Set, RFC 7517).

import type { Secret } from './secret.js';

export type KeyLocation =
  | { readonly kind: 'file'; readonly path: string }
  /** http or https. Whole: its query may be a secret. */
  | { readonly kind: 'url'; readonly url: Secret };

/** What of it may be shown in a log or an error: the path, or origin and path. */
export function shownLocation(location: KeyLocation): string {
  if (location.kind === 'file') return location.path;
  const { origin, pathname } = new URL(location.url.reveal());
  return origin + pathname;
}
