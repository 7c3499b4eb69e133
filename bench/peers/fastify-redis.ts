// Fastify and Redis, one script a request.

import { Auth } from './auth.js';
import { serveFastify } from './fastify-app.js';
import { Operations } from './operations.js';
import { openRedisStore } from './redis-store.js';
import { readSettings, required } from './settings.js';

const settings = readSettings();
const store = await openRedisStore(required('PEER_REDIS_URL'));
await serveFastify(new Operations(store, new Auth(settings)), store, settings);
