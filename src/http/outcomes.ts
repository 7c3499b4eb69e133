// What came of a request, in a word, for metrics: finer than its status. The words are few and given when the program starts; a
// reply names one by its number, so that counting it needs no look-up.

/** More than there are. */
export const OUTCOMES_MAX = 128;

const names: string[] = ['ok'];

/** What succeeded, and has no more to say. */
export const OK = 0;

/** The number of a word, the same each time. */
export function outcomeNamed(name: string): number {
  const known = names.indexOf(name);
  if (known !== -1) return known;
  if (names.length === OUTCOMES_MAX) throw new RangeError('too many outcomes');
  return names.push(name) - 1;
}

/** By their numbers. */
export const outcomeNames: readonly string[] = names;
