// One webhook's relay: sends the events of one journal to one URL. Those of a guild go one after the other, in their order; guilds
// don't wait for each other. At least once: what isn't known to be dealt with is sent again by whoever comes next. Must never give an
// event up without keeping it as a dead letter, nor hold more than its window.

import { setMaxListeners } from 'node:events';
import type { OutboxEvent } from '../events/event-json.js';
import type { DeadLetter } from '../store/dead-letters.js';
import { type Growth, pauseAfterMs } from './back-off.js';
import type { Send, Sent } from './send.js';
import type { OutboxSource } from './source.js';
import type { Target } from './target.js';
import { type Pause, Turns } from './turns.js';
import { type Place, Window } from './window.js';

export interface RelayOptions {
  readonly source: OutboxSource;
  readonly target: Target;
  readonly send: Send;
  readonly deadLetters: { put(letter: DeadLetter): Promise<{ readonly dropped: number }> };
  /** Times an event is sent before it is a dead letter. */
  readonly attemptsMax: number;
  /** Of Redis: it is waited for. */
  readonly isOutage: (error: unknown) => boolean;
  /** Waits for so long, or until the signal. */
  readonly pause: Pause;
  /** From 0 to 1; for tests. */
  readonly random?: () => number;
  readonly log: RelayLog;
}

export interface RelayLog {
  /** Events behind this cursor are lost to this URL. */
  gap(target: Target, after: string | null): void;
  gaveUp(target: Target, event: OutboxEvent, attempts: number, reason: string): void;
  /** So many of the oldest dead letters went, so that there is room for a new one. */
  dropped(howMany: number): void;
  fails(target: Target, reason: string): void;
  recovers(target: Target): void;
  failed(error: unknown): void;
}

/** Since it started; `outstanding`: read, and neither delivered nor given up. */
export interface RelayFigures {
  readonly delivered: number;
  readonly failedAttempts: number;
  readonly outstanding: number;
}

export interface Relay {
  figures(): RelayFigures;
  /** Gives the requests under way a few seconds, notes how far it got, and never takes longer than STOP_MAX_MS. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly event: OutboxEvent;
  readonly place: Place;
}

const PAGE_MAX = 100;
const NOTE_EVERY_MS = 250;
const RETRY: Growth = { firstMs: 1000, maxMs: 300_000 };
/** Redis is away. */
const AWAY: Growth = { firstMs: 100, maxMs: 5000 };
/** Nothing new has come. */
const IDLE: Growth = { firstMs: 100, maxMs: 1000 };
const STOP_MAX_MS = 5000;
/** Of these, for requests under way; the rest is for noting. */
const REQUESTS_MAX_MS = 4000;
const CUT_OFF_MAX_MS = 250;
const NOTE_MAX_MS = 500;

export function startRelay(options: RelayOptions): Relay {
  return new RunningRelay(options);
}

class RunningRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #random: () => number;
  readonly #stopping = new AbortController();
  /** Cuts off the requests under way. */
  readonly #aborting = new AbortController();
  readonly #window = new Window();
  readonly #turns: Turns;
  /** By what orders them; each is worked on as long as it has any. */
  readonly #lanes = new Map<string, Waiting[]>();
  readonly #running = new Set<Promise<void>>();
  #hasMoreRoom: () => void = () => {};
  #delivered = 0;
  #failedAttempts = 0;

  constructor(options: RelayOptions) {
    const { pause, log, target, random = Math.random } = options;
    this.#options = options;
    this.#random = random;
    // Whoever waits listens; how many that can be the window bounds.
    setMaxListeners(0, this.#stopping.signal, this.#aborting.signal);
    this.#turns = new Turns({
      pause,
      random,
      stopping: this.#stopping.signal,
      onFails: (reason) => log.fails(target, reason),
      onRecovers: () => log.recovers(target),
    });
    this.#stopping.signal.addEventListener('abort', () => this.#hasMoreRoom(), { once: true });
    this.#begin(this.#readOn());
    this.#begin(this.#noteOn());
  }

  figures(): RelayFigures {
    return {
      delivered: this.#delivered,
      failedAttempts: this.#failedAttempts,
      outstanding: this.#window.outstanding,
    };
  }

  async stop(): Promise<void> {
    const deadline = performance.now() + STOP_MAX_MS;
    this.#stopping.abort();
    const ended = Promise.all(this.#running);
    await within(REQUESTS_MAX_MS, ended);
    this.#aborting.abort();
    await within(CUT_OFF_MAX_MS, ended);
    const leftMs = Math.max(0, deadline - performance.now());
    await within(Math.min(leftMs, NOTE_MAX_MS), this.#note().catch(this.#tell));
  }

  #begin(work: Promise<void>): void {
    const done = work.catch(this.#tell).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  /** Nothing that fails here ends it; an outage is no news. */
  readonly #tell = (error: unknown): void => {
    if (!this.#options.isOutage(error)) this.#options.log.failed(error);
  };

  /** Again and again until it works; null: it ends. */
  async #untilDone<Result>(work: () => Promise<Result>): Promise<Result | null> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        this.#tell(error);
        if (this.#stopping.signal.aborted) return null;
        await this.#pause(pauseAfterMs(AWAY, failures, this.#random()));
        if (this.#stopping.signal.aborted) return null;
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return this.#options.pause(ms, this.#stopping.signal);
  }

  async #readOn(): Promise<void> {
    const { source, target, log } = this.#options;
    const { signal } = this.#stopping;
    // One that is new has its beginning noted by the first question; if then still nothing was kept, all that comes is new.
    const asked = await this.#untilDone(async () => ({
      position: (await source.position(target.consumer)) ?? (await source.position(target.consumer)),
    }));
    let after = asked?.position ?? null;
    for (let idle = 1; !signal.aborted; ) {
      await this.#untilThereIs(() => this.#window.room > 0);
      if (signal.aborted) return;
      const limit = Math.min(PAGE_MAX, this.#window.room);
      const page = await this.#untilDone(() => source.read(after, limit));
      if (page === null) return;
      if (page.hasGap) log.gap(target, after);
      for (const event of page.events) {
        await this.#untilThereIs(() => this.#window.hasRoomFor(event));
        if (signal.aborted) return;
        this.#admit(event);
      }
      after = page.next;
      if (page.events.length > 0) {
        idle = 1;
        continue;
      }
      await this.#pause(pauseAfterMs(IDLE, idle, this.#random()));
      idle += 1;
    }
  }

  /** Or until it ends. Only this one waits for room. */
  async #untilThereIs(room: () => boolean): Promise<void> {
    while (!room() && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#hasMoreRoom = resolve;
      });
    }
  }

  #admit(event: OutboxEvent): void {
    const key = event.guildId ?? `channel ${event.channelId ?? ''}`;
    const waiting = { event, place: this.#window.add(event) };
    const lane = this.#lanes.get(key);
    if (lane !== undefined) {
      lane.push(waiting);
      return;
    }
    const begun = [waiting];
    this.#lanes.set(key, begun);
    this.#begin(this.#work(key, begun));
  }

  /** One after the other, until there are none or it ends. */
  async #work(key: string, lane: Waiting[]): Promise<void> {
    for (let first = lane[0]; first !== undefined; first = lane[0]) {
      if (!(await this.#settle(first.event))) return;
      lane.shift();
      this.#window.dealtWith(first.place);
      this.#hasMoreRoom();
    }
    this.#lanes.delete(key);
  }

  /** Delivers one event or gives it up; false: it ended before. */
  async #settle(event: OutboxEvent): Promise<boolean> {
    const { send, attemptsMax } = this.#options;
    for (let attempts = 1; ; attempts += 1) {
      if (!(await this.#turns.take())) return false;
      const sent = await send(event, this.#aborting.signal);
      // It was us who broke it off, and there are no more turns.
      if (sent.outcome === 'failed' && this.#aborting.signal.aborted) return false;
      this.#turns.give(sent.outcome === 'failed' ? sent : null);
      if (sent.outcome === 'delivered') {
        this.#delivered += 1;
        return true;
      }
      this.#failedAttempts += 1;
      if (attempts >= attemptsMax) return this.#giveUp(event, attempts, sent);
      await this.#pause(Math.max(pauseAfterMs(RETRY, attempts, this.#random()), sent.leastPauseMs));
    }
  }

  async #giveUp(event: OutboxEvent, attempts: number, { reason }: Sent & { outcome: 'failed' }) {
    const { deadLetters, target, log } = this.#options;
    const { id: eventId, type, guildId, json } = event;
    const letter = { consumer: target.consumer, url: target.shown, eventId, type, guildId, json };
    const kept = await this.#untilDone(() => deadLetters.put({ ...letter, attempts, reason }));
    if (kept === null) return false;
    log.gaveUp(target, event, attempts, reason);
    if (kept.dropped > 0) log.dropped(kept.dropped);
    return true;
  }

  async #noteOn(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#pause(NOTE_EVERY_MS);
      if (!this.#stopping.signal.aborted) await this.#untilDone(() => this.#note());
    }
  }

  async #note(): Promise<void> {
    const upTo = this.#window.noteable();
    if (upTo === null) return;
    await this.#options.source.note(this.#options.target.consumer, upTo);
    this.#window.noted(upTo);
    this.#hasMoreRoom();
  }
}

async function within(maxMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, maxMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
