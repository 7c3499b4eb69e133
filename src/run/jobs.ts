// The jobs process: everything that is nobody's request. Copies to Postgres, restores from it, sweeps expired invites, sends events to
// webhooks. Several may run on one Redis, and share the work by leases. Started and ended by start.ts, whose death ends it too.

import { type Config, loadConfig } from '../config.js';
import { startFigures } from '../jobs/figures.js';
import { startForgetter } from '../jobs/forgetter.js';
import { startRecovery } from '../jobs/recovery.js';
import { startStreamBound } from '../jobs/stream-bound.js';
import { startSweeper } from '../jobs/sweeper.js';
import { createLog, describeBug } from '../log.js';
import { StartError } from '../start-error.js';
import { endOn, Teardown } from '../teardown.js';
import { endWithSupervisor, tellSupervisor } from '../workers/message.js';
import { type JobParts, keptOf, type Log, openJobParts } from './job-parts.js';
import { recoveryLog, streamBoundLog, tellReaderCut } from './jobs-log.js';
import type { ThreadSettings } from './thread-work.js';
import { startWebhooksThread, startWriterThread } from './threads.js';

/**
 * The environment of the process has every setting that start.ts had to find out: Redis, Postgres.
 * @param embeddedDatabase the folder of the embedded Postgres; null: it is another one, or none
 */
export async function runJobs(
  env: Readonly<Record<string, string | undefined>>,
  embeddedDatabase: string | null,
): Promise<void> {
  endWithSupervisor();
  // A terminal sends Ctrl-C to all; the supervisor asks by SIGTERM when it is our turn.
  process.on('SIGINT', () => {});
  const teardown = new Teardown();
  const config = loadConfig(env);
  const log = createLog(config.logLevel);
  try {
    await begin(config, log, teardown, { env, embeddedDatabase });
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

async function begin(config: Config, log: Log, teardown: Teardown, settings: ThreadSettings): Promise<void> {
  const parts = await openJobParts(config, log, teardown, settings.embeddedDatabase);
  // Without its threads the process is of no use: whoever started it starts it again.
  await startJobs(parts, { config, log, teardown, settings, onThreadEnd: () => process.exit(1) });
}

export interface JobsOptions {
  readonly config: Config;
  readonly log: Log;
  readonly teardown: Teardown;
  readonly settings: ThreadSettings;
  /** Told when a thread has ended without being asked to; the log has it already. */
  readonly onThreadEnd: (error: unknown) => void;
}

/** Starts all of them; the teardown ends them. */
export async function startJobs(
  parts: JobParts,
  { config, log, teardown, settings, onThreadEnd }: JobsOptions,
): Promise<void> {
  const { store, sql, holder, isOutage, isPostgresNew } = parts;
  const failed = (what: string) => (error: unknown) => {
    log.error({ problem: describeBug(error) }, what);
    onThreadEnd(error);
  };
  await store.scripts.load();
  await store.scripts.forgetOthers();
  if (sql !== null && isPostgresNew()) {
    log.info('the embedded Postgres is being made; what changes meanwhile is copied later');
  }

  const onProblem = (error: unknown): void => log.error({ problem: describeBug(error) }, 'a job failed');
  const common = { store: store.journal, journals: store.journals, holder, isOutage, onProblem };
  const end = (job: { stop(): Promise<void> }): void => teardown.add(() => job.stop());

  let restores = { count: 0, lastAtMs: null as number | null };
  const countRestore = (): void => {
    restores = { count: restores.count + 1, lastAtMs: Date.now() };
  };
  const recovery = startRecovery({ ...parts, log: recoveryLog(log, countRestore) });
  end(recovery);
  end(startSweeper({ ...common, invites: store.invites, endings: store.endings }));
  const writer = sql === null ? null : startWriterThread(settings, failed('the writer failed'));
  const copying =
    writer ??
    startForgetter({
      ...common,
      intervalMs: config.snapshotIntervalMs,
      kept: keptOf(config),
      onReaderCut: tellReaderCut(log),
    });
  const webhooks =
    config.webhookUrls.length === 0 ? null : startWebhooksThread(settings, failed('the webhooks failed'));
  // Each takes its seconds to end, and there are not enough for one after the other.
  teardown.add(async () => {
    await Promise.all([copying.stop(), webhooks?.stop()]);
  });
  end(startStreamBound({ ...common, entriesMax: config.streamMax, log: streamBoundLog(log) }));
  end(
    startFigures({
      ...common,
      told: store.toldFigures,
      events: store.events,
      memory: store.memory,
      entriesMax: config.streamMax,
      sql,
      writer: () => writer?.figures() ?? null,
      recovery: recovery.state,
      restores: () => restores,
      webhooks: () => webhooks?.figures() ?? null,
    }),
  );
}
