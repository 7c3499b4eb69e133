// What happened to invites. Where a batch tells more of a code than joins, its rows are read, the events applied to them
// one by one (invite-history.ts), and what changed is written in one statement. The journal is locked meanwhile, and a code
// is told of in one journal only, so nobody else writes these rows.

import type { Snowflake } from '../invite/id.js';
import type { Joined, LedgerEvent, StoredEndReason } from '../invite/ledger-events.js';
import { list, msOf, textList, timeOf } from './columns.js';
import { type SqlSession, statement } from './connection.js';
import type { Entity, InviteState } from './entities.js';
import { applyEvent, applyState, type InviteChange, type InviteRow } from './invite-history.js';
import { raiseUses } from './write-joins.js';

// What lives, and the newest even if it has ended: late events may still concern it.
const READ = statement(
  'read invites to change',
  `select code, created_seq as "createdSeq", seq, guild_id as "guildId", channel_id as "channelId", inviter_id as "inviterId",
     ${msOf('created_at')} as "createdAtMs", ${msOf('expires_at')} as "expiresAtMs", max_age as "maxAgeS", max_uses as "maxUses",
     uses, base_uses as "baseUses", counted_from as "countedFrom", temporary as "isTemporary", paused as "isPaused", version,
     ${msOf('ended_at')} as "endedAtMs", ended_reason as "endedReason", ended_by as "endedBy"
   from invited.invites i
   where code = any ($1::text[])
     and (ended_at is null or created_seq = (select max(n.created_seq) from invited.invites n where n.code = i.code))
   order by code, created_seq`,
);

const WRITE = statement(
  'write invites',
  `insert into invited.invites (code, created_seq, seq, guild_id, channel_id, inviter_id, created_at, expires_at, max_age,
     max_uses, uses, base_uses, temporary, paused, version, ended_at, ended_reason, ended_by, counted_from)
   select code, created_seq, seq, guild_id, channel_id, inviter_id, ${timeOf('created_at_ms')}, ${timeOf('expires_at_ms')}, max_age,
     max_uses, uses, base_uses, temporary, paused, version, ${timeOf('ended_at_ms')}, ended_reason, ended_by, counted_from
   from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::float8[], $8::float8[], $9::int[],
               $10::int[], $11::bigint[], $12::bigint[], $13::boolean[], $14::boolean[], $15::int[], $16::float8[], $17::text[], $18::bigint[],
               $19::bigint[])
     as i (code, created_seq, seq, guild_id, channel_id, inviter_id, created_at_ms, expires_at_ms, max_age,
           max_uses, uses, base_uses, temporary, paused, version, ended_at_ms, ended_reason, ended_by, counted_from)
   on conflict (code, created_seq) do update
   set seq = excluded.seq, guild_id = excluded.guild_id, channel_id = excluded.channel_id, inviter_id = excluded.inviter_id,
     created_at = excluded.created_at, expires_at = excluded.expires_at, max_age = excluded.max_age, max_uses = excluded.max_uses,
     uses = excluded.uses, base_uses = excluded.base_uses, counted_from = excluded.counted_from, temporary = excluded.temporary, paused = excluded.paused,
     version = excluded.version, ended_at = excluded.ended_at, ended_reason = excluded.ended_reason, ended_by = excluded.ended_by`,
);

/** Creations, changes and ends in their order, and the uses that joins tell; then the invites that were read anew. */
export async function writeInvites(
  session: SqlSession,
  events: readonly LedgerEvent[],
  states: readonly Entity<InviteState, 'code'>[],
): Promise<void> {
  const codes = new Set(states.map(codeOf));
  for (const event of events) {
    if (event.kind !== 'joins' && event.kind !== 'member_remove') codes.add(event.code);
  }
  await raiseUses(
    session,
    events.filter(isJoined).filter((joined) => joined.isVanity || !codes.has(joined.code)),
  );
  if (codes.size === 0) return;

  const before = await readRows(session, [...codes]);
  const after = new Map(before);
  const change = (code: string, apply: (rows: readonly InviteRow[]) => readonly InviteRow[]): void => {
    after.set(code, apply(after.get(code) ?? []));
  };
  for (const event of events) {
    if (isInviteChange(event) && codes.has(event.code)) change(event.code, (rows) => applyEvent(rows, event));
  }
  for (const state of states) change(codeOf(state), (rows) => applyState(rows, state, Date.now()));
  const changed = [...after].flatMap(([code, rows]) =>
    rows.filter((row) => !(before.get(code)?.includes(row) ?? false)),
  );
  await writeRows(session, changed);
}

function codeOf(entity: Entity<InviteState, 'code'>): string {
  return entity.state === null ? entity.code : entity.state.code;
}

function isJoined(event: LedgerEvent): event is Joined {
  return event.kind === 'joins';
}

function isInviteChange(event: LedgerEvent): event is InviteChange {
  if (event.kind === 'joins') return !event.isVanity;
  return event.kind !== 'member_remove';
}

interface StoredRow {
  readonly code: string;
  readonly createdSeq: string;
  readonly seq: string;
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake | null;
  readonly inviterId: Snowflake | null;
  readonly createdAtMs: string;
  readonly expiresAtMs: string | null;
  readonly maxAgeS: number;
  readonly maxUses: number;
  readonly uses: string;
  readonly baseUses: string;
  readonly countedFrom: string;
  readonly isTemporary: boolean;
  readonly isPaused: boolean;
  readonly version: number;
  readonly endedAtMs: string | null;
  readonly endedReason: StoredEndReason | null;
  readonly endedBy: Snowflake | null;
}

async function readRows(
  session: SqlSession,
  codes: readonly string[],
): Promise<ReadonlyMap<string, readonly InviteRow[]>> {
  const found = new Map<string, InviteRow[]>();
  for (const stored of await session.query<StoredRow>(READ, [textList(codes)])) {
    const row: InviteRow = {
      ...stored,
      createdSeq: Number(stored.createdSeq),
      seq: Number(stored.seq),
      createdAtMs: Number(stored.createdAtMs),
      expiresAtMs: stored.expiresAtMs === null ? null : Number(stored.expiresAtMs),
      uses: Number(stored.uses),
      baseUses: Number(stored.baseUses),
      countedFrom: Number(stored.countedFrom),
      endedAtMs: stored.endedAtMs === null ? null : Number(stored.endedAtMs),
    };
    const rows = found.get(row.code);
    if (rows === undefined) found.set(row.code, [row]);
    else rows.push(row);
  }
  return found;
}

async function writeRows(session: SqlSession, rows: readonly InviteRow[]): Promise<void> {
  if (rows.length === 0) return;
  await session.query(WRITE, [
    textList(rows.map(({ code }) => code)),
    list(rows.map(({ createdSeq }) => createdSeq)),
    list(rows.map(({ seq }) => seq)),
    list(rows.map(({ guildId }) => guildId)),
    list(rows.map(({ channelId }) => channelId)),
    list(rows.map(({ inviterId }) => inviterId)),
    list(rows.map(({ createdAtMs }) => createdAtMs)),
    list(rows.map(({ expiresAtMs }) => expiresAtMs)),
    list(rows.map(({ maxAgeS }) => maxAgeS)),
    list(rows.map(({ maxUses }) => maxUses)),
    list(rows.map(({ uses }) => uses)),
    list(rows.map(({ baseUses }) => baseUses)),
    list(rows.map(({ isTemporary }) => isTemporary)),
    list(rows.map(({ isPaused }) => isPaused)),
    list(rows.map(({ version }) => version)),
    list(rows.map(({ endedAtMs }) => endedAtMs)),
    textList(rows.map(({ endedReason }) => endedReason)),
    list(rows.map(({ endedBy }) => endedBy)),
    list(rows.map(({ countedFrom }) => countedFrom)),
  ]);
}
