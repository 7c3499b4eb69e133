// The figures of the workers of one server, added up: no sum may ever fall, whichever of them dies or says nothing.

import { describe, expect, it } from 'vitest';
import { DURATION_BOUNDS_S, Histogram } from '../../src/histogram.js';
import { outcomeNamed } from '../../src/http/outcomes.js';
import { RequestCounts } from '../../src/http/request-counts.js';
import { verbOf } from '../../src/http/verbs.js';
import { WORKERS } from '../../src/run/metrics/families.js';
import { type Flat, flattenHistogram, metricsOf } from '../../src/run/metrics/samples.js';
import { gatherFrom, SlotFigures } from '../../src/workers/figures.js';

const told = (accepts: number, inFlight: number) => ({
  counts: { accepts },
  levels: { inFlight },
  own: `at ${accepts}`,
});

describe('the figures of several workers', () => {
  it('are added up, and those of a process told apart by its number', () => {
    const slots = [new SlotFigures(), new SlotFigures(), new SlotFigures()];
    slots[0]?.tell(told(3, 1));
    slots[2]?.tell(told(4, 2));
    expect(gatherFrom(slots)).toEqual({
      counts: { accepts: 7 },
      levels: { inFlight: 3 },
      each: [
        { worker: 1, own: 'at 3' },
        { worker: 3, own: 'at 4' },
      ],
    });
  });

  it('keep what a worker counted that died, and nothing else of it', () => {
    const slot = new SlotFigures();
    for (const accepts of [3, 5]) slot.tell(told(accepts, 9));
    slot.end();
    expect(gatherFrom([slot])).toEqual({ counts: { accepts: 5 }, levels: {}, each: [] });
    // Its successor begins with nothing.
    slot.tell(told(0, 1));
    expect(gatherFrom([slot]).counts).toEqual({ accepts: 5 });
    slot.tell(told(2, 1));
    slot.end();
    slot.end();
    expect(gatherFrom([slot]).counts).toEqual({ accepts: 7 });
  });
});

describe('what is counted', () => {
  it('falls into the bucket whose bound it does not exceed', () => {
    const histogram = new Histogram([1, 2, 5]);
    for (const value of [0, 1, 1.5, 2, 5, 5.1, 100]) histogram.observe(value);
    expect([...histogram.counts]).toEqual([2, 2, 1, 2]);
    expect(histogram.sum).toBe(114.6);
  });

  it('is told as Prometheus wants it: each bucket with those under it', () => {
    const histogram = new Histogram([1, 2]);
    for (const value of [0.5, 1.5, 3]) histogram.observe(value);
    const flat: Flat = {};
    flattenHistogram(flat, WORKERS.batches, ['read'], histogram);
    const [metric] = metricsOf([WORKERS.batches], flat);
    const lines = metric?.values.map(({ metricName, labels, value }) => [metricName, labels['le'], value]);
    expect(lines).toEqual([
      ['invited_batch_size_bucket', '1', 1],
      ['invited_batch_size_bucket', '2', 2],
      ['invited_batch_size_bucket', '+Inf', 3],
      ['invited_batch_size_count', undefined, 3],
      ['invited_batch_size_sum', undefined, 5],
    ]);
    expect(metric?.values.every(({ labels }) => labels['script'] === 'read')).toBe(true);
  });

  it('goes under its verb, and under `other` where a route has no word of its own', () => {
    const counts = new RequestCounts();
    const banned = outcomeNamed('user_banned_from_guild');
    counts.note(verbOf('POST', '/invites/{code}'), 403, banned, 0.0005);
    counts.note(verbOf('POST', '/invites/{code}'), 200, 0, 20);
    counts.note(verbOf('GET', '/never/heard/of'), 200, 0, 0.01);
    expect(counts.statuses()).toEqual([
      { verb: 'other', of: '200', count: 1 },
      { verb: 'accept', of: '200', count: 1 },
      { verb: 'accept', of: '403', count: 1 },
    ]);
    expect(counts.outcomes()).toContainEqual({ verb: 'accept', of: 'user_banned_from_guild', count: 1 });
    const accept = counts.durations().find(({ verb }) => verb === 'accept')?.histogram;
    expect(accept?.counts[0]).toBe(1);
    expect(accept?.counts[DURATION_BOUNDS_S.length]).toBe(1);
  });
});
