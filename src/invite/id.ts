// Snowflake ids: decimal strings from end to end, since they don't fit a JavaScript number.
// Must never be turned into a number.

/** A decimal id, `0` … 2^63 − 1, without leading zeros. */
export type Snowflake = string & { readonly brand: 'snowflake' };

const SHAPE = /^(?:0|[1-9][0-9]{0,18})$/;
const LARGEST = '9223372036854775807';

export function isSnowflake(text: unknown): text is Snowflake {
  if (typeof text !== 'string' || !SHAPE.test(text)) return false;
  // Of equal length, decimal strings compare as their numbers do.
  return text.length < LARGEST.length || text <= LARGEST;
}
