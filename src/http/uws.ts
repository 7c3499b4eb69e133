// The only importer of uWebSockets.js. Two builds of it are on the registry; the newer one doesn't load on an older
// C library, so they are tried in this order.

import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from 'uWebSockets.js';
import { createRequire } from 'node:module';

export type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, us_socket_context_t, WebSocket };

type Uws = typeof import('uWebSockets.js');

export interface LoadedUws {
  readonly uws: Uws;
  /** Which of the two builds it is. */
  readonly build: string;
}

const BUILDS = ['uWebSockets.js', 'uWebSockets.js-legacy'];

/** Loads the first build that works here; throws with the last one's reason if none does. */
export function loadUws(): LoadedUws {
  const require = createRequire(import.meta.url);
  let reason: unknown;
  for (const build of BUILDS) {
    try {
      return { uws: require(build) as Uws, build };
    } catch (error) {
      reason = error;
    }
  }
  throw new Error(`No build of uWebSockets.js loads on this machine: ${String(reason).split('\n')[0]}`);
}
