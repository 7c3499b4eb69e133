// Where the events come from that webhooks are sent: the one place where they meet the event feed.

import { type FeedSource, readJournal } from '../events/feed.js';
import { positionOfId } from '../events/position.js';
import type { Journal } from '../store/journals.js';
import type { OutboxSource } from '../webhooks/source.js';

/** The events of one journal, for any of its consumers. */
export function openOutboxSource(source: FeedSource, journal: Journal): OutboxSource {
  return {
    position: (consumer) => source.events.begin(journal, consumer, 'newest'),

    async read(after, limit) {
      const page = await readJournal(source, journal, after, limit);
      const read = page === 'expired' ? await readJournal(source, journal, null, limit) : page;
      // It can't be too old to begin with the oldest.
      if (read === 'expired') throw new Error('the oldest events have expired');
      return { events: read.events, next: read.position ?? '0-0', hasGap: page === 'expired' };
    },

    async note(consumer, upTo) {
      await source.events.advance(journal, consumer, positionOfId(upTo));
    },
  };
}
