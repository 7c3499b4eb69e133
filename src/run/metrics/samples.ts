// Figures on their way to /metrics, in two forms: flat, name by name, so that those of several workers can be added up by who knows
// nothing of them; and as prom-client takes them.

import type { Histogram } from '../../histogram.js';
import type { Family } from './families.js';

export type Flat = Record<string, number>;

/** As prom-client exports and aggregates metrics. */
export interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: 'sum';
  readonly values: {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly metricName?: string;
  }[];
}

/** In no name, verb, outcome or script. */
const SEPARATOR = '|';
const SUM = 'sum';
const ALL = '+Inf';

export function flatten(into: Flat, { name }: Family, labels: readonly string[], value: number): void {
  into[[name, ...labels].join(SEPARATOR)] = value;
}

/** Each bucket counts what is under its bound, as Prometheus wants it. */
export function flattenHistogram(
  into: Flat,
  family: Family,
  labels: readonly string[],
  { bounds, counts, sum }: Histogram,
): void {
  let total = 0;
  counts.forEach((count, at) => {
    total += count;
    flatten(into, family, [...labels, String(bounds[at] ?? ALL)], total);
  });
  flatten(into, family, [...labels, SUM], sum);
}

/** What flattened figures say of these families; one that has none is left out. */
export function metricsOf(families: readonly Family[], flat: Readonly<Flat>): readonly MetricJson[] {
  const byName = new Map(families.map((family) => [family.name, { family, metric: emptyMetric(family) }]));
  for (const [key, value] of Object.entries(flat)) {
    const [name = '', ...words] = key.split(SEPARATOR);
    const found = byName.get(name);
    if (found === undefined) continue;
    const { family, metric } = found;
    const labels = Object.fromEntries(family.labels.map((label, at) => [label, words[at] ?? '']));
    if (family.type !== 'histogram') {
      metric.values.push({ value, labels });
      continue;
    }
    const bound = words[family.labels.length] ?? '';
    if (bound === SUM) {
      metric.values.push({ value, labels, metricName: `${name}_sum` });
      continue;
    }
    metric.values.push({ value, labels: { ...labels, le: bound }, metricName: `${name}_bucket` });
    if (bound === ALL) metric.values.push({ value, labels, metricName: `${name}_count` });
  }
  return [...byName.values()].map(({ metric }) => metric).filter(({ values }) => values.length > 0);
}

function emptyMetric({ name, help, type }: Family): MetricJson {
  return { name, help, type, aggregator: 'sum', values: [] };
}
