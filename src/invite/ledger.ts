// The ledger of joins, as whoever asks it sees it: who came by which invite. It is kept behind the engine (src/ledger.ts), which
// never waits for it.

import type { Snowflake } from './id.js';

export interface Join {
  /** Stable, and that of no other join. */
  readonly id: string;
  readonly code: string;
  readonly guildId: Snowflake;
  /** null: by a vanity code. */
  readonly channelId: Snowflake | null;
  readonly userId: Snowflake;
  /** null: by a vanity code, or one that nobody known made. */
  readonly inviterId: Snowflake | null;
  readonly atMs: number;
  readonly isTemporary: boolean;
  readonly isVanity: boolean;
}

export interface JoinsQuery {
  readonly guildId: Snowflake;
  /** null: by any; likewise below. */
  readonly code: string | null;
  readonly inviterId: Snowflake | null;
  readonly userId: Snowflake | null;
  /** The `next` of the page before; null: from the newest on. */
  readonly after: string | null;
  readonly limit: number;
}

export interface JoinsPage {
  /** Newest first. */
  readonly joins: readonly Join[];
  /** null: there are no more. */
  readonly next: string | null;
}

export interface Ledger {
  /** Could this have been the `next` of a page? */
  isCursor(text: string): boolean;
  /** Has every join that was answered before it was asked, unless the copy is seconds behind. Rejects while it can't be had. */
  joins(query: JoinsQuery): Promise<JoinsPage>;
}
