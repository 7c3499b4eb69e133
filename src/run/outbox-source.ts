// Where the events come from that webhooks are sent: the one place where they meet the event feed.

import type { Journal } from '../store/journals.js';
import type { Store } from '../store/store.js';
import type { OutboxSource } from '../webhooks/source.js';

/** The events of one journal, for any of its consumers. */
export function openOutboxSource(_store: Store, _journal: Journal): OutboxSource {
  throw new Error('not there yet');
}
