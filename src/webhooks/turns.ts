// How many requests one URL gets at once: several while it takes them; one, with rests in between, from the moment it has failed too
// often in a row, until one succeeds.

import { type Growth, pauseAfterMs } from './back-off.js';

export type Pause = (ms: number, stopping: AbortSignal) => Promise<void>;

export interface TurnsOptions {
  readonly pause: Pause;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly stopping: AbortSignal;
  /** It fails as a whole now, for this reason. */
  readonly onFails: (reason: string) => void;
  readonly onRecovers: () => void;
}

const AT_ONCE_MAX = 16;
const FAILURES_MAX = 5;
const REST: Growth = { firstMs: 1000, maxMs: 30_000 };

export class Turns {
  readonly #options: TurnsOptions;
  readonly #waiting: ((isMine: boolean) => void)[] = [];
  #taken = 0;
  #failuresInRow = 0;
  #rests = 0;
  /** null: none is under way. */
  #rest: object | null = null;

  constructor(options: TurnsOptions) {
    this.#options = options;
    options.stopping.addEventListener('abort', () => this.#next(), { once: true });
  }

  /** Waits for a turn, first come, first served. Whoever gets one gives it back; false: it all ends. */
  take(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
  }

  /** @param failure null: it was delivered */
  give(failure: { readonly reason: string; readonly leastPauseMs: number } | null): void {
    this.#taken -= 1;
    if (failure === null) this.#recover();
    else this.#fail(failure.reason, failure.leastPauseMs);
    this.#next();
  }

  get #isHalfOpen(): boolean {
    return this.#failuresInRow >= FAILURES_MAX;
  }

  #recover(): void {
    const hadFailed = this.#isHalfOpen;
    this.#failuresInRow = 0;
    this.#rests = 0;
    this.#rest = null;
    if (hadFailed) this.#options.onRecovers();
  }

  #fail(reason: string, leastPauseMs: number): void {
    this.#failuresInRow += 1;
    if (this.#failuresInRow === FAILURES_MAX) this.#options.onFails(reason);
    // Those that were under way together count as one failure here.
    if (!this.#isHalfOpen || this.#rest !== null) return;
    this.#rests += 1;
    const rest = {};
    this.#rest = rest;
    const { pause, random, stopping } = this.#options;
    const ms = Math.max(pauseAfterMs(REST, this.#rests, random()), leastPauseMs);
    void pause(ms, stopping).then(() => {
      if (this.#rest !== rest) return;
      this.#rest = null;
      this.#next();
    });
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const isEnding = this.#options.stopping.aborted;
      const atOnceMax = this.#isHalfOpen ? 1 : AT_ONCE_MAX;
      if (!isEnding && (this.#rest !== null || this.#taken >= atOnceMax)) return;
      if (!isEnding) this.#taken += 1;
      this.#waiting.shift()?.(!isEnding);
    }
  }
}
