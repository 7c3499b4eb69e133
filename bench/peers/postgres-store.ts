// The store of the Postgres peer: a pool, and one prepared statement for each request.

import { readFileSync } from 'node:fs';
import { DatabaseError, Pool } from 'pg';
import type { PeerStore, StoredInvite } from './store.js';

/** Stops two peers from creating one schema at once. */
const SCHEMA_LOCK = 7_120_301;

const EPOCH_MS = (column: string) => `(extract(epoch FROM ${column}) * 1000)::bigint`;

/** The fields of a StoredInvite, from something that looks like a row of live_invites. */
const rowOf = (from: string) => `${from}.code, ${from}.guild_id, ${from}.channel_id, ${from}.inviter_id,
  ${EPOCH_MS(`${from}.created_at`)} AS created_at_ms, ${EPOCH_MS(`${from}.expires_at`)} AS expires_at_ms,
  ${from}.max_age, ${from}.max_uses, ${from}.uses, ${from}.temporary, ${from}.version,
  ${from}.guild_json, ${from}.channel_json, ${from}.inviter_json`;

const ACCEPT = `SELECT outcome, ${rowOf('(invite)')} FROM accept_invite($1, $2, $3)`;

const READ = `SELECT ${rowOf('live')} FROM live_invites live WHERE code = $1`;

// A place that is there but gives no invite: the caller isn't its owner, or the code is taken.
const CREATE = `
  WITH place AS (
    SELECT c.id AS channel_id, c.guild_id, c.json AS channel_json, g.owner_id, g.json AS guild_json, u.json AS inviter_json
    FROM channels c JOIN guilds g ON g.id = c.guild_id LEFT JOIN users u ON u.id = $3
    WHERE c.id = $2
  ), made AS (
    INSERT INTO invites (code, guild_id, channel_id, inviter_id, expires_at, max_age, max_uses, temporary)
    SELECT $1, guild_id, channel_id, owner_id,
      CASE WHEN $4::integer > 0 THEN date_trunc('milliseconds', now()) + make_interval(secs => $4::integer) END,
      $4::integer, $5, $6
    FROM place WHERE owner_id = $3
    ON CONFLICT DO NOTHING RETURNING *
  ), shown AS (
    SELECT made.*, place.owner_id, place.guild_json, place.channel_json, place.inviter_json
    FROM place LEFT JOIN made ON true
  )
  SELECT owner_id, ${rowOf('shown')} FROM shown`;

interface Row {
  readonly code: string;
  // A bigint comes as text.
  readonly guild_id: string;
  readonly channel_id: string;
  readonly inviter_id: string;
  readonly created_at_ms: string;
  readonly expires_at_ms: string | null;
  readonly max_age: number;
  readonly max_uses: number;
  readonly uses: string;
  readonly temporary: boolean;
  readonly version: number;
  readonly guild_json: string;
  readonly channel_json: string | null;
  readonly inviter_json: string | null;
}

type AcceptRow = Row & { readonly outcome: 'accepted' | 'member' | 'banned' | 'ip_banned' };

/** `code` is null where nothing was created. */
type CreateRow = Omit<Row, 'code'> & { readonly code: string | null; readonly owner_id: string };

export async function openPostgresStore(url: string, connections: number): Promise<PeerStore> {
  const pool = new Pool({ connectionString: url, max: connections, min: connections, idleTimeoutMillis: 0 });
  pool.on('error', (error) => console.error('postgres:', error.message));
  await createSchema(pool);

  return {
    async accept({ code, userId, banKey }) {
      try {
        const values = [code, userId, banKey];
        const { rows } = await pool.query<AcceptRow>({ name: 'accept', text: ACCEPT, values });
        const row = rows[0];
        if (row === undefined) return { status: 'unknown' };
        if (row.outcome === 'banned' || row.outcome === 'ip_banned') return { status: row.outcome };
        return { status: row.outcome, invite: toInvite(row) };
      } catch (error) {
        const state = error instanceof DatabaseError ? error.code : undefined;
        if (state === 'IN404') return { status: 'unknown' };
        if (state === 'IN400') return { status: 'guild_full' };
        throw error;
      }
    },

    async read(code) {
      const { rows } = await pool.query<Row>({ name: 'read', text: READ, values: [code] });
      return rows[0] === undefined ? null : toInvite(rows[0]);
    },

    async create({ code, channelId, userId, maxAgeS, maxUses, isTemporary }) {
      const values = [code, channelId, userId, maxAgeS, maxUses, isTemporary];
      const { rows } = await pool.query<CreateRow>({ name: 'create', text: CREATE, values });
      const row = rows[0];
      if (row === undefined) return { status: 'unknown_channel' };
      if (row.owner_id !== userId) return { status: 'missing_permissions' };
      if (row.code === null) return { status: 'taken' };
      return { status: 'created', invite: toInvite({ ...row, code: row.code }) };
    },

    close: () => pool.end(),
  };
}

async function createSchema(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]);
    await client.query(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'));
    await client.query('SELECT pg_advisory_unlock($1)', [SCHEMA_LOCK]);
  } finally {
    client.release();
  }
}

function toInvite(row: Row): StoredInvite {
  return {
    code: row.code,
    guildId: row.guild_id,
    channelId: row.channel_id,
    inviterId: row.inviter_id,
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: row.expires_at_ms === null ? null : Number(row.expires_at_ms),
    maxAgeS: row.max_age,
    maxUses: row.max_uses,
    uses: Number(row.uses),
    isTemporary: row.temporary,
    version: row.version,
    guildJson: row.guild_json,
    channelJson: row.channel_json,
    inviterJson: row.inviter_json,
  };
}
