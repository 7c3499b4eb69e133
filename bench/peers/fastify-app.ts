// The routes of a peer on Fastify 5. No schemas: bodies are checked and answers are written by the shared operations.

import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Answer, COMMON_HEADERS, problem } from './answers.js';
import type { HeaderOf } from './auth.js';
import { BODY_BYTES_MAX, type Operations, requestIdOf } from './operations.js';
import { type Settings, serveUntilEnd } from './settings.js';
import type { PeerStore } from './store.js';

/** Serves until it is to end, then closes the store too. */
export async function serveFastify(operations: Operations, store: PeerStore, settings: Settings) {
  const app = Fastify({ logger: false, bodyLimit: BODY_BYTES_MAX, forceCloseConnections: true });
  // A body is read as text, whatever it says it is.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.post<{ Params: { code: string } }>('/api/v1/invites/:code', async (request, reply) =>
    send(request, reply, await operations.accept(request.params.code, headersOf(request), () => request.ip)),
  );
  app.get<{ Params: { code: string } }>('/api/v1/invites/:code', async (request, reply) =>
    send(request, reply, await operations.read(request.params.code)),
  );
  app.post<{ Params: { id: string } }>('/api/v1/channels/:id/invites', async (request, reply) => {
    const body = Promise.resolve(typeof request.body === 'string' ? request.body : '');
    return send(request, reply, await operations.create(request.params.id, headersOf(request), body));
  });
  app.setNotFoundHandler((request, reply) => send(request, reply, problem('NOT_FOUND')));
  app.setErrorHandler((error: { readonly code?: string; readonly statusCode?: number }, request, reply) => {
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
      return send(request, reply, problem('PAYLOAD_TOO_LARGE'));
    if (error.statusCode === undefined || error.statusCode >= 500) console.error(error);
    return send(request, reply, problem('INTERNAL_SERVER_ERROR'));
  });

  const url = await app.listen({ host: '127.0.0.1', port: settings.port });
  await serveUntilEnd(url);
  await app.close();
  await store.close();
}

function headersOf({ headers }: FastifyRequest): HeaderOf {
  return (name) => {
    const value = headers[name];
    return typeof value === 'string' ? value : '';
  };
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).header('X-Request-Id', requestIdOf(headersOf(request)));
  for (const [name, value] of COMMON_HEADERS) reply.header(name, value);
  for (const [name, value] of answer.headers) reply.header(name, value);
  return reply.send(answer.body);
}
