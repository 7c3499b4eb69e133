// The form of every outcome in this project: a status, and what belongs to it. Handled by exhaustive switches.

/** One member for each status that has nothing beside it, so that a check of the status narrows the union. */
export type Plain<Status extends string> = Status extends string ? { readonly status: Status } : never;
