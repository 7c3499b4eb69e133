// One HTTP worker: a process of its own that serves both listeners. It keeps nothing that another one would miss.
// Started and ended by start.ts, whose death ends it too.

import { createAccessLog } from '../access-log.js';
import { type Config, loadConfig } from '../config.js';
import { createEngine } from '../engine/engine.js';
import { Feed } from '../events/feed.js';
import type { OnBug, RequestName } from '../http/handle.js';
import { createRateLimits } from '../http/limits/rate-limits.js';
import { startListeners } from '../http/listeners.js';
import { RequestCounts } from '../http/request-counts.js';
import type { Ledger } from '../invite/ledger.js';
import { traceIdOf } from '../invite/trace.js';
import { KeySet } from '../jwks/key-set.js';
import { createLog, describeBug } from '../log.js';
import { connectPostgres } from '../postgres/connection.js';
import { migrated } from '../postgres/migrated.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import { StartError } from '../start-error.js';
import { checkServer, connectRedis } from '../store/connection.js';
import { createStore, type Store } from '../store/store.js';
import { StoreUnavailable } from '../store/unavailable.js';
import { endOn, Teardown } from '../teardown.js';
import { shareFigures } from '../workers/gather.js';
import { endWithSupervisor, tellSupervisor } from '../workers/message.js';
import { keySetLog } from './key-set-log.js';
import { createLedger } from './ledger.js';
import { createMetrics, createOwnFigures } from './metrics/metrics.js';
import { readVersion } from './version.js';

const GRACE_MS = 10_000;
/** For those who ask who came: requests of people, not of every user. */
const LEDGER_CONNECTIONS_MAX = 2;

/** The environment of a worker has every setting that start.ts had to find out: ports, Redis, secret. */
export async function runWorker(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  endWithSupervisor();
  // A terminal sends Ctrl-C to all; the supervisor asks by SIGTERM when it is our turn.
  process.on('SIGINT', () => {});
  const teardown = new Teardown();
  const config = loadConfig(env);
  const log = createLog(config.logLevel);
  try {
    const uws = await serve(config, teardown, log, (error, request) =>
      log.error({ problem: describeBug(error), ...nameOf(request) }, 'a request failed'),
    );
    log.debug({ uws }, 'serving');
  } catch (error) {
    await teardown.run();
    if (!(error instanceof StartError)) throw error;
    await tellSupervisor({ kind: 'failed', problem: error.message });
    process.exit(1);
  }
  endOn(['SIGTERM'], teardown, {
    onProblem: (error) => log.error({ problem: describeBug(error) }, 'could not end cleanly'),
  });
  await tellSupervisor({ kind: 'ready' });
}

function nameOf(request: RequestName | null) {
  if (request === null) return {};
  const { requestId, trace } = request;
  return { request_id: requestId, ...(trace === null ? {} : { trace_id: traceIdOf(trace) }) };
}

/** Which build of uWebSockets.js serves. */
async function serve(
  config: Config,
  teardown: Teardown,
  log: ReturnType<typeof createLog>,
  onBug: OnBug,
): Promise<string> {
  if (config.redisUrl === null || (config.jwtSecret === null && config.jwks === null)) {
    throw new StartError('A worker is started by `invited start`, not by hand.');
  }
  const redis = await connectRedis({ url: config.redisUrl, timeoutMs: config.redisTimeoutMs });
  teardown.add(async () => redis.disconnect());
  const { isCluster } = await checkServer(redis, config.allowEviction);
  const store = createStore(redis, { isCluster, waitingMax: config.waitingMax });
  const keySet =
    config.jwks === null
      ? null
      : await KeySet.open({ location: config.jwks, log: keySetLog(log, config.jwks) });
  teardown.add(async () => keySet?.close());
  const isUnavailable = (error: unknown): boolean =>
    error instanceof StoreUnavailable || error instanceof PostgresUnavailable;
  const counts = new RequestCounts();
  const accessLog = config.accessLog ? createAccessLog() : null;
  teardown.add(async () => accessLog?.flush());
  const listeners = await startListeners(createEngine(store, config), {
    publicListener: config.publicListener,
    adminListener: config.adminListener,
    sharesPorts: config.workers > 1,
    auth: { ...config, keySet },
    trustedProxies: config.trustedProxies,
    page: { iconUrlTemplate: config.iconUrl, publicUrl: config.publicUrl },
    corsOrigins: config.corsOrigins,
    reservedVanity: config.reservedVanity,
    version: readVersion(),
    requestsInFlightMax: config.requestsInFlightMax,
    rateLimits:
      config.rateLimits === 'off'
        ? null
        : createRateLimits({ counter: store.limits, isUnavailable, onBug: (error) => onBug(error, null) }),
    ledger: openLedger(config, store, teardown, (error) => onBug(error, null)),
    feed: new Feed(store),
    readerMaxMs: config.eventsReaderTimeoutMs,
    counts,
    metrics: createMetrics({
      version: readVersion(),
      readTold: store.toldFigures.read,
      gather: shareFigures(createOwnFigures(counts, store.counts)),
    }),
    isUnavailable,
    onBug,
    onAnswered: accessLog?.write ?? null,
  });
  teardown.add(() => listeners.drain({ delayMs: config.drainDelayMs, graceMs: GRACE_MS }));
  return listeners.build;
}

/** null: there is no Postgres. It is connected to when somebody asks. */
function openLedger(
  config: Config,
  store: Store,
  teardown: Teardown,
  onBug: (error: unknown) => void,
): Ledger | null {
  if (config.postgresUrl === null) return null;
  const sql = connectPostgres({ url: config.postgresUrl, connectionsMax: LEDGER_CONNECTIONS_MAX });
  teardown.add(() => sql.close());
  // Should it come for the first time now, its tables may not be there yet.
  return createLedger(
    store,
    migrated(sql, (error) => {
      if (error instanceof StartError) onBug(error);
    }),
  );
}
