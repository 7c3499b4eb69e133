import { describe, expect, it } from 'vitest';
import { Pace } from '../../src/jobs/pace.js';

describe('the pace of the writer', () => {
  const pauseAfter = (events: number, { tookMs = 100, behindMs = 500 } = {}): number => {
    const pace = new Pace();
    pace.restMs(1000, tookMs, behindMs, 0);
    return pace.restMs(1000 + events, tookMs, behindMs, 1000);
  };

  it('rests while many events come in, for a part of what a page took', () => {
    expect(pauseAfter(5000)).toBe(60);
    expect(pauseAfter(50_000, { tookMs: 10_000 })).toBe(200);
  });

  it('goes on at once when few come', () => {
    expect(pauseAfter(4999)).toBe(0);
    expect(pauseAfter(0)).toBe(0);
  });

  it('goes on at once when it has fallen far behind', () => {
    expect(pauseAfter(50_000, { behindMs: 10_001 })).toBe(0);
  });

  it('knows of no load before its second page', () => {
    expect(new Pace().restMs(1_000_000, 100, 0, 5)).toBe(0);
  });
});
