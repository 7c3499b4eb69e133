// The two kinds of failure that Postgres may cause a caller: it can't be had right now, or we have a bug.
// Postgres's own errors quote values and SQL: none of their text may get past this folder, only the five
// characters of their SQLSTATE.

/** Postgres is away or can't serve now. Nothing of an unfinished transaction stays; of one whose commit was cut off, all or nothing. */
export class PostgresUnavailable extends Error {
  /** Postgres itself gave up in favour of somebody else (deadlock, serialization): the same again, at once, may well succeed. */
  readonly isRetryable: boolean;

  constructor(reason: string, isRetryable = false) {
    super(`Postgres is away (${reason})`);
    this.isRetryable = isRetryable;
  }
}

/** A statement that Postgres does not take, or an answer that isn't what we expect: a bug, not an outage. */
export class PostgresBug extends Error {}

const SQLSTATE = /^[0-9A-Z]{5}$/;
const RETRYABLE = new Set(['40001', '40P01']);
// Whole classes: connection, not let in, rollback, out of resources, intervention of an operator (and statement_timeout), I/O.
const PASSING_CLASSES = new Set(['08', '28', '40', '53', '57', '58']);
// No such database, read-only (a standby after a switch-over), a lock that was not had in time.
const PASSING_STATES = new Set(['3D000', '25006', '55P03']);

/** Turns what `pg` throws into one of the two above; `what` is our own name of the statement. */
export function fromPostgresError(error: unknown, what: string): PostgresUnavailable | PostgresBug {
  if (error instanceof PostgresUnavailable || error instanceof PostgresBug) return error;
  if (!(error instanceof Error)) return new PostgresBug(`${what}: something that is no error was thrown`);
  const code = codeOf(error);
  if (code !== null && SQLSTATE.test(code)) {
    if (RETRYABLE.has(code)) return new PostgresUnavailable(code, true);
    if (PASSING_CLASSES.has(code.slice(0, 2)) || PASSING_STATES.has(code))
      return new PostgresUnavailable(code);
    return new PostgresBug(`${what}: Postgres refused it (SQLSTATE ${code})`);
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return new PostgresBug(`${what}: could not be sent (${error.name})`);
  }
  return new PostgresUnavailable(code !== null && /^E[A-Z_]+$/.test(code) ? code : 'no answer');
}

function codeOf(error: Error): string | null {
  const code: unknown = 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}
