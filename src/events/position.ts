// Where a reader stands in the events, and the names of events. A position in one journal is the id of an entry of its stream,
// `<ms>-<n>`: he has all events of that entry and of those before it; or `<ms>-<n>-<k>`: of a packed entry he has the first k + 1.
// An event's id is the position of who has it and all before it. On a cluster, which has many journals, the id has the journal's
// number in front of it, and a cursor is a position for each journal, packed.

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { PARTITIONS } from '../invite/partition.js';
import type { Journal } from '../store/journals.js';

/** As it stands; null: before everything that is kept. */
export type Position = string | null;

/** For each journal that is not at its very beginning. */
export type Positions = ReadonlyMap<Journal, string>;

const POSITION = /^(\d{1,16}-\d{1,16})(?:-(\d{1,9}))?$/;
const PACKED = /^[A-Za-z0-9_-]{1,8000}$/;
/** 256 journals of some 40 characters. */
const UNPACKED_BYTES_MAX = 16_384;
const SEPARATOR = '\n';

export interface EntryPlace {
  readonly entryId: string;
  /** How many of its events are had; null: all. */
  readonly had: number | null;
}

/** null: it is none. */
export function readPosition(text: string): EntryPlace | null {
  const [, entryId, last] = POSITION.exec(text) ?? [];
  if (entryId === undefined) return null;
  return { entryId, had: last === undefined ? null : Number(last) + 1 };
}

/** Behind the event at `index` of `count` in this entry. */
export function positionBehind(entryId: string, index: number, count: number): string {
  return index === count - 1 ? entryId : `${entryId}-${index}`;
}

export function eventId(journal: Journal, isCluster: boolean, position: string): string {
  return isCluster ? `${journal}.${position}` : position;
}

/** The position that an id names, in the event's own journal. */
export function positionOfId(id: string): string {
  return id.slice(id.indexOf('.') + 1);
}

/** A cursor over all journals: on a single Redis the position itself. */
export function writeCursor(positions: Positions, isCluster: boolean): string {
  if (!isCluster) return positions.get(0) ?? '0-0';
  const lines = [...positions].sort(([a], [b]) => a - b).map(([journal, at]) => `${journal}.${at}`);
  return deflateRawSync(lines.join(SEPARATOR)).toString('base64url');
}

/** null: it is none. */
export function readCursor(text: string, isCluster: boolean): Positions | null {
  if (!isCluster) return readPosition(text) === null ? null : new Map([[0, text]]);
  const unpacked = unpack(text);
  if (unpacked === null) return null;
  const lines = unpacked === '' ? [] : unpacked.split(SEPARATOR);
  const positions = new Map<Journal, string>();
  for (const line of lines) {
    const [, journal, position = ''] = /^(\d{1,3})\.(.*)$/.exec(line) ?? [];
    if (journal === undefined || Number(journal) >= PARTITIONS) return null;
    if (readPosition(position) === null) return null;
    positions.set(Number(journal), position);
  }
  return positions;
}

function unpack(text: string): string | null {
  if (!PACKED.test(text)) return null;
  try {
    const bytes = Buffer.from(text, 'base64url');
    return inflateRawSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }).toString('latin1');
  } catch {
    return null;
  }
}
