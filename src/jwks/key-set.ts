// The public keys that are believed now, and the check of a token by them. Read anew in the background, and when a token names a key
// that nobody knows: so that keys change without a restart. What can't be read anew is believed for a stated time, no longer.
// Verification is jose's; nothing here looks at an algorithm by itself.

import { compactVerify, createLocalJWKSet, errors } from 'jose';
import { type KeyLocation, shownLocation } from '../key-location.js';
import { StartError } from '../start-error.js';
import { readLocation } from './read-location.js';
import { KeysUnavailable } from './unavailable.js';
import { ALGORITHMS, type IgnoredKey, readKeySet, type UsableKeys } from './usable-keys.js';

export interface Pace {
  /** How often the set is read anew: how long a key that was taken out is believed at most, while it can be read. */
  readonly refreshMs: number;
  /** The same after a failure. */
  readonly retryMs: number;
  /** Between two readings for the sake of an unknown key. */
  readonly coolDownMs: number;
  /** How long a set is believed that can't be read anew. */
  readonly staleMaxMs: number;
  /** How long a reading may take. */
  readonly timeoutMs: number;
}

const HOUR_MS = 3_600_000;
const PACES: { readonly [Kind in KeyLocation['kind']]: Pace } = {
  file: { refreshMs: 5000, retryMs: 5000, coolDownMs: 1000, staleMaxMs: HOUR_MS, timeoutMs: 5000 },
  url: { refreshMs: 120_000, retryMs: 10_000, coolDownMs: 3000, staleMaxMs: HOUR_MS, timeoutMs: 5000 },
};
/** Tokens that may wait for a reading; what is beyond is not judged. */
const WAITING_MAX = 1000;
const TELL_EVERY_MS = 60_000;

export interface KeySetLog {
  /** What is believed has changed; also the first time. */
  changed(keys: number, ignored: readonly IgnoredKey[]): void;
  /** It could not be read; once a minute at most. @param isBelieved one that was read before goes on counting */
  failed(reason: string, isBelieved: boolean): void;
  /** It could be read again. */
  back(): void;
}

/** `unjudged`: whether it is good can't be told now. */
export type Verdict = { readonly underSet: number } | 'not_signed' | 'unjudged';

/** What checks tokens with public keys. */
export interface TokenKeys {
  /** The number of the set that is believed at this moment; 0: none is. What was signed under another one must be checked again. */
  readonly current: number;
  /** Is the token signed by a key of the set? Says nothing of its claims. */
  verify(token: string): Promise<Verdict>;
}

interface Believed {
  readonly number: number;
  readonly text: string;
  readonly keyOf: ReturnType<typeof createLocalJWKSet>;
  readonly until: number;
}

export interface KeySetOptions {
  readonly location: KeyLocation;
  readonly log: KeySetLog;
  /** Another pace than the one that fits the location. */
  readonly pace?: Pace;
}

export class KeySet implements TokenKeys {
  readonly #location: KeyLocation;
  readonly #log: KeySetLog;
  readonly #pace: Pace;
  #believed: Believed | null = null;
  #ignoredTold = '[]';
  #reading: { readonly done: Promise<void>; readonly ending: AbortController } | null = null;
  #hasFailed = false;
  #failureToldAt = Number.NEGATIVE_INFINITY;
  #coolUntil = Number.NEGATIVE_INFINITY;
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor({ location, log, pace }: KeySetOptions) {
    this.#location = location;
    this.#log = log;
    this.#pace = pace ?? PACES[location.kind];
  }

  /** Tries to read it once, and goes on trying; whether it could be read is in the log. To be closed. */
  static async open(options: KeySetOptions): Promise<KeySet> {
    const keySet = new KeySet(options);
    await keySet.#read();
    keySet.#readLater();
    return keySet;
  }

  get current(): number {
    return this.#inForce()?.number ?? 0;
  }

  async verify(token: string): Promise<Verdict> {
    const verdict = await this.#verifyNow(token);
    if (verdict !== 'no_key') return verdict;
    if (!(await this.#lookAgain())) return 'unjudged';
    const again = await this.#verifyNow(token);
    if (again !== 'no_key') return again;
    return this.#hasFailed || this.#inForce() === null ? 'unjudged' : 'not_signed';
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#reading?.ending.abort();
  }

  #inForce(): Believed | null {
    return this.#believed !== null && performance.now() < this.#believed.until ? this.#believed : null;
  }

  async #verifyNow(token: string): Promise<Exclude<Verdict, 'unjudged'> | 'no_key'> {
    const inForce = this.#inForce();
    if (inForce === null) return 'no_key';
    try {
      await compactVerify(token, inForce.keyOf, { algorithms: [...ALGORITHMS] });
      return { underSet: inForce.number };
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'no_key';
      if (error instanceof errors.JOSEError) return 'not_signed';
      throw error;
    }
  }

  /** Reads the set for the sake of an unknown key, if that wasn't done a moment ago. @returns false: too many wait for it already */
  async #lookAgain(): Promise<boolean> {
    if (this.#reading === null && performance.now() < this.#coolUntil) return true;
    if (this.#waiting >= WAITING_MAX) return false;
    this.#waiting += 1;
    await this.#read();
    this.#waiting -= 1;
    this.#coolUntil = performance.now() + this.#pace.coolDownMs;
    return true;
  }

  #readLater(): void {
    if (this.#isClosed) return;
    const { retryMs, refreshMs } = this.#pace;
    this.#timer = setTimeout(
      () => void this.#read().then(() => this.#readLater()),
      this.#hasFailed ? retryMs : refreshMs,
    ).unref();
  }

  /** One at a time, whoever asks; never throws. */
  #read(): Promise<void> {
    if (this.#reading !== null) return this.#reading.done;
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), this.#pace.timeoutMs);
    const done = this.#readOnce(ending.signal).finally(() => {
      clearTimeout(timer);
      this.#reading = null;
    });
    this.#reading = { done, ending };
    return done;
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    try {
      this.#take(await readKeySet(await readLocation(this.#location, signal)));
    } catch (error) {
      // Whatever it is, what is believed stays as it is.
      if (!this.#isClosed)
        this.#fail(error instanceof KeysUnavailable ? error.reason : 'it could not be judged');
    }
  }

  #take({ set, ignored }: UsableKeys): void {
    if (this.#hasFailed) this.#log.back();
    this.#hasFailed = false;
    this.#failureToldAt = Number.NEGATIVE_INFINITY;
    const until = performance.now() + this.#pace.staleMaxMs;
    const [before, text, ignoredText] = [this.#believed, JSON.stringify(set), JSON.stringify(ignored)];
    const isSame = before?.text === text;
    // Under the same number what was found good stays so.
    this.#believed = isSame
      ? { ...before, until }
      : { number: (before?.number ?? 0) + 1, text, keyOf: createLocalJWKSet(set), until };
    if (!isSame || ignoredText !== this.#ignoredTold) this.#log.changed(set.keys.length, ignored);
    this.#ignoredTold = ignoredText;
  }

  #fail(reason: string): void {
    this.#hasFailed = true;
    const now = performance.now();
    if (now - this.#failureToldAt < TELL_EVERY_MS) return;
    this.#failureToldAt = now;
    this.#log.failed(reason, this.#inForce() !== null);
  }
}

/**
 * Looks at a key set in a file before anything is started: there a mistake is one of the settings.
 * @throws StartError when it can't be read, is no key set, or has no key that can be used
 */
export async function checkKeyFile(location: KeyLocation): Promise<void> {
  if (location.kind !== 'file') return;
  const say = (problem: string) =>
    new StartError(`The key set ${shownLocation(location)} can't be used (INVITED_JWKS): ${problem}.`);
  try {
    const { set, ignored } = await readKeySet(await readLocation(location, new AbortController().signal));
    if (set.keys.length > 0) return;
    const why = ignored.map(({ key, reason }) => `${key} ${reason}`).join(', ');
    throw say(`it has no public key for ${ALGORITHMS.join(', ')}${why === '' ? '' : ` (${why})`}`);
  } catch (error) {
    throw error instanceof KeysUnavailable ? say(error.reason) : error;
  }
}
