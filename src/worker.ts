// One HTTP worker: a process of its own that serves both listeners. It keeps nothing that another one would miss.
// Started and ended by start.ts, whose death ends it too.

import { type Config, loadConfig } from './config.js';
import { createEngine } from './engine/engine.js';
import { startListeners } from './http/listeners.js';
import { createLog, describeBug } from './log.js';
import { StartError } from './start-error.js';
import { checkServer, connectRedis } from './store/connection.js';
import { createStore } from './store/store.js';
import { StoreUnavailable } from './store/unavailable.js';
import { endOn, Teardown } from './teardown.js';
import { tellSupervisor } from './workers/message.js';

const GRACE_MS = 10_000;

/** The environment of a worker has every setting that start.ts had to find out: ports, Redis, secret. */
export async function runWorker(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  // Its supervisor was killed.
  process.on('disconnect', () => process.exit(1));
  // A terminal sends Ctrl-C to all; the supervisor asks by SIGTERM when it is our turn.
  process.on('SIGINT', () => {});
  const teardown = new Teardown();
  const config = loadConfig(env);
  const log = createLog(config.logLevel);
  try {
    const uws = await serve(config, teardown, (error) =>
      log.error({ problem: describeBug(error) }, 'a request failed'),
    );
    log.debug({ uws }, 'serving');
  } catch (error) {
    await teardown.run();
    if (!(error instanceof StartError)) throw error;
    await tellSupervisor({ kind: 'failed', problem: error.message });
    process.exit(1);
  }
  endOn(['SIGTERM'], teardown, (error) =>
    log.error({ problem: describeBug(error) }, 'could not end cleanly'),
  );
  await tellSupervisor({ kind: 'ready' });
}

/** Which build of uWebSockets.js serves. */
async function serve(config: Config, teardown: Teardown, onBug: (error: unknown) => void): Promise<string> {
  if (config.redisUrl === null || config.jwtSecret === null) {
    throw new StartError('A worker is started by `invited start`, not by hand.');
  }
  const redis = await connectRedis({ url: config.redisUrl, timeoutMs: config.redisTimeoutMs });
  teardown.add(async () => redis.disconnect());
  const { isCluster } = await checkServer(redis, config.allowEviction);
  const engine = createEngine(createStore(redis, { isCluster, waitingMax: config.waitingMax }), config);
  const listeners = await startListeners(engine, {
    publicListener: config.publicListener,
    adminListener: config.adminListener,
    sharesPorts: config.workers > 1,
    auth: { ...config, jwtSecret: config.jwtSecret },
    page: { iconUrlTemplate: config.iconUrl, publicUrl: config.publicUrl },
    reservedVanity: config.reservedVanity,
    requestsInFlightMax: config.requestsInFlightMax,
    isUnavailable: (error) => error instanceof StoreUnavailable,
    onBug,
  });
  teardown.add(() => listeners.drain(GRACE_MS));
  return listeners.build;
}
