// Versions of what can be changed: they start at 1 (a vanity's at 0, for a guild that never had one) and grow by 1 with
// each change of settings.

/** On which versions a change insists: one of these, or any at all. An empty list suits nothing. */
export type WantedVersion = 'any' | readonly number[];
