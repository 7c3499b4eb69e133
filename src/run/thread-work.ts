// What the threads of the jobs process have in common: the least right to the processor there is, connections of their own, figures
// that they tell to who started them (background-thread.ts), and an end when they are told to.

import { parentPort, workerData } from 'node:worker_threads';
import { workInBackground } from '../background.js';
import { type Config, loadConfig } from '../config.js';
import { createLog, describeBug } from '../log.js';
import { Teardown } from '../teardown.js';
import { type JobParts, type Log, openJobParts } from './job-parts.js';

/** What a thread is started with. */
export interface ThreadSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly embeddedDatabase: string | null;
}

export interface ThreadWork {
  /** Told to who started the thread. */
  figures(): unknown;
  stop(): Promise<void>;
}

const TELL_EVERY_MS = 500;

/** To be called once, by the thread's own file. @param needsPostgres false: it gets none */
export async function workInThread(
  { name, needsPostgres }: { readonly name: string; readonly needsPostgres: boolean },
  start: (parts: JobParts, config: Config, log: Log) => ThreadWork,
): Promise<void> {
  workInBackground({ hasOwnSession: false });
  const { env, embeddedDatabase } = workerData as ThreadSettings;
  const config = loadConfig(env);
  const log = createLog(config.logLevel);
  const teardown = new Teardown();
  const needed = needsPostgres ? config : { ...config, postgresUrl: null };
  const work = start(await openJobParts(needed, log, teardown, embeddedDatabase), config, log);
  const telling = setInterval(() => parentPort?.postMessage(work.figures()), TELL_EVERY_MS);
  parentPort?.once('message', () => {
    clearInterval(telling);
    work
      .stop()
      .then(() => teardown.run())
      .catch((error: unknown) => log.error({ problem: describeBug(error) }, `${name} could not end cleanly`))
      // In a thread that ends the thread alone, whatever still holds it open.
      .finally(() => process.exit(0));
  });
}
