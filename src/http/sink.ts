// Where an answer goes that has no end in sight: piece by piece to a reader who may be slow. What was not taken yet stays in memory,
// so whoever writes must stop when he is told to.

import type { HttpResponse, WebSocket } from './uws.js';

export interface Sink {
  /** Has the reader gone? */
  readonly isGone: boolean;
  /** @returns false: hold back until it is `drained` */
  write(text: string): boolean;
  /** Waits until the reader has taken what was written; false: he took nothing for `maxMs`, or has gone, or it was stopped. */
  drained(maxMs: number, stop: AbortSignal): Promise<boolean>;
}

export interface Socket extends Sink {
  /** Each text is a message of its own. */
  end(code: number, reason: string): void;
}

/** What both have: is there room, and who waits for it: one at a time. */
class Room {
  isGone = false;
  isFull = false;
  #wake: () => void = () => {};
  #tookAt = 0;

  gone(): void {
    this.isGone = true;
    this.#wake();
  }

  empty(): void {
    this.isFull = false;
    this.#wake();
  }

  /** He took some, but there is no room yet. */
  tookSome(): void {
    this.#tookAt = performance.now();
  }

  async drained(maxMs: number, stop: AbortSignal): Promise<boolean> {
    this.tookSome();
    while (this.isFull && !this.isGone) {
      const leftMs = this.#tookAt + maxMs - performance.now();
      if (leftMs <= 0 || stop.aborted) return false;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        stop.addEventListener('abort', resolve as () => void);
        timer = setTimeout(resolve, leftMs);
      });
      stop.removeEventListener('abort', this.#wake);
      clearTimeout(timer);
    }
    return !this.isGone;
  }
}

/** What of it says nothing: a comment (WHATWG HTML, 9.2.6). */
const NOTHING = ':\n\n';

/**
 * uWebSockets.js hangs up, without a word, ten seconds after a write that the system didn't take as a whole, unless another comes.
 * It is we who decide how long a reader may take nothing.
 */
const AGAIN_MS = 3000;

/** An event stream. */
export class ResponseSink implements Sink {
  readonly #response: HttpResponse;
  readonly #room = new Room();

  constructor(response: HttpResponse) {
    this.#response = response;
    // That the system takes something doesn't mean that nothing waits any more, and uWebSockets.js sends what waits only with the
    // next write, which says whether all of it went. Nor that the reader took something: it comes after each such write too.
    response.onWritable(() => {
      this.write(NOTHING);
      return true;
    });
  }

  get isGone(): boolean {
    return this.#room.isGone;
  }

  /** To be told by whoever was told that the connection is gone. */
  gone(): void {
    this.#room.gone();
  }

  write(text: string): boolean {
    if (this.#room.isGone) return false;
    let isAllSent = false;
    this.#response.cork(() => {
      isAllSent = this.#response.write(text);
    });
    if (isAllSent) this.#room.empty();
    else this.#room.isFull = true;
    return isAllSent;
  }

  async drained(maxMs: number, stop: AbortSignal): Promise<boolean> {
    const again = setInterval(() => this.write(NOTHING), AGAIN_MS);
    const isDrained = await this.#room.drained(maxMs, stop);
    clearInterval(again);
    return isDrained;
  }
}

/** Bytes that may wait before whoever writes is told to hold back. */
const WAITING_BYTES = 64 * 1024;
/** A reader who doesn't answer the close is cut off. */
const CLOSE_MAX_MS = 5000;

export class SocketSink implements Socket {
  readonly #socket: WebSocket<unknown>;
  readonly #room = new Room();

  constructor(socket: WebSocket<unknown>) {
    this.#socket = socket;
  }

  get isGone(): boolean {
    return this.#room.isGone;
  }

  gone(): void {
    this.#room.gone();
  }

  /** To be told when the reader has taken something. */
  tookSome(): void {
    if (this.#room.isGone) return;
    this.#room.tookSome();
    if (this.#socket.getBufferedAmount() < WAITING_BYTES) this.#room.empty();
  }

  write(text: string): boolean {
    if (this.#room.isGone) return false;
    this.#socket.send(text);
    if (this.#room.isGone) return false;
    this.#room.isFull = this.#socket.getBufferedAmount() >= WAITING_BYTES;
    return !this.#room.isFull;
  }

  drained(maxMs: number, stop: AbortSignal): Promise<boolean> {
    return this.#room.drained(maxMs, stop);
  }

  end(code: number, reason: string): void {
    if (this.#room.isGone) return;
    this.#socket.end(code, reason);
    setTimeout(() => {
      if (!this.#room.isGone) this.#socket.close();
    }, CLOSE_MAX_MS).unref();
  }
}
