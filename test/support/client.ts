// A small HTTP client over node:http, for it sends exactly the path, the method and the headers that it is given, and holds
// each answer against the OpenAPI document.
// `raw` goes below that, to single bytes. Must never repair, follow or repeat anything.

import { Agent, type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { SignJWT } from 'jose';
import { checkAnswer, type Listener } from './openapi.js';

const PIECE_BYTES = 32 * 1024;
/** What a server takes whole, and how long one waits for it to refuse more than that by the length alone. */
const SENT_AT_ONCE_BYTES = 16 * 1024;
const REFUSAL_MAX_MS = 150;
const ANSWER_MAX_MS = 20_000;
const SOCKETS_MAX = 128;
/** Less than the ten seconds after which the server closes a connection that nobody uses. */
const UNUSED_MAX_MS = 5_000;

export type Role = 'user' | 'bot' | 'service';
export type JsonObject = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): unknown;
  /** The body, which must be a JSON object. */
  object(): JsonObject;
  /** The body, which must be a JSON array of objects. */
  list(): readonly JsonObject[];
}

export interface Call {
  /** The user id that the token names; without it no token is sent. */
  readonly as?: string;
  readonly role?: Role;
  readonly permissions?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, with its Content-Type. */
  readonly json?: unknown;
  /** Sent as it stands, without a Content-Type. */
  readonly body?: string | Uint8Array;
}

export interface Client {
  readonly url: string;
  request(method: string, path: string, call?: Call): Promise<Answer>;
  get(path: string, call?: Call): Promise<Answer>;
  head(path: string, call?: Call): Promise<Answer>;
  post(path: string, call?: Call): Promise<Answer>;
  put(path: string, call?: Call): Promise<Answer>;
  patch(path: string, call?: Call): Promise<Answer>;
  delete(path: string, call?: Call): Promise<Answer>;
  close(): void;
}

/** Every answer is held against the OpenAPI document. @param listener null: none is, since somebody stands between */
export function createClient(url: string, secret: string, listener: Listener | null): Client {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, timeout: UNUSED_MAX_MS });
  const request = async (method: string, path: string, call: Call = {}): Promise<Answer> => {
    const answer = await ask(method, path, call);
    if (listener !== null) checkAnswer({ listener, method, path }, answer);
    return answer;
  };
  const ask = async (method: string, path: string, call: Call): Promise<Answer> => {
    const headers: Record<string, string | number> = {};
    if (call.as !== undefined) headers['Authorization'] = `Bearer ${await tokenOf(secret, call, call.as)}`;
    const body = call.json === undefined ? call.body : JSON.stringify(call.json);
    if (call.json !== undefined) headers['Content-Type'] = 'application/json';
    if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
    Object.assign(headers, call.headers);
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      const outgoing = httpRequest({ hostname, port, method, path, headers, agent }, (incoming) => {
        isAnswered = true;
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve(
            answerOf(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(chunks).toString('utf8')),
          ),
        );
      });
      outgoing.setTimeout(ANSWER_MAX_MS, () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
      outgoing.on('error', reject);
      const bytes = Buffer.from(body ?? '');
      const sendBody = (): void => send(outgoing, bytes, () => isAnswered);
      if (bytes.length <= SENT_AT_ONCE_BYTES) return sendBody();
      outgoing.flushHeaders();
      setTimeout(sendBody, REFUSAL_MAX_MS);
    });
  };
  return {
    url,
    request,
    get: (path, call) => request('GET', path, call),
    head: (path, call) => request('HEAD', path, call),
    post: (path, call) => request('POST', path, call),
    put: (path, call) => request('PUT', path, call),
    patch: (path, call) => request('PATCH', path, call),
    delete: (path, call) => request('DELETE', path, call),
    close: () => agent.destroy(),
  };
}

/**
 * Piece by piece, looking for an answer in between: a server that refuses a large body hangs up, and who goes on writing then finds
 * a broken connection before he has read what was said.
 */
function send(outgoing: ClientRequest, body: Buffer, isAnswered: () => boolean): void {
  const [piece, rest] = [body.subarray(0, PIECE_BYTES), body.subarray(PIECE_BYTES)];
  if (rest.length === 0 || isAnswered()) {
    outgoing.end(isAnswered() ? undefined : piece);
    return;
  }
  outgoing.write(piece, () => setImmediate(send, outgoing, rest, isAnswered));
}

/** A token with exactly these claims, `exp` in an hour unless they say otherwise. */
export function signToken(secret: string, claims: JsonObject): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  return new SignJWT({ exp, ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
}

function tokenOf(secret: string, call: Call, sub: string): Promise<string> {
  return signToken(secret, {
    sub,
    ...(call.role === undefined ? {} : { role: call.role }),
    ...(call.permissions === undefined ? {} : { permissions: call.permissions }),
  });
}

export function answerOf(status: number, headers: IncomingHttpHeaders, text: string): Answer {
  const json = (): unknown => JSON.parse(text);
  return {
    status,
    headers,
    text,
    json,
    object: () => decodeObject(json()),
    list: () => {
      const value = json();
      if (!Array.isArray(value)) throw new Error(`not a JSON array: ${text.slice(0, 200)}`);
      return value.map(decodeObject);
    },
  };
}

function decodeObject(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`not a JSON object: ${JSON.stringify(value)?.slice(0, 200)}`);
  }
  return value as JsonObject;
}

export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends the chunks in packets of their own, reads one answer or the end of the connection, and hangs up. */
export function raw(url: string, chunks: readonly (string | Uint8Array)[]): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let received = Buffer.alloc(0);
    const finish = (answer: RawAnswer | null): void => {
      clearTimeout(timer);
      socket.destroy();
      if (answer === null)
        reject(new Error(`no whole answer, but ${JSON.stringify(received.toString('latin1'))}`));
      else resolve(answer);
    };
    const timer = setTimeout(() => finish(null), ANSWER_MAX_MS);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = wholeAnswer(received);
      if (answer !== null) finish(answer);
    });
    // A reset is one way to end a connection; what came before it counts.
    socket.on('error', () => finish(wholeAnswer(received) ?? { status: 0, head: '', body: '' }));
    socket.on('close', () => finish(wholeAnswer(received) ?? { status: 0, head: '', body: '' }));
    socket.on('connect', () => void sendInPackets(socket, chunks));
  });
}

async function sendInPackets(
  socket: ReturnType<typeof connect>,
  chunks: readonly (string | Uint8Array)[],
): Promise<void> {
  for (const chunk of chunks) {
    if (socket.destroyed) return;
    await new Promise((sent) => socket.write(chunk, sent));
    // Not to wait for anything: two writes at once would reach the server as one packet.
    await new Promise((later) => setTimeout(later, 3));
  }
}

function wholeAnswer(received: Buffer): RawAnswer | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = received.subarray(0, headEnd).toString('latin1');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const body = received.subarray(headEnd + 4);
  return body.length < length ? null : { status, head, body: body.subarray(0, length).toString('utf8') };
}
