// What the paged answers share: `limit`, and the Link to the page behind this one (RFC 8288).

import * as v from 'valibot';
import type { FieldErrorCode } from './field-errors.js';
import type { Header } from './reply.js';

export const PAGE_MAX = 1000;

const code = <Code extends FieldErrorCode>(given: Code): Code => given;

/** A whole number as a query has it. */
export const wholeText = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,9}$/, code('INVALID_TYPE')),
    v.transform(Number),
    v.minValue(min, code('OUT_OF_RANGE')),
    v.maxValue(max, code('OUT_OF_RANGE')),
  );

/** `limit` as a query has it: 1–1000. */
export const pageLimit = wholeText(1, PAGE_MAX);

/** The next page, as the same question from further on. */
export function nextLink(path: string, query: Readonly<Record<string, string>>, next: string): Header {
  return ['Link', `<${path}?${new URLSearchParams({ ...query, after: next })}>; rel="next"`];
}
