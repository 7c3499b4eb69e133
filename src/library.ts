// The engine for programs that want it within themselves, without HTTP: `import { createEngine } from 'invited'`. A composition root
// beside main.ts. It must never read the environment, write to stdout, listen for signals or end the process: those are its host's.

import { setTimeout as wait } from 'node:timers/promises';
import { type Config, loadConfig } from './config.js';
import { createEngine as createCore } from './engine/engine.js';
import { Feed } from './events/feed.js';
import { directoryVerbs } from './library/directory.js';
import type { Engine } from './library/engine.js';
import { eventVerbs } from './library/events.js';
import { inviteVerbs } from './library/invites.js';
import { type EngineOptions, inOptionWords, settingsOf } from './library/options.js';
import { untilClosed } from './library/until-closed.js';
import { createLog } from './log.js';
import { openJobParts } from './run/job-parts.js';
import { startJobs } from './run/jobs.js';
import { StartError } from './start-error.js';
import type { Store } from './store/store.js';
import { StoreUnavailable } from './store/unavailable.js';
import { Teardown } from './teardown.js';

export type { Engine } from './library/engine.js';
export type * from './library/forms.js';
export { type InputProblem, InvalidInput } from './library/invalid-input.js';
export type { EngineOptions } from './library/options.js';
export type * from './library/told.js';
export { StartError, StoreUnavailable };

const READY_POLL_MS = 25;

/**
 * Connects to Redis, checks that it can be trusted with invites, starts the jobs if it shall, and waits until Redis holds the data.
 * The engine keeps the process alive until `close()`.
 * @throws StartError with what is wrong: an option, a Redis that can't be reached or would evict invites, or one that nobody opens
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const given = settingsOf(options);
  if ('problem' in given) throw new StartError(`createEngine: ${given.problem}.`);
  const teardown = new Teardown();
  try {
    const config = loadConfig(given.settings);
    const store = await open(config, given.settings, options, teardown);
    await untilReady(store, options.jobs, given.readyTimeoutMs);
    const core = createCore(store, config);
    return untilClosed(
      {
        ...inviteVerbs(core, config.reservedVanity),
        ...directoryVerbs(core),
        ...eventVerbs(new Feed(store)),
        checkReady: () => core.checkReady(),
      },
      { refusal: () => new StoreUnavailable('down'), end: () => teardown.run() },
    );
  } catch (error) {
    await teardown.run();
    throw error instanceof StartError ? new StartError(inOptionWords(error.message)) : error;
  }
}

async function open(
  config: Config,
  env: Readonly<Record<string, string>>,
  { jobs, onJobsFailed }: EngineOptions,
  teardown: Teardown,
): Promise<Store> {
  const log = createLog(config.logLevel);
  const failed = onJobsFailed ?? throwUncaught;
  const parts = await openJobParts(config, log, teardown, null, failed);
  if (jobs) {
    const settings = { env, embeddedDatabase: null };
    await startJobs(parts, { config, log, teardown, settings, onThreadEnd: failed });
  }
  return parts.store;
}

/** As Node does with an `error` event that nobody listens to. */
function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

async function untilReady(store: Store, jobs: boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await store.checkReady();
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (performance.now() >= deadline) throw new StartError(notReady(jobs, timeoutMs));
    }
    await wait(READY_POLL_MS);
  }
}

function notReady(jobs: boolean, timeoutMs: number): string {
  const why = jobs
    ? 'it is away, or its data are still being restored'
    : 'it is away, or nobody does its jobs (jobs: true here, or an `invited start`)';
  return `Redis is not ready after ${timeoutMs} ms (readyTimeoutMs): ${why}.`;
}
