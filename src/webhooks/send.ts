// One attempt: one POST, and what came of it. Never throws, never follows a redirect, never waits longer than it was told, and never
// says more of a failure than a few words: what a receiver answers, and what stands in its URL, is nobody's business.

import type { OutboxEvent } from '../events/event-json.js';
import type { Secret } from '../secret.js';
import type { Sign } from './sign.js';

export type Sent =
  | { readonly outcome: 'delivered' }
  | {
      readonly outcome: 'failed';
      readonly reason: string;
      /** The receiver asked for at least this pause; 0: it didn't. */
      readonly leastPauseMs: number;
    };

/** @param aborting cuts it off: it failed then */
export type Send = (
  event: Pick<OutboxEvent, 'id' | 'json' | 'traceparent'>,
  aborting: AbortSignal,
) => Promise<Sent>;

export interface SendOptions {
  readonly url: Secret;
  readonly sign: Sign;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** Of an answer so much is read, so that its connection can be used again; from there on it is cut off. */
const ANSWER_BYTES_MAX = 65_536;
const RETRY_AFTER_MAX_S = 300;

export function createSend({ url, sign, timeoutMs, userAgent }: SendOptions): Send {
  return async ({ id, json, traceparent }, aborting) => {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, timeoutMs);
    aborting.addEventListener('abort', end, { once: true });
    if (aborting.aborted) end();
    try {
      const answer = await fetch(url.reveal(), {
        method: 'POST',
        headers: {
          ...sign(id, json, Date.now()),
          'content-type': 'application/json',
          'user-agent': userAgent,
          ...(traceparent === undefined ? {} : { traceparent }),
        },
        body: json,
        redirect: 'manual',
        signal: ending.signal,
      });
      await drain(answer.body);
      return sentOf(answer);
    } catch (error) {
      const reason = aborting.aborted ? 'cut off' : ending.signal.aborted ? 'timed out' : wordFor(error);
      return { outcome: 'failed', reason, leastPauseMs: 0 };
    } finally {
      clearTimeout(timer);
      aborting.removeEventListener('abort', end);
    }
  };
}

function sentOf({ status, headers }: Response): Sent {
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  const asks = status === 429 || status === 503;
  const reason = status >= 300 && status < 400 ? `redirect ${status}` : `status ${status}`;
  return { outcome: 'failed', reason, leastPauseMs: asks ? retryAfterMs(headers.get('retry-after')) : 0 };
}

/** Seconds only; a date is not taken. */
function retryAfterMs(text: string | null): number {
  if (text === null || !/^[0-9]{1,9}$/.test(text)) return 0;
  return Math.min(Number(text), RETRY_AFTER_MAX_S) * 1000;
}

/** What has been answered is known by the status already: a body that breaks off changes nothing. */
async function drain(body: Response['body']): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  let bytes = 0;
  try {
    while (bytes <= ANSWER_BYTES_MAX) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
    await reader.cancel();
  } catch {
    // Cut off by us, or by them.
  }
}

/** fetch hides why it failed in the cause; of that only a code is told, such as ECONNREFUSED. */
function wordFor(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'no connection';
}
