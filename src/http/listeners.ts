// The two listeners and what each serves: the public one may be exposed, the admin one never is.

import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../engine/engine.js';
import type { Feed } from '../events/feed.js';
import type { Ledger } from '../invite/ledger.js';
import type { TrustedProxies } from '../invite/trusted-proxies.js';
import { isReserved } from '../invite/vanity.js';
import type { ListenOn } from '../listen-on.js';
import { type AuthOptions, createAuthenticator } from './auth.js';
import { type CorsOrigins, createCors } from './cors.js';
import type { RateLimits } from './limits/rate-limits.js';
import { makeDocument } from './openapi/document.js';
import type { LandingOptions } from './page/landing.js';
import { createRouter, type RouteGroup } from './router.js';
import { directoryRoutes } from './routes/directory.js';
import { docsRoutes } from './routes/docs.js';
import { eventRoutes } from './routes/events.js';
import { healthRoutes } from './routes/health.js';
import { importRoutes } from './routes/import.js';
import { inviteListRoutes } from './routes/invite-lists.js';
import { inviteRoutes } from './routes/invites.js';
import { joinRoutes } from './routes/joins.js';
import { type Metrics, metricsRoutes } from './routes/metrics.js';
import { shareRoutes } from './routes/share.js';
import { vanityRoutes } from './routes/vanity.js';
import { type Server, startServer } from './server.js';
import { loadUws } from './uws.js';

export interface ListenerOptions {
  readonly publicListener: ListenOn;
  readonly adminListener: ListenOn;
  /** Other workers listen there too. */
  readonly sharesPorts: boolean;
  readonly auth: AuthOptions;
  readonly trustedProxies: TrustedProxies;
  readonly page: LandingOptions;
  /** Whose pages may read answers of the public listener; null: of no other origin. */
  readonly corsOrigins: CorsOrigins | null;
  readonly reservedVanity: ReadonlySet<string>;
  /** Of the program, for its description. */
  readonly version: string;
  readonly requestsInFlightMax: number;
  /** Of the public listener; null: there are none. */
  readonly rateLimits: RateLimits | null;
  /** null: there is none. */
  readonly ledger: Ledger | null;
  readonly feed: Feed;
  /** How long a reader of events may take nothing before he is cut. */
  readonly readerMaxMs: number;
  readonly metrics: Metrics;
  readonly isUnavailable: (error: unknown) => boolean;
  readonly onBug: (error: unknown) => void;
}

export interface Listeners {
  /** Which build of uWebSockets.js serves. */
  readonly build: string;
  /** Readiness goes 503 at once; `delayMs` later listening stops; from then requests under way end within `graceMs`. */
  drain(times: { readonly delayMs: number; readonly graceMs: number }): Promise<void>;
}

/** A word that is reserved is never the code of a share URL, whatever the listener serves there. */
export const isReservedSegment = (segment: string): boolean => isReserved(segment);

/** As far as routes need them. */
export type RouteOptions = Pick<
  ListenerOptions,
  'page' | 'reservedVanity' | 'version' | 'ledger' | 'feed' | 'readerMaxMs' | 'metrics' | 'isUnavailable'
>;

export interface RouteGroups {
  readonly publicGroups: readonly RouteGroup[];
  readonly adminGroups: readonly RouteGroup[];
}

/** Readers of events that stay, in one process: what waits for each of them takes memory. */
const EVENT_READERS_MAX = 100;

/** @throws StartError when one of the two can't listen; then neither does. */
export async function startListeners(engine: Engine, options: ListenerOptions): Promise<Listeners> {
  const loaded = loadUws();
  let isReady = true;
  const closing = new AbortController();
  // Each reader of events waits with it, for a moment at a time: there are as many as there are requests under way.
  setMaxListeners(0, closing.signal);
  const common = {
    authenticator: createAuthenticator(options.auth),
    trustedProxies: options.trustedProxies,
    isUnavailable: options.isUnavailable,
    onBug: options.onBug,
    inFlightMax: options.requestsInFlightMax,
    sharesPort: options.sharesPorts,
  };
  const { publicGroups, adminGroups } = routeGroups(engine, options, {
    closing: closing.signal,
    isReady: () => isReady,
  });

  const publicServer: Server = await startServer(loaded, {
    ...common,
    listenOn: options.publicListener,
    rateLimits: options.rateLimits,
    portSetting: 'INVITED_PORT',
    hasSockets: false,
    cors: options.corsOrigins === null ? null : createCors(options.corsOrigins),
    router: createRouter(publicGroups, isReservedSegment),
  });
  const adminServer: Server = await startServer(loaded, {
    ...common,
    listenOn: options.adminListener,
    rateLimits: null,
    portSetting: 'INVITED_ADMIN_PORT',
    hasSockets: true,
    cors: null,
    router: createRouter(adminGroups, isReservedSegment),
  }).catch(async (error: unknown) => {
    await publicServer.drain(0);
    throw error;
  });

  return {
    build: loaded.build,
    async drain({ delayMs, graceMs }) {
      isReady = false;
      // Whoever sends requests here learns of it by asking, and sends them on until then.
      await delay(delayMs);
      closing.abort();
      await Promise.all([publicServer.drain(graceMs), adminServer.drain(graceMs)]);
    },
  };
}

/** How far the end of the process has come. */
interface Stage {
  /** Listening stops, and whoever stays is sent away. */
  readonly closing: AbortSignal;
  /** false: no more requests should be sent here. */
  isReady(): boolean;
}

/** What each listener serves. */
export function routeGroups(engine: Engine, options: RouteOptions, stage: Stage): RouteGroups {
  const publicGroups: readonly RouteGroup[] = [
    {
      bases: ['/api/v1', '/v1'],
      routes: [
        ...inviteRoutes(engine),
        ...inviteListRoutes(engine),
        ...vanityRoutes(engine, options.reservedVanity),
      ],
    },
    {
      bases: [''],
      routes: [...shareRoutes(engine, options.page), ...docsRoutes(() => makeDocument(described))],
    },
  ];
  const adminGroups: readonly RouteGroup[] = [
    {
      bases: ['/internal/v1'],
      routes: [
        ...directoryRoutes(engine),
        ...importRoutes(engine),
        ...eventRoutes({ ...options, closing: stage.closing, readersMax: EVENT_READERS_MAX }),
        ...(options.ledger === null ? [] : joinRoutes(engine, options.ledger)),
      ],
    },
    {
      bases: [''],
      routes: [...healthRoutes(engine, () => !stage.isReady()), ...metricsRoutes(options.metrics)],
    },
  ];
  const described = {
    publicGroups,
    adminGroups,
    version: options.version,
    publicUrl: options.page.publicUrl,
  };
  return { publicGroups, adminGroups };
}
