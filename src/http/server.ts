// One listener: hands each request of uWebSockets.js to its route, in an exchange that nothing can throw out of.

import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { TrustedProxies } from '../invite/trusted-proxies.js';
import { addressOf, type ListenOn } from '../listen-on.js';
import { StartError } from '../start-error.js';
import type { Cors } from './cors.js';
import { closeQuietly, Exchange, type Traffic, type Upgrade } from './exchange.js';
import { fieldError } from './field-errors.js';
import { type HandleOptions, handle } from './handle.js';
import { invalid, problem } from './problem.js';
import type { Reply } from './reply.js';
import { hasBody, hasSoundFraming } from './request.js';
import type { Router } from './router.js';
import { addSockets } from './sockets.js';
import { checkUnixPath, openUnixPath } from './unix-path.js';
import type { HttpRequest, HttpResponse, LoadedUws, us_listen_socket } from './uws.js';

export interface ServerOptions extends HandleOptions {
  readonly listenOn: ListenOn;
  /** Other processes may listen there too (SO_REUSEPORT), and the system spreads connections over them. */
  readonly sharesPort: boolean;
  /** For the one line that says why it can't listen: `INVITED_PORT`. */
  readonly portSetting: string;
  readonly router: Router;
  readonly trustedProxies: TrustedProxies;
  /** May a connection be turned into a WebSocket? */
  readonly hasSockets: boolean;
  /** Requests under way at once; more are answered 503. */
  readonly inFlightMax: number;
  /** null: no page of another origin may read an answer. */
  readonly cors: Cors | null;
}

export interface Server {
  /** `http://host:port`, or `unix:/path`. */
  readonly address: string;
  /**
   * Stops listening. Connections that are open stay open for one more answer, which says `Connection: close`. Resolves when none is under
   * way and none has been asked for in a while, or after `graceMs`.
   */
  drain(graceMs: number): Promise<void>;
}

const DRAIN_POLL_MS = 20;
/**
 * A connection nobody has used for so long is closed with the process. The older build tells nothing of idle connections, so it is only
 * their requests that show that they are in use; one that comes in the moment of the exit is cut.
 */
const QUIET_MS = 500;

export async function startServer({ uws }: LoadedUws, options: ServerOptions): Promise<Server> {
  const { onBug, listenOn, trustedProxies } = options;
  const traffic: Traffic = {
    inFlight: 0,
    lastAt: 0,
    isDraining: false,
    cors: options.cors,
    // Whoever has no address on a port has only hung up.
    trustedProxies: { ...trustedProxies, unix: trustedProxies.unix && listenOn.kind === 'unix' },
    onBug,
  };

  const onRequest = (response: HttpResponse, raw: HttpRequest, upgrade: Upgrade | null): void => {
    let exchange: Exchange | null = null;
    traffic.lastAt = performance.now();
    try {
      exchange = new Exchange(response, raw, traffic, upgrade);
      serve(exchange);
    } catch (error) {
      if (exchange !== null) exchange.fail(error);
      else {
        options.onBug(error);
        closeQuietly(response);
      }
    }
  };

  const serve = (exchange: Exchange): void => {
    const { request } = exchange;
    // Its end can't be told from the next request: the connection goes with the answer.
    if (!hasSoundFraming(request)) {
      exchange.reply(invalid([fieldError('headers', 'INVALID_VALUE')]));
      return;
    }
    const match = options.router.match(request.method, request.path);
    if (match.kind !== 'route') {
      const reply =
        match.kind === 'not_found'
          ? problem('NOT_FOUND')
          : (preflight(exchange, match.allow) ?? problem('METHOD_NOT_ALLOWED', [['Allow', match.allow]]));
      // The body, if there is one, is read to its end and forgotten, so that the connection can go on.
      takeBody(exchange, () => exchange.reply(reply));
      return;
    }
    if (traffic.inFlight >= options.inFlightMax) {
      exchange.reply(problem('SERVICE_UNAVAILABLE'));
      return;
    }
    const run = (): void => {
      exchange.begin();
      handle(exchange, match, options);
    };
    if (match.route.body === 'stream') {
      exchange.streamBody();
      run();
    } else {
      takeBody(exchange, run);
    }
  };

  /** null: it is none, or nobody is to be told. */
  const preflight = ({ request, origin }: Exchange, methods: string): Reply | null =>
    options.cors !== null && request.method === 'OPTIONS' && origin !== ''
      ? options.cors.preflight(origin, methods)
      : null;

  const app = uws.App({});
  if (options.hasSockets) addSockets(app, onRequest, traffic);
  app.any('/*', (response, raw) => onRequest(response, raw, null));
  const { socket, address, removeFile } = await listen(uws, app, options);

  return {
    address,
    async drain(graceMs) {
      traffic.isDraining = true;
      // First: who waits for the path takes it as soon as nobody listens there.
      await removeFile();
      // The system resets the connections that wait to be accepted when nobody listens any more. Right behind the turn in which
      // all were accepted that had come, they are the fewest.
      await nextTurn();
      uws.us_listen_socket_close(socket);
      const deadline = performance.now() + graceMs;
      const isBusy = () => traffic.inFlight > 0 || performance.now() - traffic.lastAt < QUIET_MS;
      while (isBusy() && performance.now() < deadline) await delay(DRAIN_POLL_MS);
    },
  };
}

/** Calls `then` when the whole body is here; at once where there is none. */
function takeBody(exchange: Exchange, then: () => void): void {
  if (hasBody(exchange.request)) {
    exchange.collect(Number(exchange.request.headers.contentLength ?? 0), then);
  } else {
    exchange.hasNoBody();
    then();
  }
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

interface Listening {
  readonly socket: us_listen_socket;
  readonly address: string;
  removeFile(): Promise<void>;
}

async function listen(
  uws: LoadedUws['uws'],
  app: ReturnType<LoadedUws['uws']['App']>,
  { listenOn, portSetting, sharesPort }: ServerOptions,
): Promise<Listening> {
  if (listenOn.kind === 'unix') {
    const { path, mode } = listenOn;
    await checkUnixPath(path, portSetting);
    const socket = await new Promise<us_listen_socket | false>((resolve) => {
      app.listen_unix(resolve, path);
    });
    if (!socket) throw new StartError(`Can't listen on the socket ${path} (${portSetting}).`);
    const file = await openUnixPath(path, mode, portSetting);
    return { socket, address: addressOf(listenOn), removeFile: file.remove };
  }
  const { host, port } = listenOn;
  const socket = await new Promise<us_listen_socket | false>((resolve) => {
    // Both builds take host, port and options together, though their types don't say so.
    const listen = app.listen as unknown as ListenWithOptions;
    listen.call(app, host, port, sharesPort ? SHARED_PORT : EXCLUSIVE_PORT, resolve);
  });
  if (!socket) throw new StartError(`Port ${port} on ${host} is in use or may not be used (${portSetting}).`);
  return {
    socket,
    address: addressOf({ kind: 'tcp', host, port: uws.us_socket_local_port(socket) }),
    removeFile: async () => {},
  };
}
