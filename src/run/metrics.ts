// The metrics of one HTTP worker, as Prometheus reads them: its own process, and what the jobs processes told. What can't be known
// now is left out: an outage of Redis must not be an outage of those who watch for it.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Metrics } from '../http/routes/metrics.js';
import { type JobsFigures, sumFigures, type WebhookFigures } from '../jobs/figures-told.js';

const REDIS_MAX_MS = 500;
const RECOVERY = { open: 0, checking: 1, restoring: 2 } as const;

/** @param readTold the texts of the jobs processes */
export function createMetrics(readTold: () => Promise<readonly string[]>): Metrics {
  let own: Registry | null = null;
  return async () => {
    // A worker that nobody watches measures nothing.
    own ??= ownMetrics();
    const told = await within(REDIS_MAX_MS, readTold());
    const figures = told === null ? null : sumFigures(told);
    const texts = [await own.metrics(), figures === null ? '' : await jobsMetrics(figures).metrics()];
    return { type: own.contentType, text: texts.join('') };
  };
}

function ownMetrics(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

function jobsMetrics(figures: JobsFigures): Registry {
  const register = new Registry();
  const registers = [register];
  const gauge = (name: string, help: string, value: number | null): void => {
    if (value !== null) new Gauge({ name, help, registers }).set(value);
  };
  const counter = (name: string, help: string, value: number): void => {
    new Counter({ name, help, registers }).inc(value);
  };
  const { isPostgresUp, lagMs, lastSuccessAtMs } = figures;
  gauge(
    'invited_dirty_entities',
    'Entities of the directory that changed and are not yet in Postgres.',
    figures.dirtyEntities,
  );
  gauge(
    'invited_stream_entries',
    'Entries of the event streams, those included that Postgres has and readers may still want.',
    figures.streamEntries,
  );
  gauge(
    'invited_snapshot_lag_seconds',
    'Age of the oldest change that is not yet in Postgres; 0 if there is none.',
    lagMs === null ? null : lagMs / 1000,
  );
  counter('invited_snapshot_rows_total', 'Rows that were written to Postgres.', figures.rows);
  gauge(
    'invited_snapshot_rows_per_second',
    'Rows written to Postgres a second, over the last five.',
    figures.rowsPerSecond,
  );
  gauge(
    'invited_snapshot_last_success_timestamp_seconds',
    'When the journal was last copied without a failure.',
    lastSuccessAtMs === null ? null : lastSuccessAtMs / 1000,
  );
  counter(
    'invited_snapshot_damaged_total',
    'Entries of the journal that could not be read.',
    figures.damaged,
  );
  gauge('invited_postgres_up', 'Does Postgres answer?', isPostgresUp === null ? null : Number(isPostgresUp));
  gauge(
    'invited_recovery_state',
    '0: Redis holds our data; 1: that is being looked into; 2: they are being restored.',
    RECOVERY[figures.recovery],
  );
  counter('invited_restores_total', 'How often Redis was filled from Postgres.', figures.restores);
  if (figures.webhooks !== null) addWebhooks(register, figures.webhooks);
  return register;
}

function addWebhooks(register: Registry, figures: WebhookFigures): void {
  const registers = [register];
  const deliveries = new Counter({
    ...{ name: 'invited_webhook_deliveries_total', registers, labelNames: ['outcome'] },
    help: 'Attempts to send an event to a webhook, by whether it was taken.',
  });
  deliveries.inc({ outcome: 'delivered' }, figures.delivered);
  deliveries.inc({ outcome: 'failed' }, figures.failedAttempts);
  new Gauge({
    ...{ name: 'invited_webhook_outstanding', registers },
    help: 'Events that are under way to a webhook, or wait to be sent again.',
  }).set(figures.outstanding);
  if (figures.deadLetters === null) return;
  new Gauge({
    ...{ name: 'invited_webhook_dead_letters', registers },
    help: 'Events that webhooks did not take and that wait to be replayed.',
  }).set(figures.deadLetters);
}

/** null: it failed, or took too long. */
async function within<Result>(maxMs: number, asked: Promise<Result>): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), maxMs);
  });
  try {
    return await Promise.race([asked.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}
