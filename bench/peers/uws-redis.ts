// uWebSockets.js and Redis, one script a request: the store of fastify-redis.ts behind a faster server.
// As uWebSockets.js wants it: the abort handler first, the request read before the first await, answers corked.

import { STATUS_CODES } from 'node:http';
import { type HttpRequest, type HttpResponse, loadUws, type us_listen_socket } from '../../src/http/uws.js';
import { type Answer, COMMON_HEADERS, problem } from './answers.js';
import { Auth } from './auth.js';
import { BODY_BYTES_MAX, Operations, requestIdOf } from './operations.js';
import { openRedisStore } from './redis-store.js';
import { readSettings, required, serveUntilEnd } from './settings.js';

const settings = readSettings();
const store = await openRedisStore(required('PEER_REDIS_URL'));
const operations = new Operations(store, new Auth(settings));
const { uws } = loadUws();
const utf8 = new TextDecoder();
const TOO_LARGE = Promise.resolve(problem('PAYLOAD_TOO_LARGE'));

const app = uws.App();
app.post('/api/v1/invites/:code', (response, request) =>
  answer(response, request, () =>
    Number(request.getHeader('content-length')) > BODY_BYTES_MAX
      ? TOO_LARGE
      : operations.accept(
          parameter(request),
          (name) => request.getHeader(name),
          () => utf8.decode(response.getRemoteAddressAsText()),
        ),
  ),
);
app.get('/api/v1/invites/:code', (response, request) =>
  answer(response, request, () => operations.read(parameter(request))),
);
app.post('/api/v1/channels/:id/invites', (response, request) =>
  answer(response, request, () =>
    operations.create(parameter(request), (name) => request.getHeader(name), readBody(response)),
  ),
);
app.any('/*', (response, request) => answer(response, request, async () => problem('NOT_FOUND')));

const socket = await new Promise<us_listen_socket | false>((resolve) => {
  app.listen('127.0.0.1', settings.port, resolve);
});
if (!socket) throw new Error(`can't listen on port ${settings.port}`);
await serveUntilEnd(`http://127.0.0.1:${uws.us_socket_local_port(socket)}`);
await store.close();
process.exit(0);

/**
 * Sends what `work` comes to, unless the client has gone meanwhile. `work` reads the request before its first await.
 * No function gets a name here: tsx would set it anew for each request.
 */
async function answer(
  response: HttpResponse,
  request: HttpRequest,
  work: () => Promise<Answer>,
): Promise<void> {
  let isGone = false;
  response.onAborted(() => {
    isGone = true;
  });
  const requestId = requestIdOf((name) => request.getHeader(name));
  let made: Answer;
  try {
    made = await work();
  } catch (error) {
    console.error(error);
    made = problem('INTERNAL_SERVER_ERROR');
  }
  if (isGone) return;
  response.cork(() => {
    response.writeStatus(`${made.status} ${STATUS_CODES[made.status]}`);
    response.writeHeader('X-Request-Id', requestId);
    for (const [name, value] of COMMON_HEADERS) response.writeHeader(name, value);
    for (const [name, value] of made.headers) response.writeHeader(name, value);
    response.end(made.body);
  });
}

function parameter(request: HttpRequest): string {
  return request.getParameter(0) ?? '';
}

/** The whole body as text; null: more than the limit. Never settles once the client has gone. */
function readBody(response: HttpResponse): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      // The chunk's memory is taken back when this callback ends.
      if (bytes <= BODY_BYTES_MAX) chunks.push(Buffer.from(chunk.slice(0)));
      if (isLast) resolve(bytes <= BODY_BYTES_MAX ? Buffer.concat(chunks).toString() : null);
    });
  });
}
