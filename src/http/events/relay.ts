// Hands events to one reader for as long as he stays. He is given no more than he takes; who takes nothing for too long is cut, with
// a reason, and loses nothing when he comes back with the last cursor he was told.

import { setTimeout as wait } from 'node:timers/promises';
import type { Feed, FeedPage } from '../../events/feed.js';

/** Why a reader is cut. */
export type Cut = 'slow_reader' | 'cursor_expired' | 'restarting';

export interface ReaderSink {
  readonly isGone: boolean;
  /** false: hold back until it is `drained`. */
  write(page: FeedPage): boolean;
  /** A sign of life. */
  beat(): void;
  drained(maxMs: number, stop: AbortSignal): Promise<boolean>;
}

export interface RelayOptions {
  readonly feed: Feed;
  /** How long a reader may take nothing. */
  readonly readerMaxMs: number;
  /** The process ends. */
  readonly closing: AbortSignal;
  readonly isUnavailable: (error: unknown) => boolean;
}

export interface Reader {
  /** null: from the oldest events that are kept. */
  readonly cursor: string | null;
  /** The name under which is noted how far he has got; null: he gave none. */
  readonly consumer: string | null;
}

/** Events in one go: of a guild that shows as much as can be told, some 8 MB (sockets.ts has room for twice that). */
const PAGE = 250;
const POLL_MS = 50;
const OUTAGE_POLL_MS = 500;
/** Shorter than what proxies, and uWebSockets.js, wait for. */
const BEAT_MS = 5000;
const NOTE_MS = 1000;

/** @returns why it ended; null: the reader has gone */
export async function relay(options: RelayOptions, reader: Reader, sink: ReaderSink): Promise<Cut | null> {
  const { feed, closing, readerMaxMs } = options;
  const pause = (ms: number): Promise<void> => wait(ms, undefined, { signal: closing }).catch(() => {});
  let { cursor } = reader;
  let wroteAt = performance.now();
  let notedAt = Number.NEGATIVE_INFINITY;
  /** What he was given lately may still be on its way, and goes with his connection. */
  const onTheWay: { readonly cursor: string; readonly atMs: number }[] = [];
  let had: string | null = null;

  const attempt = async <Result>(ask: () => Promise<Result>): Promise<Result | null> => {
    try {
      return await ask();
    } catch (error) {
      if (!options.isUnavailable(error)) throw error;
      return null;
    }
  };

  // So that he sees the answer, though nothing happens.
  sink.beat();
  while (!sink.isGone) {
    if (closing.aborted) return 'restarting';
    const page = await attempt(() => feed.read(cursor, PAGE));
    if (page === 'expired') return 'cursor_expired';
    if (sink.isGone) return null;
    const now = performance.now();
    if (page !== null && page.events.length > 0) {
      wroteAt = now;
      const hasRoom = sink.write(page);
      if (!hasRoom && !(await sink.drained(readerMaxMs, closing))) {
        if (sink.isGone) return null;
        return closing.aborted ? 'restarting' : 'slow_reader';
      }
    } else if (now - wroteAt > BEAT_MS) {
      wroteAt = now;
      sink.beat();
    }
    if (page !== null) cursor = page.next;
    const { consumer } = reader;
    if (consumer !== null && now - notedAt > NOTE_MS) {
      notedAt = now;
      if (cursor !== null) onTheWay.push({ cursor, atMs: now });
      while ((onTheWay[0]?.atMs ?? now) < now - readerMaxMs) had = onTheWay.shift()?.cursor ?? had;
      // Where he stood, while nothing is old enough: he is here.
      await attempt(() => feed.note(consumer, had));
    }
    if (page === null) await pause(OUTAGE_POLL_MS);
    else if (page.events.length === 0) await pause(POLL_MS);
  }
  return null;
}
