// Where a webhook's events come from: what the outbox has to offer to it. Only the shape; run/outbox-source.ts says who fills it.

import type { OutboxEvent } from '../events/event-json.js';

export interface OutboxPage {
  readonly events: readonly OutboxEvent[];
  /** Behind the last of them. */
  readonly next: string;
  /** Entries behind the cursor were trimmed away before they were read: some events are lost to this reader. */
  readonly hasGap: boolean;
}

/** One journal's events for one named consumer. */
export interface OutboxSource {
  /** Where this consumer stands, null: it is new and begins with what comes from now on (the source notes that itself). */
  position(consumer: string): Promise<string | null>;
  /** Up to `limit` events behind the cursor (null: oldest kept); none: there are no more now. */
  read(after: string | null, limit: number): Promise<OutboxPage>;
  /** Everything up to this event id (inclusive) has been dealt with; it may be trimmed away as far as this consumer is concerned. */
  note(consumer: string, upTo: string): Promise<void>;
}
