// GET /events: what the host must hear, as pages, as text/event-stream or as a WebSocket; and the readers who gave a name.

import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import type { Feed } from '../../events/feed.js';
import { CLOSE_CODES, eventStreamEnd, eventStreamSink, socketSink } from '../events/forms.js';
import { type Reader, type RelayOptions, relay } from '../events/relay.js';
import type { FieldErrorCode } from '../field-errors.js';
import { prefers } from '../negotiate.js';
import { pageLimit, wholeText } from '../paging.js';
import { problem } from '../problem.js';
import { type Header, jsonReply, NO_CONTENT, type Reply, socketReply, streamReply } from '../reply.js';
import { type Call, closed, type Route } from '../route.js';
import { validate } from '../validate.js';

export interface EventRoutesOptions extends RelayOptions {
  /** Readers that stay, in this process. */
  readonly readersMax: number;
}

const LIMIT_DEFAULT = '100';
const WAIT_MAX_S = 60;
const POLL_MS = 50;
const CONSUMER = /^[A-Za-z0-9._-]{1,64}$/;
const STREAM_TYPE = 'text/event-stream';
/** Answers of several forms live under one URL. */
const VARY: Header = ['Vary', 'Accept'];

export function eventRoutes(options: EventRoutesOptions): readonly Route[] {
  const { feed } = options;
  const schema = querySchema(feed);
  let readers = 0;

  /** Runs as one of the readers that stay, whose place was taken before. */
  const staying = async (run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } finally {
      readers -= 1;
    }
  };

  const stream = (reader: Reader): Reply =>
    streamReply(
      STREAM_TYPE,
      (sink) =>
        staying(async () => {
          const cut = await relay(options, reader, eventStreamSink(sink, feed.idsAreCursors));
          if (cut !== null) sink.write(eventStreamEnd(cut));
        }),
      [VARY],
    );
  const socket = (reader: Reader): Reply =>
    socketReply((socket) =>
      staying(async () => {
        const cut = await relay(options, reader, socketSink(socket, feed.idsAreCursors));
        if (cut !== null) socket.end(CLOSE_CODES[cut], cut);
      }),
    );

  return [
    closed('service', 'GET', '/events', async (call) => {
      const given = validate(schema, queryOf(call));
      const cursor = await begin(feed, given.consumer, given.after);
      if (cursor === 'too_many') return problem('SERVICE_UNAVAILABLE', [VARY]);
      if (cursor === 'expired') return problem('CURSOR_EXPIRED', [VARY]);
      const reader = { cursor, consumer: given.consumer };
      if (!call.client.wantsSocket && !wantsStream(call)) return longPoll(call, options, cursor, given);
      // Before it begins, so that it can still be said with a status.
      if ((await feed.read(cursor, 1)) === 'expired') return problem('CURSOR_EXPIRED', [VARY]);
      if (readers >= options.readersMax) return problem('SERVICE_UNAVAILABLE', [VARY]);
      // The answer goes out in this very turn, so that who is here now is given it, and gives his place back. A HEAD stays nowhere.
      if (!call.client.isGone && call.request.method !== 'HEAD') readers += 1;
      return call.client.wantsSocket ? socket(reader) : stream(reader);
    }),

    closed('service', 'GET', '/consumers', async () =>
      jsonReply(200, JSON.stringify({ consumers: await feed.consumers() })),
    ),

    closed('service', 'DELETE', '/consumers/{name}', async (call) =>
      (await feed.forget(call.param('name'))) ? NO_CONTENT : problem('UNKNOWN_CONSUMER'),
    ),
  ];
}

/** Where a reader begins: where he says; else, with a name, where he stood; else null. */
async function begin(
  feed: Feed,
  consumer: string | null,
  after: string | null,
): Promise<string | null | 'too_many' | 'expired'> {
  if (consumer === null) return after;
  // A place that is gone is never noted; one that was, and is gone, is forgotten, so that he can begin anew.
  if (after !== null && (await feed.read(after, 1)) === 'expired') return 'expired';
  const noted = await feed.note(consumer, after);
  if (noted === null) return 'too_many';
  if (after === null && (await feed.read(noted, 1)) === 'expired') {
    await feed.forget(consumer);
    return 'expired';
  }
  return after ?? noted;
}

async function longPoll(
  call: Call,
  { feed, closing }: EventRoutesOptions,
  cursor: string | null,
  { limit, wait: waitS }: { readonly limit: number; readonly wait: number },
): Promise<Reply> {
  const deadline = performance.now() + waitS * 1000;
  for (let after = cursor; ; ) {
    const page = await feed.read(after, limit);
    if (page === 'expired') return problem('CURSOR_EXPIRED', [VARY]);
    const left = deadline - performance.now();
    if (page.events.length > 0 || left <= 0 || closing.aborted || call.client.isGone) {
      const events = page.events.map(({ json }) => json).join(',');
      return jsonReply(200, `{"events":[${events}],"next":${JSON.stringify(page.next)}}`, [VARY]);
    }
    after = page.next;
    await wait(Math.min(POLL_MS, left), undefined, { signal: closing }).catch(() => {});
  }
}

/** A reader who comes back says so by a header; the URL is that of his first request. */
function queryOf(call: Call): Record<string, string> {
  const query = Object.fromEntries(new URLSearchParams(call.request.query));
  const last = call.request.headers.lastEventId;
  return last === undefined || last === '' ? query : { ...query, after: last };
}

function querySchema(feed: Feed) {
  const code = <Code extends FieldErrorCode>(given: Code): Code => given;
  return v.object({
    after: v.optional(
      v.nullable(
        v.pipe(
          v.string(),
          v.check((text) => feed.isCursor(text), code('INVALID_VALUE')),
        ),
      ),
      null,
    ),
    consumer: v.optional(v.nullable(v.pipe(v.string(), v.regex(CONSUMER, code('INVALID_VALUE')))), null),
    limit: v.optional(pageLimit, LIMIT_DEFAULT),
    wait: v.optional(wholeText(0, WAIT_MAX_S), '0'),
  });
}

function wantsStream({ request: { headers } }: Call): boolean {
  return prefers(headers.accept, ['application/json', STREAM_TYPE]) === STREAM_TYPE;
}
