// Cursors and the ids of events: what is written is read again, and what somebody else wrote is no harm.

import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  eventId,
  positionBehind,
  positionOfId,
  readCursor,
  readPosition,
  writeCursor,
} from '../../src/events/position.js';

const JOURNALS = 256;
/** With a token it must go into the head of a request, of which uWebSockets.js takes some 4 KiB. */
const CURSOR_CHARACTERS_MAX = 4000;

const pack = (text: string): string => deflateRawSync(text).toString('base64url');

const position = fc
  .tuple(fc.integer({ min: 1_790_000_000_000, max: 1_800_000_000_000 }), fc.nat(99), fc.option(fc.nat(500)))
  .map(([ms, n, k]) => `${ms}-${n}${k === null ? '' : `-${k}`}`);
const positions = fc
  .uniqueArray(fc.tuple(fc.nat(JOURNALS - 1), position), { selector: ([journal]) => journal, minLength: 1 })
  .map((all) => new Map(all));

describe('a position', () => {
  it('is behind one of the events of an entry, or behind all', () => {
    expect(positionBehind('5-1', 0, 1)).toBe('5-1');
    expect([0, 1, 2].map((index) => positionBehind('5-1', index, 3))).toEqual(['5-1-0', '5-1-1', '5-1']);
    expect(readPosition('5-1')).toEqual({ entryId: '5-1', had: null });
    expect(readPosition('5-1-1')).toEqual({ entryId: '5-1', had: 2 });
  });

  it('is named by an id, which tells its journal on a cluster', () => {
    for (const isCluster of [false, true]) {
      expect(positionOfId(eventId(17, isCluster, '5-1-2'))).toBe('5-1-2');
    }
    expect(eventId(17, true, '5-1')).toBe('17.5-1');
    expect(eventId(0, false, '5-1')).toBe('5-1');
  });

  it.each([
    '',
    '5',
    '5-',
    '-5-1',
    '5--1',
    '5-1-',
    '5-1-1-1',
    ' 5-1',
    '5-1\n',
    '٥-١',
    '1e3-1',
    '0x1-1',
    '+5-1',
  ])('is not %j', (text) => {
    expect(readPosition(text)).toBe(null);
    expect(readCursor(text, false)).toBe(null);
    expect(readCursor(pack(`3.${text}`), true)).toBe(null);
  });
});

describe('a cursor', () => {
  it('on a single Redis is the position', () => {
    expect(writeCursor(new Map([[0, '5-1-2']]), false)).toBe('5-1-2');
    expect(readCursor('5-1-2', false)).toEqual(new Map([[0, '5-1-2']]));
    expect(writeCursor(new Map(), false)).toBe('0-0');
  });

  it('on a cluster is read as it was written, whatever order the journals were in', () => {
    fc.assert(
      fc.property(positions, (all) => {
        const text = writeCursor(all, true);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(readCursor(text, true)).toEqual(all);
        expect(writeCursor(new Map([...all].reverse()), true)).toBe(text);
      }),
    );
  });

  it('of all journals is short enough for a request, within packed joins too', () => {
    fc.assert(
      fc.property(fc.array(position, { minLength: JOURNALS, maxLength: JOURNALS }), (all) => {
        const text = writeCursor(new Map(all.map((at, journal) => [journal, at])), true);
        expect(text.length).toBeLessThan(CURSOR_CHARACTERS_MAX);
        expect(readCursor(text, true)?.size).toBe(JOURNALS);
      }),
    );
  });

  it('before everything is read again on a cluster', () => {
    expect(readCursor(writeCursor(new Map(), true), true)).toEqual(new Map());
  });

  it('that is a bomb is none, and costs little', () => {
    const bomb = pack('1.1-1\n'.repeat(500_000));
    expect(bomb.length).toBeLessThan(8000);
    const startedAt = performance.now();
    expect(readCursor(bomb, true)).toBe(null);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });

  it('that names a journal there can not be is none', () => {
    for (const journal of ['256', '999', '-1', '1000', '1e2', ''])
      expect(readCursor(pack(`${journal}.1-1`), true), journal).toBe(null);
  });

  it('of rubbish is none, and never an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string().map(pack)), (text) => {
        for (const isCluster of [false, true]) {
          const read = readCursor(text, isCluster);
          expect(read === null || read instanceof Map).toBe(true);
        }
      }),
    );
    expect(readCursor('A'.repeat(8001), true)).toBe(null);
    expect(readCursor(pack('1.1-1\n\n2.1-1'), true)).toBe(null);
  });
});
