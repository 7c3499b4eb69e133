// The peer that most people would build: Fastify and Postgres, an accept in one transaction.

import { Auth } from './auth.js';
import { serveFastify } from './fastify-app.js';
import { Operations } from './operations.js';
import { openPostgresStore } from './postgres-store.js';
import { readSettings, required } from './settings.js';

const settings = readSettings();
const store = await openPostgresStore(required('PEER_POSTGRES_URL'));
await serveFastify(new Operations(store, new Auth(settings)), store, settings);
