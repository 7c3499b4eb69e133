// What a batch makes of the invites with one code, event by event, as pure functions over their rows: a code is given
// again once its invite has ended, so it can have several. Must give the same when an event is applied twice.

import type { Snowflake } from '../invite/id.js';
import {
  type InviteEnded,
  type InviteSettings,
  type InviteTold,
  type Joined,
  lastSeq,
  lastUses,
  type StoredEndReason,
} from '../invite/ledger-events.js';
import type { Entity, InviteState } from './entities.js';

export interface InviteRow extends InviteSettings {
  readonly createdSeq: number;
  /** Of the last change of its settings, or its end; joins don't count. */
  readonly seq: number;
  /** Uses that no join of the ledger stands for. */
  readonly baseUses: number;
  /** Joins behind this seq count, beside those. */
  readonly countedFrom: number;
  readonly endedAtMs: number | null;
  readonly endedReason: StoredEndReason | null;
  readonly endedBy: Snowflake | null;
}

export type InviteChange = InviteTold | InviteEnded | Joined;

/** @param rows of one code, the oldest first */
export function applyEvent(rows: readonly InviteRow[], event: InviteChange): readonly InviteRow[] {
  switch (event.kind) {
    case 'create':
      return create(rows, event);
    case 'update':
      return update(rows, event);
    case 'delete':
      return rows.map((row) => (ends(row, event) ? ended(row, event) : row));
    case 'joins':
      return replaceLast(rows, lastSeq(event), (row) => ({
        ...row,
        uses: Math.max(row.uses, lastUses(event)),
      }));
  }
}

/** An invite as it was read from Redis; it counts only where no newer event has been applied. */
export function applyState(
  rows: readonly InviteRow[],
  entity: Entity<InviteState, 'code'>,
  nowMs: number,
): readonly InviteRow[] {
  const { seq, state } = entity;
  if (state === null) return rows.map((row) => (isGone(row, seq) ? gone(row, seq, nowMs) : row));
  const known = rows.find((row) => row.createdAtMs === state.createdAtMs && row.endedAtMs === null);
  if (known !== undefined) {
    return rows.map((row) => (row === known && row.seq <= seq ? recounted(row, state, seq) : row));
  }
  // One that has ended since it was read, or that another one has followed.
  return rows.some((row) => row.seq >= seq) ? rows : [...rows, rowOf(state, seq)];
}

function isGone(row: InviteRow, seq: number): boolean {
  return row.endedAtMs === null && row.seq <= seq;
}

function gone(row: InviteRow, seq: number, nowMs: number): InviteRow {
  return { ...row, seq, endedAtMs: Math.min(nowMs, row.expiresAtMs ?? nowMs), endedReason: 'lost' };
}

function create(rows: readonly InviteRow[], told: InviteTold): readonly InviteRow[] {
  if (rows.some(({ createdSeq }) => createdSeq >= told.seq)) return rows;
  return [...rows, rowOf(told, told.seq)];
}

function update(rows: readonly InviteRow[], told: InviteTold): readonly InviteRow[] {
  // It was created before all that Postgres knows.
  if (rows.length === 0) return [rowOf(told, told.seq)];
  return replaceLast(rows, told.seq, (row) => (row.seq < told.seq ? raised(row, told) : row));
}

/** Joins of before may have been lost: from here on they count, on top of what Redis says. */
function recounted(row: InviteRow, state: InviteState, seq: number): InviteRow {
  return { ...retold(row, state, seq), uses: state.uses, baseUses: state.uses, countedFrom: seq };
}

/** What an update tells beyond the uses we know has no joins in the ledger. */
function raised(row: InviteRow, told: InviteTold): InviteRow {
  const base = row.baseUses + Math.max(0, told.uses - row.uses);
  return { ...retold(row, told, told.seq), baseUses: base };
}

function retold(row: InviteRow, settings: InviteSettings, seq: number): InviteRow {
  return { ...row, ...settingsOf(settings), uses: Math.max(row.uses, settings.uses), seq };
}

function ends(row: InviteRow, event: InviteEnded): boolean {
  if (row.endedAtMs !== null || row.createdSeq >= event.seq) return false;
  // The sweeper announces an end long after it came: the code may lead to another invite by then.
  return event.reason !== 'expired' || (row.expiresAtMs !== null && row.expiresAtMs <= event.atMs);
}

function ended(row: InviteRow, event: InviteEnded): InviteRow {
  return {
    ...row,
    seq: Math.max(row.seq, event.seq),
    endedAtMs: event.atMs,
    endedReason: event.reason,
    endedBy: event.by,
  };
}

/** The newest that was there at `seq`. */
function replaceLast(
  rows: readonly InviteRow[],
  seq: number,
  change: (row: InviteRow) => InviteRow,
): readonly InviteRow[] {
  const index = rows.findLastIndex(({ createdSeq }) => createdSeq <= seq);
  return rows.map((row, at) => (at === index ? change(row) : row));
}

function rowOf(settings: InviteSettings, seq: number): InviteRow {
  return {
    ...settingsOf(settings),
    createdSeq: seq,
    seq,
    baseUses: settings.uses,
    countedFrom: seq,
    endedAtMs: null,
    endedReason: null,
    endedBy: null,
  };
}

function settingsOf(given: InviteSettings): InviteSettings {
  return {
    code: given.code,
    guildId: given.guildId,
    channelId: given.channelId,
    inviterId: given.inviterId,
    createdAtMs: given.createdAtMs,
    expiresAtMs: given.expiresAtMs,
    maxAgeS: given.maxAgeS,
    maxUses: given.maxUses,
    uses: given.uses,
    isTemporary: given.isTemporary,
    isPaused: given.isPaused,
    version: given.version,
  };
}
