// Who calls, as the HTTP side has made it out.

import type { Snowflake } from './id.js';

export type Role = 'user' | 'bot' | 'service';

export interface Caller {
  readonly userId: Snowflake;
  readonly role: Role;
  /** The known bits that the token or the gateway claims for the resource of this request; null: look them up. */
  readonly permissions: number | null;
}

/** Somebody, or nobody. */
export type MaybeCaller = Caller | null;

export function isRole(text: unknown): text is Role {
  return text === 'user' || text === 'bot' || text === 'service';
}
