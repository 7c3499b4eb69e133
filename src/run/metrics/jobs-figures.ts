// What the jobs processes told, as metrics. What can't be known now is left out.

import type { JobsFigures } from '../../jobs/figures-told.js';
import { type Family, JOBS } from './families.js';
import { type Flat, flatten } from './samples.js';

const RECOVERY = { open: 0, checking: 1, restoring: 2 } as const;

export function jobsFigures(figures: JobsFigures): Flat {
  const flat: Flat = {};
  const tell = (family: Family, value: number | null, ...labels: readonly string[]): void => {
    if (value !== null) flatten(flat, family, labels, value);
  };
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  tell(JOBS.dirtyEntities, figures.dirtyEntities);
  tell(JOBS.streamEntries, figures.streamEntries);
  tell(JOBS.streamFill, figures.streamFill);
  tell(JOBS.lag, seconds(figures.lagMs));
  tell(JOBS.rows, figures.rows);
  tell(JOBS.rowsPerSecond, figures.rowsPerSecond);
  tell(JOBS.lastSuccess, seconds(figures.lastSuccessAtMs));
  tell(JOBS.damaged, figures.damaged);
  tell(JOBS.postgresUp, figures.isPostgresUp === null ? null : Number(figures.isPostgresUp));
  tell(JOBS.recovery, RECOVERY[figures.recovery]);
  tell(JOBS.restores, figures.restores);
  tell(JOBS.lastRestore, seconds(figures.lastRestoreAtMs));
  tell(JOBS.redisUsed, figures.redisMemory?.usedBytes ?? null);
  tell(JOBS.redisMax, figures.redisMemory?.maxBytes ?? null);
  for (const [consumer, lagMs] of Object.entries(figures.eventsLagMs ?? {})) {
    tell(JOBS.eventsLag, lagMs / 1000, consumer);
  }
  if (figures.webhooks === null) return flat;
  tell(JOBS.deliveries, figures.webhooks.delivered, 'delivered');
  tell(JOBS.deliveries, figures.webhooks.failedAttempts, 'failed');
  tell(JOBS.outstanding, figures.webhooks.outstanding);
  tell(JOBS.deadLetters, figures.webhooks.deadLetters);
  return flat;
}
