// A request body as it comes in, for a reader who takes his time: beyond a bound the connection is paused.

export interface Flow {
  pause(): void;
  resume(): void;
}

/** Above this many waiting bytes the connection is paused, and goes on below a quarter of it. */
const WAITING_BYTES_MAX = 256 * 1024;

export class BodyStream implements AsyncIterable<Uint8Array> {
  readonly #flow: Flow;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #state: 'open' | 'ended' | 'aborted' = 'open';
  #wake: () => void = () => {};

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  push(chunk: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    if (!this.#isPaused && this.#waitingBytes > WAITING_BYTES_MAX) {
      this.#isPaused = true;
      this.#flow.pause();
    }
    this.#wake();
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wake();
  }

  abort(): void {
    this.#state = 'aborted';
    this.#wake();
  }

  /** Ends quietly when the client has gone: there is nobody left to answer. */
  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      if (this.#state === 'aborted') return;
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.byteLength;
        if (this.#isPaused && this.#waitingBytes < WAITING_BYTES_MAX / 4) {
          this.#isPaused = false;
          this.#flow.resume();
        }
        yield chunk;
      } else if (this.#state === 'ended') {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
