// What one worker tells of itself: what it counts, flat, and the figures of its process.

import type { RequestCounts } from '../../http/request-counts.js';
import { CALL_FAILURES, type StoreCounts } from '../../store/store-counts.js';
import type { Told } from '../../workers/figures.js';
import { WORKERS } from './families.js';
import { type Flat, flatten, flattenHistogram } from './samples.js';

export function workerFigures(requests: RequestCounts, store: StoreCounts): Omit<Told, 'own'> {
  const counts: Flat = {};
  const levels: Flat = {};
  for (const { verb, of, count } of requests.statuses()) flatten(counts, WORKERS.requests, [verb, of], count);
  for (const { verb, of, count } of requests.outcomes()) flatten(counts, WORKERS.outcomes, [verb, of], count);
  for (const { verb, histogram } of requests.durations()) {
    flattenHistogram(counts, WORKERS.durations, [verb], histogram);
  }
  for (const { listener, requests: underWay } of requests.inFlight()) {
    flatten(levels, WORKERS.inFlight, [listener], underWay);
  }
  for (const [script, { durations, failures }] of store.calls) {
    if (durations.counts.every((count) => count === 0)) continue;
    flattenHistogram(counts, WORKERS.calls, [script], durations);
    for (const kind of CALL_FAILURES) {
      if (failures[kind] > 0) flatten(counts, WORKERS.callFailures, [script, kind], failures[kind]);
    }
  }
  for (const [script, { sizes, waiting }] of store.batches) {
    flattenHistogram(counts, WORKERS.batches, [script], sizes);
    flatten(levels, WORKERS.waiting, [script], waiting());
  }
  return { counts, levels };
}
