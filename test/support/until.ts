// Waits for something that will be so, without guessing how long that takes. Must never wait without an end.

const POLL_INTERVAL_MS = 20;

/** Asks again and again until `condition` gives something else than false, null or undefined; gives that. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  deadlineMs = 5_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value;
    if (Date.now() >= end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
