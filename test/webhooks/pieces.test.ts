// The pieces of a relay by themselves: how pauses grow, and what the window lets be noted.

import { describe, expect, it } from 'vitest';
import { pauseAfterMs } from '../../src/webhooks/back-off.js';
import { Window } from '../../src/webhooks/window.js';

describe('pauseAfterMs', () => {
  const growth = { firstMs: 1000, maxMs: 300_000 };

  it('doubles from a second to five minutes', () => {
    const pauses = [1, 2, 3, 9, 10, 100].map((failures) => pauseAfterMs(growth, failures, 1));
    expect(pauses).toEqual([1000, 2000, 4000, 256_000, 300_000, 300_000]);
  });

  it('is spread over the upper half', () => {
    expect(pauseAfterMs(growth, 3, 0)).toBe(2000);
    expect(pauseAfterMs(growth, 3, 0.5)).toBe(3000);
  });
});

describe('Window', () => {
  const event = (id: string, json = '{}') => ({ id, type: 'T', guildId: '1', channelId: null, json });

  it('lets be noted what all before it are dealt with, and that once', () => {
    const window = new Window();
    expect(window.noteable()).toBeNull();
    const places = ['a', 'b', 'c', 'd'].map((id) => window.add(event(id)));
    const settle = (at: number): void => {
      const place = places[at];
      if (place !== undefined) window.dealtWith(place);
    };
    settle(1);
    expect(window.noteable()).toBeNull();
    settle(0);
    expect(window.noteable()).toBe('b');
    settle(3);
    expect(window.noteable()).toBe('b');
    window.noted('b');
    expect(window.noteable()).toBeNull();
    settle(2);
    expect(window.noteable()).toBe('d');
    expect(window.outstanding).toBe(0);
    window.noted('d');
    window.noted('d');
    expect([window.noteable(), window.room]).toEqual([null, 1000]);
  });

  it('has room for a thousand that are not noted', () => {
    const window = new Window();
    const places = Array.from({ length: 1000 }, (_, at) => window.add(event(String(at))));
    expect(window.hasRoomFor(event('x'))).toBe(false);
    for (const place of places) window.dealtWith(place);
    expect(window.hasRoomFor(event('x'))).toBe(false);
    window.noted('0');
    expect(window.hasRoomFor(event('x'))).toBe(true);
  });

  it('counts the bytes of what is not dealt with', () => {
    const window = new Window();
    const large = event('a', 'é'.repeat(2 * 1024 * 1024));
    expect(window.hasRoomFor(event('b', 'x'.repeat(9e6)))).toBe(true);
    const place = window.add(large);
    expect(window.hasRoomFor(event('c', 'x'))).toBe(false);
    window.dealtWith(place);
    expect(window.hasRoomFor(event('c', 'x'))).toBe(true);
  });
});
