// What the doctor found: one thing he looked at, how it is, and what to change where it isn't well. Must never hold a secret.

export type Status = 'ok' | 'warning' | 'problem';

export interface Finding {
  /** What was looked at: `redis.eviction`. */
  readonly check: string;
  readonly status: Status;
  /** One line. */
  readonly message: string;
  /** The setting or the command that makes it well; null where it is, or nothing does. */
  readonly fix: string | null;
}

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message, fix: null };
}

/** It serves, but not as well or as safely as it could. */
export function warning(check: string, message: string, fix: string | null): Finding {
  return { check, status: 'warning', message, fix };
}

/** It doesn't serve, or what it answers may be lost. */
export function problem(check: string, message: string, fix: string | null): Finding {
  return { check, status: 'problem', message, fix };
}
