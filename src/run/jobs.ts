// The jobs process: everything that is nobody's request. Copies to Postgres, restores from it, sweeps expired invites. Several may
// run on one Redis, and share the work by leases. Started and ended by start.ts, whose death ends it too.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { ulid } from 'ulid';
import { workInBackground } from '../background.js';
import { type Config, loadConfig } from '../config.js';
import { startFigures } from '../jobs/figures.js';
import { startForgetter } from '../jobs/forgetter.js';
import { startRecovery } from '../jobs/recovery.js';
import { startStreamBound } from '../jobs/stream-bound.js';
import { startSweeper } from '../jobs/sweeper.js';
import { startWriter, type Writer, type WriterLog } from '../jobs/writer.js';
import { createLog, describeBug } from '../log.js';
import { connectPostgres, type Sql } from '../postgres/connection.js';
import { migrate } from '../postgres/migrate.js';
import { migrated } from '../postgres/migrated.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import { StartError } from '../start-error.js';
import { checkServer, connectRedis } from '../store/connection.js';
import { createStore, type Store } from '../store/store.js';
import { StoreUnavailable } from '../store/unavailable.js';
import { endOn, Teardown } from '../teardown.js';
import { tellSupervisor } from '../workers/message.js';
import { recoveryLog, streamBoundLog, writerLog } from './jobs-log.js';

/** The writer's, and one for what else is asked meanwhile. */
const CONNECTIONS_MAX = 4;

type Log = ReturnType<typeof createLog>;

/**
 * The environment of the process has every setting that start.ts had to find out: Redis, Postgres.
 * @param embeddedDatabase the folder of the embedded Postgres; null: it is another one, or none
 */
export async function runJobs(
  env: Readonly<Record<string, string | undefined>>,
  embeddedDatabase: string | null,
): Promise<void> {
  // Its supervisor was killed.
  process.on('disconnect', () => process.exit(1));
  workInBackground({ hasOwnSession: false });
  // A terminal sends Ctrl-C to all; the supervisor asks by SIGTERM when it is our turn.
  process.on('SIGINT', () => {});
  const teardown = new Teardown();
  const config = loadConfig(env);
  const log = createLog(config.logLevel);
  try {
    await begin(config, log, teardown, embeddedDatabase);
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

async function begin(
  config: Config,
  log: Log,
  teardown: Teardown,
  embeddedDatabase: string | null,
): Promise<void> {
  if (config.redisUrl === null) throw new StartError('The jobs are started by `invited start`, not by hand.');
  const redis = await connectRedis({ url: config.redisUrl, timeoutMs: config.redisTimeoutMs });
  teardown.add(async () => redis.disconnect());
  const { isCluster } = await checkServer(redis, config.allowEviction);
  const store = createStore(redis, { isCluster, waitingMax: config.waitingMax });
  await store.scripts.load();
  await store.scripts.forgetOthers();

  const holder = `${hostname()}:${process.pid}:${ulid()}`;
  const isOutage = (error: unknown): boolean =>
    error instanceof StoreUnavailable || error instanceof PostgresUnavailable;
  const onProblem = (error: unknown): void => log.error({ problem: describeBug(error) }, 'a job failed');
  const common = { store: store.journal, journals: store.journals, holder, isOutage, onProblem };

  /** It takes its time to be made, and nobody needs it for that. */
  const isPostgresNew = (): boolean => embeddedDatabase !== null && !existsSync(embeddedDatabase);
  const sql = await openPostgres(config, log, teardown, isPostgresNew);
  let restores = 0;
  const countRestore = (): void => {
    restores += 1;
  };
  const recovery = startRecovery({
    store,
    sql,
    holder,
    isPostgresNew,
    isOutage,
    log: recoveryLog(log, countRestore),
  });
  teardown.add(() => recovery.stop());
  const sweeper = startSweeper({ ...common, invites: store.invites });
  teardown.add(() => sweeper.stop());
  const writer =
    sql === null ? null : startCopying(config, store, sql, common, writerLog(log, isPostgresNew));
  const copying = writer ?? startForgetting(config, common);
  teardown.add(() => copying.stop());
  const bound = startStreamBound({ ...common, entriesMax: config.streamMax, log: streamBoundLog(log) });
  teardown.add(() => bound.stop());
  const figures = startFigures({
    ...common,
    told: store.toldFigures,
    sql,
    writer: () => writer?.figures() ?? null,
    recovery: recovery.state,
    restores: () => restores,
  });
  teardown.add(() => figures.stop());
}

/** null: there is none. One that is away now gets its tables when it comes. @throws StartError where it can't be used */
async function openPostgres(
  config: Config,
  log: Log,
  teardown: Teardown,
  isPostgresNew: () => boolean,
): Promise<Sql | null> {
  if (config.postgresUrl === null) return null;
  const sql = connectPostgres({ url: config.postgresUrl, connectionsMax: CONNECTIONS_MAX });
  teardown.add(() => sql.close());
  try {
    await migrate(sql);
    return sql;
  } catch (error) {
    if (!(error instanceof PostgresUnavailable)) throw error;
    if (isPostgresNew())
      log.info('the embedded Postgres is being made; what changes meanwhile is copied later');
    else log.warn({ why: error.message }, 'Postgres is away; what changes is kept in Redis until it is back');
  }
  return migrated(sql, (error) => {
    if (!(error instanceof StartError)) return;
    log.fatal(error.message);
    process.exit(1);
  });
}

type Common = Pick<
  Parameters<typeof startSweeper>[0],
  'store' | 'journals' | 'holder' | 'isOutage' | 'onProblem'
>;

function startForgetting(config: Config, common: Common): { stop(): Promise<void> } {
  return startForgetter({
    ...common,
    intervalMs: config.snapshotIntervalMs,
    retentionMs: config.eventsRetentionMs,
  });
}

function startCopying(config: Config, store: Store, sql: Sql, common: Common, log: WriterLog): Writer {
  return startWriter({
    ...common,
    sql,
    scan: () => store.scan(),
    isCluster: store.isCluster,
    intervalMs: config.snapshotIntervalMs,
    rowsAimed: config.snapshotBatch,
    retentionMs: config.eventsRetentionMs,
    log,
  });
}
