// The two forms in which events flow: text/event-stream (WHATWG HTML, server-sent events) and WebSocket messages.

import type { FeedPage } from '../../events/feed.js';
import type { Sink, Socket } from '../sink.js';
import type { Cut, ReaderSink } from './relay.js';

/**
 * Each event as its JSON; its id is the cursor to come back with. On a cluster (`idsAreCursors` false) only the last of a page has
 * one, since a cursor is long there.
 */
export function eventStreamSink(sink: Sink, idsAreCursors: boolean): ReaderSink {
  return {
    get isGone() {
      return sink.isGone;
    },
    write({ events, next }) {
      let text = '';
      events.forEach(({ id, json }, at) => {
        if (idsAreCursors) text += `id: ${id}\n`;
        else if (at === events.length - 1) text += `id: ${next}\n`;
        text += `data: ${json}\n\n`;
      });
      return sink.write(text);
    },
    beat: () => void sink.write(':\n\n'),
    drained: (maxMs, stop) => sink.drained(maxMs, stop),
  };
}

/** What the reader of an event stream is told last. */
export function eventStreamEnd(reason: Cut): string {
  return `event: closed\ndata: ${JSON.stringify({ reason })}\n\n`;
}

/** Each event as a message. On a cluster a message of its own tells the cursor, behind the events of a page. */
export function socketSink(socket: Socket, idsAreCursors: boolean): ReaderSink {
  return {
    get isGone() {
      return socket.isGone;
    },
    write({ events, next }: FeedPage) {
      let hasRoom = true;
      for (const { json } of events) hasRoom = socket.write(json);
      return idsAreCursors ? hasRoom : socket.write(JSON.stringify({ type: 'CURSOR', cursor: next }));
    },
    // uWebSockets.js sends pings by itself.
    beat: () => {},
    drained: (maxMs, stop) => socket.drained(maxMs, stop),
  };
}

/** RFC 6455, section 7.4: 1012 is a restart; from 4000 on they are ours. */
export const CLOSE_CODES = {
  slow_reader: 4008,
  cursor_expired: 4010,
  restarting: 1012,
} as const satisfies Record<Cut, number>;
