// Which form of an answer a client wants (RFC 9110, section 12.5.1).

import Negotiator from 'negotiator';
import { PROBLEM_TYPE } from './problem.js';

/**
 * The type that `Accept` likes best; of those it likes alike the one that it names first, and where it names neither, or
 * there is none, the first of `types`. undefined: none of them will do.
 */
export function prefers(accept: string | undefined, types: readonly string[]): string | undefined {
  // Some clients name a character set here, though JSON has but one.
  const plain = accept?.replace(/;\s*charset=[^,;]*/gi, '');
  return new Negotiator({ headers: { accept: plain } }).mediaType([...types]);
}

/** Does a client want errors as RFC 9457 has them? Only who names that type does. */
export function wantsProblem(accept: string | undefined): boolean {
  if (accept === undefined || !NAMES_IT.test(accept)) return false;
  return prefers(accept, ['application/json', PROBLEM_TYPE]) === PROBLEM_TYPE;
}

/** Does a client take a body in gzip (RFC 9110, section 12.5.3)? */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  const negotiator = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } });
  return negotiator.encoding(['gzip', 'identity']) === 'gzip';
}

/** Spares the others a closer look. */
const NAMES_IT = /application\/problem\+json/i;
