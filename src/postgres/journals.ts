// How far each journal of Redis was copied, and who may write there. A journal's row is locked by whoever writes in it, so
// of two writers one waits; the one whose fencing number is no longer the largest must write nothing.

import { msOf, timeOf } from './columns.js';
import { type Sql, type SqlSession, statement } from './connection.js';

/** Where the stream of a journal was read to. */
export interface Position {
  /** Of the last entry, `ms-n` as Redis gives it. */
  readonly streamId: string;
  readonly seq: number;
  /** When the newest of what was read happened. */
  readonly newestAtMs: number;
}

export interface JournalState {
  readonly journal: number;
  readonly fence: string;
  /** null: nothing of it was ever written. */
  readonly position: Position | null;
  readonly writtenAtMs: number | null;
}

const CLAIM = statement(
  'claim a journal',
  `insert into invited.journals as l (journal, fence) values ($1, 1)
   on conflict (journal) do update set fence = l.fence + 1
   returning fence`,
);
const LOCK = statement(
  'lock a journal',
  `select fence, fence > $2::bigint as "isFenced", stream_id as "streamId" from invited.journals where journal = $1 for update`,
);
const MOVE = statement(
  'move a journal',
  `update invited.journals
   set fence = greatest(fence, $2::bigint), stream_id = coalesce($3, stream_id), seq = greatest(seq, $4::bigint),
       newest_at = greatest(newest_at, ${timeOf('$5::float8')}), written_at = clock_timestamp()
   where journal = $1`,
);
const STATES = statement(
  'read the journals',
  `select journal, fence, stream_id as "streamId", seq, ${msOf('newest_at')} as "newestAtMs", ${msOf('written_at')} as "writtenAtMs"
   from invited.journals order by journal`,
);

/** Makes the caller the only writer of this journal: whoever claimed it before is refused from now on. */
export async function claimJournal(sql: Sql, journal: number): Promise<string> {
  const [row] = await sql.query<{ fence: string }>(CLAIM, [journal]);
  return row?.fence ?? '';
}

/**
 * Locks the journal for the rest of the transaction.
 * @returns whether this writer may write this there: `fenced` also for a journal that nobody has claimed, so not in this database
 */
export async function lockJournal(
  session: SqlSession,
  journal: number,
  fence: string,
  position: Position | null,
): Promise<'mine' | 'fenced' | 'stale'> {
  const [row] = await session.query<{ isFenced: boolean; streamId: string | null }>(LOCK, [journal, fence]);
  if (row === undefined || row.isFenced) return 'fenced';
  if (position !== null && row.streamId !== null && !isLater(position.streamId, row.streamId)) return 'stale';
  return 'mine';
}

export async function moveJournal(
  session: SqlSession,
  journal: number,
  fence: string,
  position: Position | null,
): Promise<void> {
  const { streamId = null, seq = 0, newestAtMs = null } = position ?? {};
  await session.query(MOVE, [journal, fence, streamId, seq, newestAtMs]);
}

interface JournalRow {
  readonly journal: number;
  readonly fence: string;
  readonly streamId: string | null;
  readonly seq: string;
  readonly newestAtMs: string | null;
  readonly writtenAtMs: string | null;
}

export async function journalStates(sql: SqlSession): Promise<readonly JournalState[]> {
  const rows = await sql.query<JournalRow>(STATES);
  return rows.map(({ journal, fence, streamId, seq, newestAtMs, writtenAtMs }) => ({
    journal,
    fence,
    position: streamId === null ? null : { streamId, seq: Number(seq), newestAtMs: Number(newestAtMs ?? 0) },
    writtenAtMs: writtenAtMs === null ? null : Number(writtenAtMs),
  }));
}

/** Stream ids compare as numbers, part by part. */
export function isLater(id: string, other: string): boolean {
  const [ms = 0n, n = 0n] = id.split('-').map(BigInt);
  const [otherMs = 0n, otherN = 0n] = other.split('-').map(BigInt);
  return ms > otherMs || (ms === otherMs && n > otherN);
}
