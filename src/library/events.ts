// The verbs about events: pages behind a cursor, and the consumers for whom they are kept.

import * as v from 'valibot';
import type { Feed } from '../events/feed.js';
import type { FieldErrorCode } from '../http/field-errors.js';
import { checked, limit, refuse, textAt } from './check.js';
import type { Engine } from './engine.js';
import { happened } from './shown.js';

const CONSUMER = /^[A-Za-z0-9._-]{1,64}$/;
const LIMIT_DEFAULT = 100;

const text = v.string('INVALID_TYPE' satisfies FieldErrorCode);
const query = v.object(
  {
    after: v.optional(v.nullable(text), null),
    consumer: v.optional(
      v.nullable(v.pipe(text, v.regex(CONSUMER, 'INVALID_VALUE' satisfies FieldErrorCode))),
      null,
    ),
    limit: v.optional(limit, LIMIT_DEFAULT),
  },
  'INVALID_TYPE' satisfies FieldErrorCode,
);

export function eventVerbs(feed: Feed): Pick<Engine, 'events' | 'forgetConsumer'> {
  return {
    async events(asked = {}) {
      const given = checked(query, asked);
      if (given.after !== null && !feed.isCursor(given.after)) throw refuse('after', 'INVALID_VALUE');
      const cursor = await feed.begin(given.consumer, given.after);
      if (cursor === 'too_many') return { status: 'too_many_consumers' };
      const page = cursor === 'expired' ? cursor : await feed.read(cursor, given.limit);
      if (page === 'expired') return { status: 'expired' };
      return { status: 'page', events: page.events.map(happened), next: page.next };
    },

    async forgetConsumer(name) {
      return { status: (await feed.forget(textAt('name', name))) ? 'forgotten' : 'unknown_consumer' };
    },
  };
}
