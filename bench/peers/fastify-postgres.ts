// The peer that most people would build: Fastify and Postgres, an accept in one transaction.

import { Auth } from './auth.js';
import { serveFastify } from './fastify-app.js';
import { Operations } from './operations.js';
import { openPostgresStore } from './postgres-store.js';
import { readSettings, required } from './settings.js';

/**
 * Connections. Of 4, 8, 12, 16 and 32, on 2 processors: accepts a second of one hot invite 3324, 3330, 3249, 2873, 2405 and
 * of 2000 invites 3450, 3459, 3218, 3757, 3250 (medians of 7 runs of 2 s, wrk with 256 connections). More of them only
 * wait for each other at a hot row.
 */
const POOL_DEFAULT = '8';

const settings = readSettings();
const pool = Number(process.env['PEER_POSTGRES_POOL'] ?? POOL_DEFAULT);
const store = await openPostgresStore(required('PEER_POSTGRES_URL'), pool);
await serveFastify(new Operations(store, new Auth(settings)), store, settings);
