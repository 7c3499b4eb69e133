// WebSockets: a request for one is a request like any other, checked and answered the same way, until its route says yes.

import type { Traffic, Upgrade } from './exchange.js';
import type { Socket } from './sink.js';
import { SocketSink } from './sink.js';
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from './uws.js';

interface SocketData {
  readonly run: (socket: Socket) => Promise<void>;
  sink: SocketSink | null;
}

type OnRequest = (response: HttpResponse, raw: HttpRequest, upgrade: Upgrade) => void;

/** Nobody has to say anything here. */
const MESSAGE_BYTES_MAX = 1024;
/** Beyond what a writer is told to hold back at (sink.ts), so that nothing is dropped. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
const IDLE_MAX_S = 60;
const BUG = 1011;

/** Each counts as under way while it is open, so that whoever ends the server waits until its reader is told. */
export function addSockets(app: TemplatedApp, onRequest: OnRequest, traffic: Traffic): void {
  app.ws<SocketData>('/*', {
    maxPayloadLength: MESSAGE_BYTES_MAX,
    maxBackpressure: WAITING_BYTES_MAX,
    idleTimeout: IDLE_MAX_S,
    upgrade(response, raw, context) {
      onRequest(response, raw, upgradeOf(response, raw, context));
    },
    open(socket: WebSocket<SocketData>) {
      const data = socket.getUserData();
      const sink = new SocketSink(socket);
      data.sink = sink;
      traffic.inFlight += 1;
      data.run(sink).catch((error: unknown) => {
        traffic.onBug(error, null);
        sink.end(BUG, 'internal_error');
      });
    },
    drain: (socket) => socket.getUserData().sink?.tookSome(),
    close(socket) {
      traffic.inFlight -= 1;
      socket.getUserData().sink?.gone();
    },
  });
}

/** Reads what it needs before uWebSockets.js takes its request back. */
function upgradeOf(response: HttpResponse, raw: HttpRequest, context: us_socket_context_t): Upgrade {
  const [key, protocol, extensions] = [
    raw.getHeader('sec-websocket-key'),
    raw.getHeader('sec-websocket-protocol'),
    raw.getHeader('sec-websocket-extensions'),
  ];
  return (run) => {
    const data: SocketData = { run, sink: null };
    response.upgrade(data, key, protocol, extensions, context);
  };
}
