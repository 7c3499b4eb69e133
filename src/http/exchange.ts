// One request and its answer, on a connection that may go away at any time. What may end the whole process here (an
// exception in a handler, an answer to a connection that has gone) is dealt with here and in server.ts: the abort handler is
// registered first, request data is read before the first await, only the last chunk of a body acts, and every answer
// is sent corked and whole.

import { BODY_BYTES_MAX } from '../invite/limits.js';
import type { TrustedProxies } from '../invite/trusted-proxies.js';
import { BodyStream } from './body-stream.js';
import type { Cors } from './cors.js';
import type { Incoming, WholeBody } from './handle.js';
import { wantsProblem } from './negotiate.js';
import { type Reply, statusLine } from './reply.js';
import { type Request, readRequest } from './request.js';
import { newRequestId } from './request-id.js';
import { ResponseSink } from './sink.js';
import type { HttpRequest, HttpResponse } from './uws.js';

/** What the exchanges of one listener share. */
export interface Traffic {
  /** Requests under way. */
  inFlight: number;
  /** When the newest request came; of the process' own clock, in ms. */
  lastAt: number;
  /** Every answer is its connection's last. */
  isDraining: boolean;
  /** null: pages of other origins are told nothing. */
  readonly cors: Cors | null;
  readonly trustedProxies: TrustedProxies;
  /** Told of what threw where nothing may. */
  readonly onBug: (error: unknown) => void;
}

/** Turns the connection into a WebSocket; to be called once, within a cork. */
export type Upgrade = (run: NonNullable<Reply['socket']>) => void;

const EMPTY = new Uint8Array(0);
const NOTHING: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** One object for each request, since each costs: it is what is asked, who asks, and where the answer goes. */
export class Exchange implements Incoming {
  readonly request: Request;
  /** Whose page asks; '' where none is named, or no page of another origin is told anything. */
  readonly origin: string;
  body: WholeBody = EMPTY;
  stream: AsyncIterable<Uint8Array> = NOTHING;
  readonly #response: HttpResponse;
  readonly #traffic: Traffic;
  readonly #requestId: string;
  #isOver = false;
  #isCounted = false;
  #isBodyComplete = false;
  #peer: string | null = null;
  #waiting: BodyStream | null = null;
  #sink: ResponseSink | null = null;
  readonly #upgrade: Upgrade | null;

  /** @param upgrade null: a WebSocket was not asked for */
  constructor(response: HttpResponse, raw: HttpRequest, traffic: Traffic, upgrade: Upgrade | null = null) {
    response.onAborted(() => {
      this.#isOver = true;
      this.#waiting?.abort();
      this.#sink?.gone();
    });
    this.#upgrade = upgrade;
    this.#response = response;
    this.#traffic = traffic;
    this.request = readRequest(raw);
    this.#requestId = requestIdOf(this.request);
    this.origin = traffic.cors === null ? '' : raw.getHeader('origin');
  }

  /** Has the client gone, or been answered? */
  get isGone(): boolean {
    return this.#isOver;
  }

  get trustedProxies(): TrustedProxies {
    return this.#traffic.trustedProxies;
  }

  get wantsSocket(): boolean {
    return this.#upgrade !== null;
  }

  /** From here to its answer it counts as under way. */
  begin(): void {
    this.#isCounted = true;
    this.#traffic.inFlight += 1;
  }

  hasNoBody(): void {
    this.#isBodyComplete = true;
  }

  /** To be asked for the first time before the first await; '' where there is none (a Unix socket). */
  peerAddress(): string {
    this.#peer ??= this.#isOver
      ? ''
      : Buffer.from(this.#response.getRemoteAddressAsText()).toString('latin1');
    return this.#peer;
  }

  /** Takes in the body and calls `then` once: when all of it is here, or as soon as it is, or says to be, too large. */
  collect(bytesAnnounced: number, then: () => void): void {
    let chunks: Uint8Array[] = [];
    let bytes = 0;
    let isTooLarge = bytesAnnounced > BODY_BYTES_MAX;
    this.#response.onData((chunk, isLast) => {
      if (isTooLarge || this.#isOver) return;
      bytes += chunk.byteLength;
      if (bytes > BODY_BYTES_MAX) {
        isTooLarge = true;
        chunks = [];
        this.body = 'too_large';
        then();
        return;
      }
      // The chunk's memory is taken back when this callback ends.
      if (chunk.byteLength > 0) chunks.push(new Uint8Array(chunk.slice(0)));
      if (!isLast) return;
      this.#isBodyComplete = true;
      this.body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      then();
    });
    if (!isTooLarge) return;
    this.body = 'too_large';
    then();
  }

  /** The body as it comes; the connection is paused while the reader is behind. */
  streamBody(): void {
    const stream = new BodyStream({
      pause: () => this.#isOver || this.#response.pause(),
      resume: () => this.#isOver || this.#response.resume(),
    });
    this.#waiting = stream;
    this.stream = stream;
    this.#response.onData((chunk, isLast) => {
      if (chunk.byteLength > 0) stream.push(new Uint8Array(chunk.slice(0)));
      if (!isLast) return;
      this.#isBodyComplete = true;
      stream.end();
    });
  }

  /** Sends the answer, if anybody waits for it; never throws. */
  reply(made: Reply): void {
    try {
      const wantsOther = made.asProblem !== undefined && wantsProblem(this.request.headers.accept);
      const reply = wantsOther ? made.asProblem() : made;
      if (reply.stream !== undefined && this.request.method !== 'HEAD' && !this.#isOver) {
        this.#stream(reply, reply.stream);
        return;
      }
      this.#end();
      if (reply.socket !== undefined) this.#becomeSocket(reply.socket);
      else this.#send(reply, this.#traffic.isDraining || this.body === 'too_large' || !this.#isBodyComplete);
    } catch (error) {
      this.fail(error);
    }
  }

  /** It is not under way any more. */
  #end(): void {
    if (this.#isCounted) this.#traffic.inFlight -= 1;
    this.#isCounted = false;
  }

  #becomeSocket(run: NonNullable<Reply['socket']>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#upgrade === null) throw new Error('a socket for who asked for none');
    const upgrade = this.#upgrade;
    this.#response.cork(() => upgrade(run));
  }

  /** It counts as under way until the last piece is written. */
  #stream(reply: Reply, stream: NonNullable<Reply['stream']>): void {
    this.#isOver = true;
    const sink = new ResponseSink(this.#response);
    this.#sink = sink;
    this.#response.cork(() => {
      if (reply.status !== 200) this.#response.writeStatus(statusLine(reply.status));
      this.#response.writeHeader('X-Request-Id', this.#linesOf(reply));
    });
    stream(sink)
      .then(() => {
        this.#end();
        if (!sink.isGone) this.#response.cork(() => this.#response.end('', true));
      })
      .catch((error: unknown) => this.fail(error));
  }

  /** Behind the name of the first header. Errors are told to pages too: a browser shows them nothing else of an answer. */
  #linesOf({ lines }: Reply): string {
    const { cors } = this.#traffic;
    return this.#requestId + lines + (cors === null ? '' : cors.linesFor(this.origin));
  }

  #send(reply: Reply, mustClose: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const response = this.#response;
    const lines = this.#linesOf(reply);
    response.cork(() => {
      if (reply.status !== 200) response.writeStatus(statusLine(reply.status));
      response.writeHeader('X-Request-Id', lines);
      if (reply.body !== null && this.request.method !== 'HEAD') {
        // With true it also says `Connection: close`.
        response.end(reply.body, mustClose);
      } else if (mustClose) {
        response.end('', true);
      } else {
        // The length is a header of ours, and endWithoutBody is given no arguments: the older build would wait for the
        // bytes that it is told of, and takes undefined for 2^63 of them.
        if (reply.body !== null)
          response.writeHeader('Content-Length', String(Buffer.byteLength(reply.body)));
        response.endWithoutBody();
      }
    });
  }

  /** The last resort: something threw where nothing may. The connection goes, the process stays. */
  fail(error: unknown): void {
    this.#traffic.onBug(error);
    this.#end();
    this.#isOver = true;
    closeQuietly(this.#response);
  }
}

/** The connection may have gone, or the answer been sent before: then nobody waits for anything. */
export function closeQuietly(response: HttpResponse): void {
  try {
    response.close();
  } catch {
    // See above.
  }
}

function requestIdOf(request: Request): string {
  const given = request.headers.requestId;
  return given !== undefined && REQUEST_ID.test(given) ? given : newRequestId();
}
