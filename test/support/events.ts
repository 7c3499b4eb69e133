// Readers of the events of a running server: page by page, as an event stream, as a WebSocket. Each keeps what it was given, in
// order. Must never repair, repeat or sort anything.

import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { type Answer, type Call, type JsonObject, signToken } from './client.js';
import { asService, type Host } from './directory.js';
import { snowflake, snowflakes } from './ids.js';
import { until } from './until.js';

export const EVENTS_PATH = '/internal/v1/events';

export interface Event extends JsonObject {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly guild_id: string | null;
  readonly channel_id: string | null;
  readonly data: JsonObject;
}

export interface Page {
  readonly events: readonly Event[];
  readonly next: string;
}

/** `query` without the question mark. */
export function askEvents(host: Host, query = '', call: Call = {}): Promise<Answer> {
  return host.admin.get(query === '' ? EVENTS_PATH : `${EVENTS_PATH}?${query}`, asService(call));
}

export async function readPage(host: Host, query = '', call: Call = {}): Promise<Page> {
  const answer = await askEvents(host, query, call);
  expect(answer.status, answer.text).toBe(200);
  const page = answer.object();
  expect(Object.keys(page)).toEqual(['events', 'next']);
  return page as unknown as Page;
}

const PAGES_MAX = 2000;

/** Page by page until one is empty. */
export async function readAll(host: Host, after: string | null = null, limit = 1000): Promise<Page> {
  const events: Event[] = [];
  let next = after;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await readPage(host, `limit=${limit}${next === null ? '' : `&after=${next}`}`);
    next = page.next;
    expect(page.events.length).toBeLessThanOrEqual(limit);
    if (page.events.length === 0) return { events, next };
    events.push(...page.events);
  }
  throw new Error('the events have no end');
}

/** Where events come from now on. */
export async function nowCursor(host: Host): Promise<string> {
  const redis = new Redis(host.server.redisUrl);
  const [newest] = await redis.xrevrange('invited:{0}:events', '+', '-', 'COUNT', 1);
  redis.disconnect();
  return newest?.[0] ?? '0-0';
}

export async function authorization(host: Host): Promise<string> {
  return `Bearer ${await signToken(host.server.secret, { sub: '1', role: 'service' })}`;
}

export interface EventReader {
  /** 0: no answer yet. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly events: readonly Event[];
  /** The reason he was told last, or the close code of a WebSocket with it; null: none. */
  readonly closed: string | null;
  readonly code: number;
  /** Signs of life that are no events. */
  readonly beats: number;
  readonly isOver: boolean;
  /** What he would come back with. */
  readonly lastId: string | null;
  pause(): void;
  resume(): void;
  /** Takes one piece, and no more. */
  sip(): void;
  /** Hangs up without a word. */
  kill(): void;
}

export interface ReaderOptions {
  /** Without the question mark. */
  readonly query?: string;
  readonly lastEventId?: string;
}

/** As text/event-stream; given as soon as there is an answer. */
export async function openStream(host: Host, options: ReaderOptions = {}): Promise<StreamReader> {
  const reader = new StreamReader(host, await authorization(host), options);
  await until('an answer to a stream', () => reader.status !== 0 || reader.isOver, 10_000);
  return reader;
}

export class StreamReader implements EventReader {
  status = 0;
  headers: IncomingHttpHeaders = {};
  readonly events: Event[] = [];
  readonly code = 0;
  closed: string | null = null;
  beats = 0;
  isOver = false;
  lastId: string | null = null;
  /** All of the body that was no stream. */
  body = '';
  readonly #request: ClientRequest;
  #rest = '';
  #incoming: import('node:http').IncomingMessage | null = null;

  constructor(host: Host, token: string, { query = '', lastEventId }: ReaderOptions) {
    const { hostname, port } = new URL(host.admin.url);
    this.lastId = lastEventId ?? null;
    this.#request = httpRequest({
      hostname,
      port,
      path: query === '' ? EVENTS_PATH : `${EVENTS_PATH}?${query}`,
      agent: false,
      headers: {
        Authorization: token,
        Accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
      },
    });
    this.#request.on('error', () => this.#end());
    this.#request.on('response', (incoming) => {
      this.#incoming = incoming;
      this.status = incoming.statusCode ?? 0;
      this.headers = incoming.headers;
      incoming.setEncoding('utf8');
      incoming.on('data', (text: string) => this.#take(text));
      incoming.on('error', () => {});
      incoming.on('close', () => this.#end());
    });
    this.#request.end();
  }

  #end(): void {
    this.isOver = true;
  }

  #take(text: string): void {
    if (this.status !== 200) {
      this.body += text;
      return;
    }
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#takeBlock(block);
  }

  #takeBlock(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.beats += 1;
      else fields.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2));
    }
    const data = fields.get('data');
    if (data === undefined) return;
    if (fields.get('event') === 'closed') {
      this.closed = (JSON.parse(data) as { reason: string }).reason;
      return;
    }
    expect([...fields.keys()].filter((name) => name !== 'id')).toEqual(['data']);
    this.events.push(JSON.parse(data) as Event);
    this.lastId = fields.get('id') ?? this.lastId;
  }

  pause(): void {
    this.#incoming?.pause();
  }

  resume(): void {
    this.#incoming?.resume();
  }

  sip(): void {
    this.#incoming?.once('data', () => this.pause());
    this.resume();
  }

  kill(): void {
    this.#request.destroy();
  }
}

/** As a WebSocket; given as soon as it is open, or refused. */
export async function openSocket(host: Host, query = '', path = EVENTS_PATH): Promise<SocketReader> {
  const reader = new SocketReader(host, await authorization(host), query, path);
  await until('an answer to a socket', () => reader.status !== 0 || reader.isOver, 10_000);
  return reader;
}

export class SocketReader implements EventReader {
  status = 0;
  headers: IncomingHttpHeaders = {};
  readonly events: Event[] = [];
  closed: string | null = null;
  code = 0;
  beats = 0;
  isOver = false;
  lastId: string | null = null;
  /** Of an answer that is none of a WebSocket. */
  body = '';
  readonly socket: WebSocket;

  constructor(host: Host, token: string | null, query: string, path: string) {
    const url = `${host.admin.url.replace('http', 'ws')}${path}${query === '' ? '' : `?${query}`}`;
    this.socket = new WebSocket(url, token === null ? {} : { headers: { Authorization: token } });
    this.socket.on('open', () => {
      this.status = 101;
    });
    this.socket.on('unexpected-response', (_, incoming) => {
      this.status = incoming.statusCode ?? 0;
      this.headers = incoming.headers;
      incoming.setEncoding('utf8');
      incoming.on('data', (text: string) => {
        this.body += text;
      });
      incoming.on('end', () => {
        this.isOver = true;
        this.socket.terminate();
      });
    });
    this.socket.on('ping', () => {
      this.beats += 1;
    });
    this.socket.on('message', (data) => {
      const event = JSON.parse(String(data)) as Event;
      this.events.push(event);
      this.lastId = event.id;
    });
    this.socket.on('error', () => {});
    this.socket.on('close', (code, reason) => {
      this.code = code;
      this.closed = reason.toString() || null;
      this.isOver = true;
    });
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  sip(): void {
    this.socket.once('message', () => this.pause());
    this.resume();
  }

  kill(): void {
    this.socket.terminate();
  }
}

const USERS_OF_AN_ENTRY = 250;

/**
 * Writes so many joins at once, as `accept.lua` does, but for the rest of what a join is: for readers who must be given much. Gives
 * the ids of the users, in order.
 */
export async function fillJournal(redisUrl: string, count: number): Promise<readonly string[]> {
  const redis = new Redis(redisUrl);
  const userIds: string[] = [];
  try {
    for (let done = 0; done < count; done += USERS_OF_AN_ENTRY) {
      const users = snowflakes(Math.min(USERS_OF_AN_ENTRY, count - done));
      const seq = Number(await redis.incrby('invited:{0}:seq', users.length)) - users.length + 1;
      const joins = ['aCodeOf8', snowflake(), snowflake(), snowflake(), 0, 0, 1, ...users].join(' ');
      const fields = ['type', 'INVITE_ACCEPT', 'seq', seq, 'at', Date.now(), 'joins', joins];
      await redis.xadd('invited:{0}:events', '*', ...fields);
      userIds.push(...users);
    }
  } finally {
    redis.disconnect();
  }
  return userIds;
}

export function usersOf(events: readonly Event[]): readonly unknown[] {
  return events.map(({ data }) => data['user_id']);
}
