// How much of its time the writer works while it is behind. As long as many events come in, it rests between pages, so that those who
// answer have the processor; once few come, or it has fallen too far behind, it goes as fast as it can.

/** So many events a second are a load that is felt. */
const BUSY_PER_SECOND = 5000;
/** Of the time that a page took. */
const REST = 0.6;
const REST_MAX_MS = 200;
/** Further behind than that it doesn't rest. */
const BEHIND_MAX_MS = 10_000;

export class Pace {
  #last: { readonly seq: number; readonly at: number } | null = null;

  /**
   * How long to rest after a page, ms.
   * @param seq of the journal when the page was read
   * @param tookMs the page
   * @param behindMs how old the newest event of the page is
   * @param now ms, of a clock that only goes forward
   */
  restMs(seq: number, tookMs: number, behindMs: number, now: number): number {
    const last = this.#last;
    this.#last = { seq, at: now };
    if (last === null || now <= last.at || behindMs > BEHIND_MAX_MS) return 0;
    const perSecond = ((seq - last.seq) / (now - last.at)) * 1000;
    return perSecond < BUSY_PER_SECOND ? 0 : Math.min(tookMs * REST, REST_MAX_MS);
  }
}
