// The error for an argument that can't be right: the caller's mistake, found before anything was sent.

/** What is wrong with one field. */
export interface InputProblem {
  /** Where: `guildId`, `roles.0.permissions`. */
  readonly path: string;
  /** As in the `errors` of the HTTP API: `REQUIRED`, `INVALID_ID`, `OUT_OF_RANGE` … */
  readonly code: string;
  /** For people. */
  readonly message: string;
}

/** Nothing was sent and nothing has changed. */
export class InvalidInput extends TypeError {
  readonly code = 'INVALID_INPUT';
  readonly errors: readonly InputProblem[];

  constructor(errors: readonly InputProblem[]) {
    super(errors.map(({ path, message }) => `${path}: ${message}`).join(' '));
    this.name = 'InvalidInput';
    this.errors = errors;
  }
}
