// The thread of the jobs process that copies to Postgres. It has less right to the processor than whatever answers requests, and
// than the restore, which is done by the thread that started this one (writer.ts).

import { parentPort, workerData } from 'node:worker_threads';
import { workInBackground } from '../background.js';
import { loadConfig } from '../config.js';
import { startWriter, type WriterFigures } from '../jobs/writer.js';
import { createLog, describeBug } from '../log.js';
import { Teardown } from '../teardown.js';
import { keptOf, openJobParts } from './job-parts.js';
import { writerLog } from './jobs-log.js';

/** What it is started with. */
export interface WriterSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly embeddedDatabase: string | null;
}

/** What it says, each second. Told to stop, by any message, it copies what is there, and ends. */
export type WriterMessage = WriterFigures;

const TELL_EVERY_MS = 500;

workInBackground({ hasOwnSession: false });
const { env, embeddedDatabase } = workerData as WriterSettings;
const config = loadConfig(env);
const log = createLog(config.logLevel);
const teardown = new Teardown();
const { store, sql, holder, isOutage, isPostgresNew } = await openJobParts(
  config,
  log,
  teardown,
  embeddedDatabase,
);
if (sql === null) throw new Error('a writer without a Postgres');
const writer = startWriter({
  store: store.journal,
  journals: store.journals,
  scan: () => store.scan(),
  isCluster: store.isCluster,
  sql,
  holder,
  isOutage,
  intervalMs: config.snapshotIntervalMs,
  rowsAimed: config.snapshotBatch,
  kept: keptOf(config),
  log: writerLog(log, isPostgresNew),
});
const tell = (): void => parentPort?.postMessage(writer.figures());
const telling = setInterval(tell, TELL_EVERY_MS);
parentPort?.once('message', () => {
  clearInterval(telling);
  writer
    .stop()
    .then(() => teardown.run())
    .catch((error: unknown) => log.error({ problem: describeBug(error) }, 'the writer could not end cleanly'))
    .finally(() => parentPort?.close());
});
