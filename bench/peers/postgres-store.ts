// The store of the Postgres peer: a pool, and one prepared statement for each request.

import { readFileSync } from 'node:fs';
import { DatabaseError, Pool } from 'pg';
import type { PeerStore, StoredInvite } from './store.js';

/** The best of 2 … 32 on the hot invite; see the README of this folder. */
const POOL_SIZE = Number(process.env['PEER_POSTGRES_POOL'] ?? '16');

/** Stops two peers from creating one schema at once. */
const SCHEMA_LOCK = 7_120_301;

const ROW = `(i).code, (i).guild_id, (i).channel_id, (i).inviter_id,
  (extract(epoch FROM (i).created_at) * 1000)::bigint AS created_at_ms,
  (extract(epoch FROM (i).expires_at) * 1000)::bigint AS expires_at_ms,
  (i).max_age, (i).max_uses, (i).uses, (i).temporary, (i).version,
  (i).guild_json, (i).channel_json, (i).inviter_json`;

interface Row {
  readonly code: string;
  // bigint comes as text.
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
