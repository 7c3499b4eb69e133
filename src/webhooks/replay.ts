// Sends dead letters again, once each, oldest first, to the webhook that did not take them; those that are taken are dead letters no
// more. A letter is taken away only behind its delivery: one that breaks off in between is sent again, as every event may be.

import type { KeptDeadLetter } from '../store/dead-letters.js';
import type { Send } from './send.js';
import type { Target } from './target.js';

export interface ReplayOptions {
  readonly deadLetters: {
    list(after: string | null, limit: number): Promise<readonly KeptDeadLetter[]>;
    count(): Promise<number>;
    remove(ids: readonly string[]): Promise<void>;
  };
  /** Those that the settings name. */
  readonly targets: readonly { readonly target: Target; readonly send: Send }[];
  /** Those of one event; null: all. */
  readonly eventId: string | null;
  /** Told of each that is left, and why. */
  readonly onLeft: (letter: KeptDeadLetter, why: string) => void;
}

export interface Replayed {
  readonly delivered: number;
  readonly left: number;
}

const PAGE_MAX = 100;
/** Failures in a row; beyond them a URL is asked no more. */
const FAILURES_MAX = 5;
const NEVER = new AbortController().signal;

/** @throws StoreUnavailable */
export async function replay({ deadLetters, targets, eventId, onLeft }: ReplayOptions): Promise<Replayed> {
  const failuresInRow = new Map<string, number>();

  /** null: it was delivered. */
  const sendAgain = async (letter: KeptDeadLetter): Promise<string | null> => {
    const found = targets.find(({ target }) => target.consumer === letter.consumer);
    if (found === undefined) return 'INVITED_WEBHOOK_URLS has its URL no more';
    const failures = failuresInRow.get(letter.consumer) ?? 0;
    if (failures >= FAILURES_MAX) return 'not tried: the URL fails';
    const sent = await found.send({ id: letter.eventId, json: letter.json }, NEVER);
    failuresInRow.set(letter.consumer, sent.outcome === 'delivered' ? 0 : failures + 1);
    return sent.outcome === 'delivered' ? null : sent.reason;
  };

  const sum = { delivered: 0, left: 0 };
  // Those that come meanwhile are not waited for.
  let todo = await deadLetters.count();
  for (let after: string | null = null; todo > 0; ) {
    const page = await deadLetters.list(after, Math.min(PAGE_MAX, todo));
    if (page.length === 0) break;
    for (const letter of page) {
      if (eventId !== null && letter.eventId !== eventId) continue;
      const why = await sendAgain(letter);
      if (why === null) await deadLetters.remove([letter.id]);
      else onLeft(letter, why);
      if (why === null) sum.delivered += 1;
      else sum.left += 1;
    }
    todo -= page.length;
    after = page.at(-1)?.id ?? null;
  }
  return sum;
}
