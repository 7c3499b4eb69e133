// The metrics of a server, as Prometheus reads them: what its workers count, whichever of them is asked; their processes; and what the
// jobs processes told. What can't be known now is left out: an outage of Redis must not be an outage of those who watch for it, and a sum
// of some workers would be no sum.

import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import type { RequestCounts } from '../../http/request-counts.js';
import type { Metrics } from '../../http/routes/metrics.js';
import { sumFigures } from '../../jobs/figures-told.js';
import type { StoreCounts } from '../../store/store-counts.js';
import type { Gathered, Told } from '../../workers/figures.js';
import { FAMILIES, WHOLE } from './families.js';
import { jobsFigures } from './jobs-figures.js';
import { type Flat, flatten, type MetricJson, metricsOf } from './samples.js';
import { workerFigures } from './worker-figures.js';

const REDIS_MAX_MS = 500;

export interface MetricsOptions {
  readonly version: string;
  /** The texts of the jobs processes. */
  readonly readTold: () => Promise<readonly string[]>;
  /** The figures of all workers; null: they can't be had. */
  readonly gather: () => Promise<Gathered | null>;
}

/** What this worker tells when it is asked. */
export function createOwnFigures(requests: RequestCounts, store: StoreCounts): () => Promise<Told> {
  let process: Registry | null = null;
  return async () => {
    // A process that nobody watches doesn't measure itself; what it counts, it counts always.
    process ??= processRegistry();
    return { ...workerFigures(requests, store), own: await process.getMetricsAsJSON() };
  };
}

function processRegistry(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

export function createMetrics({ version, readTold, gather }: MetricsOptions): Metrics {
  return async () => {
    const [told, gathered] = await Promise.all([within(REDIS_MAX_MS, readTold()), gather()]);
    const figures = told === null ? null : sumFigures(told);
    const flat: Flat = { ...gathered?.counts, ...gathered?.levels };
    flatten(flat, WHOLE.build, [version], 1);
    if (gathered !== null) flatten(flat, WHOLE.workers, [], gathered.each.length);
    flatten(flat, WHOLE.redisUp, [], told === null ? 0 : 1);
    if (figures !== null) Object.assign(flat, jobsFigures(figures));
    const all = AggregatorRegistry.aggregate([
      metricsOf(FAMILIES, flat) as object[],
      ...processesOf(gathered),
    ]);
    return { type: all.contentType, text: await all.metrics() };
  };
}

/** The figures of each worker's process, told apart by its number. */
function processesOf(gathered: Gathered | null): object[][] {
  return (gathered?.each ?? []).map(({ worker, own }) =>
    (own as readonly MetricJson[]).map((metric) => ({
      ...metric,
      // Nothing is added up: each has labels of its own.
      aggregator: 'sum',
      // NaN, where nothing was measured, comes as null.
      values: metric.values.map((one) => ({
        ...one,
        value: one.value ?? Number.NaN,
        labels: { ...one.labels, worker: String(worker) },
      })),
    })),
  );
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
