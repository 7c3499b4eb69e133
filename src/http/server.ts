// One listener: the wrapper around every uWebSockets.js handler. What may end the whole process there (an exception in
// a handler, an answer to a connection that has gone) can't happen outside this file, and is dealt with here:
// the abort handler is registered first, request data is read before the first await, one try/catch is around
// everything, only the last chunk of a body acts, and every answer is sent corked and whole.

import { BODY_BYTES_MAX } from '../invite/limits.js';
import type { ListenOn } from '../listen-on.js';
import { StartError } from '../start-error.js';
import { BodyStream } from './body-stream.js';
import { fieldError } from './field-errors.js';
import { type HandleOptions, handle, type WholeBody } from './handle.js';
import { invalid, problem } from './problem.js';
import { type Reply, statusLine } from './reply.js';
import { hasBody, hasSoundFraming, type Request, readRequest } from './request.js';
import { newRequestId } from './request-id.js';
import type { Router } from './router.js';
import type { HttpRequest, HttpResponse, LoadedUws, us_listen_socket } from './uws.js';

export interface ServerOptions extends HandleOptions {
  readonly listenOn: ListenOn;
  /** Other processes may listen there too (SO_REUSEPORT), and the system spreads connections over them. */
  readonly sharesPort: boolean;
  /** For the one line that says why it can't listen: `INVITED_PORT`. */
  readonly portSetting: string;
  readonly router: Router;
  /** Requests under way at once; more are answered 503. */
  readonly inFlightMax: number;
}

export interface Server {
  /** `http://host:port`, or `unix:/path`. */
  readonly address: string;
  /** Stops listening and waits for the requests under way, `graceMs` at most. */
  drain(graceMs: number): Promise<void>;
}

const EMPTY = new Uint8Array(0);
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const DRAIN_POLL_MS = 20;

export async function startServer({ uws }: LoadedUws, options: ServerOptions): Promise<Server> {
  let inFlight = 0;
  let isDraining = false;

  const onRequest = (response: HttpResponse, raw: HttpRequest): void => {
    const exchange = new Exchange(response);
    try {
      const request = readRequest(raw);
      const requestId = requestIdOf(request);
      if (!hasSoundFraming(request)) {
        exchange.send(request, requestId, invalid([fieldError('headers', 'INVALID_VALUE')]), true);
        return;
      }
      const bytesAnnounced = Number(request.headers.contentLength ?? 0);
      const match = options.router.match(request.method, request.path);
      if (match.kind !== 'route') {
        const reply =
          match.kind === 'not_found'
            ? problem('NOT_FOUND')
            : problem('METHOD_NOT_ALLOWED', [['Allow', match.allow]]);
        // The body, if there is one, is read to its end and forgotten, so that the connection can go on.
        exchange.collect(bytesAnnounced, (body) => {
          exchange.send(request, requestId, reply, isDraining || body === 'too_large');
        });
        return;
      }
      if (inFlight >= options.inFlightMax) {
        exchange.send(request, requestId, problem('SERVICE_UNAVAILABLE'), true);
        return;
      }
      const { route, params } = match;
      const run = (body: WholeBody, stream: AsyncIterable<Uint8Array>): void => {
        inFlight += 1;
        const peerAddress = () => exchange.peerAddress();
        const send = (reply: Reply): void => {
          inFlight -= 1;
          try {
            const mustClose = isDraining || body === 'too_large' || !exchange.isBodyComplete;
            exchange.send(request, requestId, reply, mustClose);
          } catch (error) {
            exchange.fail(error, options.onBug);
          }
        };
        handle({ request, client: exchange, route, params, body, stream, peerAddress }, options, send);
      };
      if (route.body === 'stream') run(EMPTY, exchange.stream());
      else if (hasBody(request)) exchange.collect(bytesAnnounced, (body) => run(body, NOTHING));
      else {
        exchange.hasNoBody();
        run(EMPTY, NOTHING);
      }
    } catch (error) {
      exchange.fail(error, options.onBug);
    }
  };

  const app = uws.App({});
  app.any('/*', onRequest);
  const { socket, address } = await listen(uws, app, options);

  return {
    address,
    async drain(graceMs) {
      isDraining = true;
      uws.us_listen_socket_close(socket);
      const deadline = Date.now() + graceMs;
      while (inFlight > 0 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
      }
    },
  };
}

/** One request and its answer on a connection that may go away at any time. */
class Exchange {
  readonly #response: HttpResponse;
  #isOver = false;
  #isBodyComplete = false;
  #stream: BodyStream | null = null;

  constructor(response: HttpResponse) {
    this.#response = response;
    response.onAborted(() => {
      this.#isOver = true;
      this.#stream?.abort();
    });
  }

  get isBodyComplete(): boolean {
    return this.#isBodyComplete;
  }

  /** Has the client gone, or been answered? */
  get isGone(): boolean {
    return this.#isOver;
  }

  hasNoBody(): void {
    this.#isBodyComplete = true;
  }

  /** To be asked before the first await; '' where there is none (a Unix socket). */
  peerAddress(): string {
    return this.#isOver ? '' : Buffer.from(this.#response.getRemoteAddressAsText()).toString('latin1');
  }

  /** Takes in the body and calls `then` once: with all of it, or as soon as it is, or says to be, too large. */
  collect(bytesAnnounced: number, then: (body: WholeBody) => void): void {
    let chunks: Uint8Array[] = [];
    let bytes = 0;
    let isTooLarge = bytesAnnounced > BODY_BYTES_MAX;
    this.#response.onData((chunk, isLast) => {
      if (isTooLarge || this.#isOver) return;
      bytes += chunk.byteLength;
      if (bytes > BODY_BYTES_MAX) {
        isTooLarge = true;
        chunks = [];
        then('too_large');
        return;
      }
      // The chunk's memory is taken back when this callback ends.
      if (chunk.byteLength > 0) chunks.push(new Uint8Array(chunk.slice(0)));
      if (!isLast) return;
      this.#isBodyComplete = true;
      then(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    if (isTooLarge) then('too_large');
  }

  /** The body as it comes; the connection is paused while the reader is behind. */
  stream(): AsyncIterable<Uint8Array> {
    const stream = new BodyStream({
      pause: () => this.#isOver || this.#response.pause(),
      resume: () => this.#isOver || this.#response.resume(),
    });
    this.#stream = stream;
    this.#response.onData((chunk, isLast) => {
      if (chunk.byteLength > 0) stream.push(new Uint8Array(chunk.slice(0)));
      if (!isLast) return;
      this.#isBodyComplete = true;
      stream.end();
    });
    return stream;
  }

  send(request: Request, requestId: string, reply: Reply, mustClose: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const response = this.#response;
    const lines = requestId + reply.lines;
    response.cork(() => {
      if (reply.status !== 200) response.writeStatus(statusLine(reply.status));
      response.writeHeader('X-Request-Id', lines);
      if (reply.body !== null && request.method !== 'HEAD') {
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
  fail(error: unknown, onBug: (error: unknown) => void): void {
    onBug(error);
    this.#isOver = true;
    try {
      this.#response.close();
    } catch {
      // The connection has gone, or the answer had been sent before: nobody waits for anything.
    }
  }
}

const NOTHING: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };

function requestIdOf(request: Request): string {
  const given = request.headers.requestId;
  return given !== undefined && REQUEST_ID.test(given) ? given : newRequestId();
}

/** Without the second a further server would silently share the port. */
const SHARED_PORT = 0;
const EXCLUSIVE_PORT = 1;

type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => unknown;

async function listen(
  uws: LoadedUws['uws'],
  app: ReturnType<LoadedUws['uws']['App']>,
  { listenOn, portSetting, sharesPort }: ServerOptions,
): Promise<{ readonly socket: us_listen_socket; readonly address: string }> {
  if (listenOn.kind === 'unix') {
    const socket = await new Promise<us_listen_socket | false>((resolve) => {
      app.listen_unix(resolve, listenOn.path);
    });
    if (!socket) throw new StartError(`Can't listen on the socket ${listenOn.path} (${portSetting}).`);
    return { socket, address: `unix:${listenOn.path}` };
  }
  const { host, port } = listenOn;
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    // Both builds take host, port and options together, though their types don't say so.
    const listen = app.listen as unknown as ListenWithOptions;
    listen.call(app, host, port, sharesPort ? SHARED_PORT : EXCLUSIVE_PORT, resolve);
  });
  if (!socket) throw new StartError(`Port ${port} on ${host} is in use or may not be used (${portSetting}).`);
  const shown = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return { socket, address: `http://${shown}:${uws.us_socket_local_port(socket)}` };
}
