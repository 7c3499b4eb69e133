// The thread of the jobs process that copies to Postgres. It has less right to the processor than whatever answers requests, and
// than the restore, which is done by the thread that started this one (jobs.ts).

import { startWriter } from '../jobs/writer.js';
import { keptOf } from './job-parts.js';
import { writerLog } from './jobs-log.js';
import { workInThread } from './thread-work.js';

await workInThread({ name: 'the writer', needsPostgres: true }, (parts, config, log) => {
  const { store, sql, holder, isOutage, isPostgresNew } = parts;
  if (sql === null) throw new Error('a writer without a Postgres');
  return startWriter({
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
});
