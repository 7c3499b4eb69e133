// Waiting with an end. Must never leave a timer behind that keeps the process alive.

import { setTimeout as delay } from 'node:timers/promises';

/** Waits for `work` at most `ms`; true: the time was over first. What `work` fails with is thrown. */
export async function deadlineReached(work: Promise<unknown>, ms: number): Promise<boolean> {
  const clock = new AbortController();
  try {
    return await Promise.race([
      work.then(() => false),
      delay(ms, true, { signal: clock.signal }).catch(() => true),
    ]);
  } finally {
    clock.abort();
  }
}

/** Asks `condition` again and again, `everyMs` apart, for at most `ms`; false: it never held. */
export async function holdsWithin(
  condition: () => Promise<boolean>,
  ms: number,
  everyMs = 25,
): Promise<boolean> {
  const end = performance.now() + ms;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() + everyMs > end) return false;
    await delay(everyMs);
  }
}
