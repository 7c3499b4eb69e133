// A load that comes at a fixed rate on kept connections, whatever happens behind: most requests look at an invite, each fifth is a new
// user's who accepts it. Nothing is sent a second time: whatever is no answer 200 counts as failed, and is told.

import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface LoadOptions {
  readonly url: string;
  readonly code: string;
  readonly tokenSecret: string;
  readonly perSecond: number;
  readonly connections: number;
}

export interface LoadResult {
  readonly answered: number;
  readonly accepted: number;
  /** By what happened instead of an answer 200. */
  readonly failed: Readonly<Record<string, number>>;
  /** From the moment in which a request was due, so that a stall counts for all who had to wait. */
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Fewer than asked for: the machine could not bring more. */
  readonly perSecond: number;
}

const TICK_MS = 2;
const ACCEPT_EVERY = 5;
const ANSWER_MAX_MS = 20_000;

export class Load {
  readonly #options: LoadOptions;
  readonly #free: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #failed: Record<string, number> = {};
  readonly #times: number[] = [];
  readonly #startedAt = performance.now();
  #sent = 0;
  #accepted = 0;
  #isStopping = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: LoadOptions) {
    this.#options = options;
    for (let at = 0; at < options.connections; at += 1) {
      const connection = new Connection(options.url, (one, how, isAccept, dueAt) => {
        this.#answered(one, how, isAccept, dueAt);
      });
      this.#all.add(connection);
      this.#free.push(connection);
    }
    this.#timer = setInterval(() => this.#send(), TICK_MS);
  }

  get answered(): number {
    return this.#times.length;
  }

  /** Resolves when every request has been answered, or has failed. */
  async stop(): Promise<LoadResult> {
    clearInterval(this.#timer);
    this.#isStopping = true;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const end = performance.now() + ANSWER_MAX_MS;
    while (this.#free.length < this.#all.size) {
      if (performance.now() > end) throw new Error('requests without an end');
      await delay(20);
    }
    for (const connection of this.#all) connection.close();
    const times = this.#times.sort((a, b) => a - b);
    return {
      answered: times.length,
      accepted: this.#accepted,
      failed: this.#failed,
      p99Ms: Math.round(times[Math.floor(times.length * 0.99)] ?? Number.NaN),
      longestMs: Math.round(times.at(-1) ?? Number.NaN),
      perSecond: Math.round(times.length / seconds),
    };
  }

  /** Sends what is due, as far as there are connections for it. */
  #send(): void {
    const { perSecond } = this.#options;
    const due = ((performance.now() - this.#startedAt) / 1000) * perSecond;
    while (this.#sent + 1 <= due && !this.#isStopping) {
      const connection = this.#free.shift();
      if (connection === undefined) return;
      this.#sent += 1;
      const dueAt = this.#startedAt + (this.#sent / perSecond) * 1000;
      const isAccept = this.#sent % ACCEPT_EVERY === 0;
      connection.send(isAccept ? this.#acceptRequest() : this.#readRequest(), isAccept, dueAt);
    }
  }

  #answered(connection: Connection, how: string, isAccept: boolean, dueAt: number): void {
    this.#free.push(connection);
    if (how === '200') {
      this.#times.push(performance.now() - dueAt);
      if (isAccept) this.#accepted += 1;
    } else {
      const what = `${isAccept ? 'POST' : 'GET'}: ${how}`;
      this.#failed[what] = (this.#failed[what] ?? 0) + 1;
    }
    this.#send();
  }

  #readRequest(): string {
    return `GET /api/v1/invites/${this.#options.code} HTTP/1.1\r\nHost: load\r\n\r\n`;
  }

  #acceptRequest(): string {
    const token = sign(`7${String(this.#sent).padStart(17, '0')}`, this.#options.tokenSecret);
    return `POST /api/v1/invites/${this.#options.code} HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`;
  }
}

type Done = (connection: Connection, how: string, isAccept: boolean, dueAt: number) => void;

/** One request at a time; opened again for the next one where the other end has closed it behind an answer. */
class Connection {
  readonly #port: number;
  readonly #done: Done;
  #socket: Socket | null = null;
  #received = '';
  #waiting: { readonly isAccept: boolean; readonly dueAt: number } | null = null;

  constructor(url: string, done: Done) {
    this.#port = Number(new URL(url).port);
    this.#done = done;
  }

  send(request: string, isAccept: boolean, dueAt: number): void {
    this.#waiting = { isAccept, dueAt };
    this.#socket ??= this.#open();
    this.#socket.setTimeout(ANSWER_MAX_MS / 2);
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    socket.setEncoding('latin1');
    let how = 'closed without an answer';
    socket.on('data', (text: string) => this.#take(text));
    socket.on('timeout', () => {
      how = 'no answer in time';
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      how = String(error.code);
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#gone(how);
    });
    return socket;
  }

  #take(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd).toLowerCase();
    const chunked = head.includes('\r\ntransfer-encoding: chunked');
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
    const isWhole = chunked
      ? this.#received.endsWith('\r\n0\r\n\r\n')
      : this.#received.length >= headEnd + 4 + length;
    if (!isWhole) return;
    this.#received = '';
    if (head.includes('\r\nconnection: close')) {
      this.#socket?.destroy();
      this.#socket = null;
    }
    this.#finish(head.slice('http/1.1 '.length, 'http/1.1 200'.length));
  }

  #gone(how: string): void {
    this.#socket = null;
    this.#received = '';
    this.#finish(how);
  }

  #finish(how: string): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#waiting = null;
    this.#done(this, how, waiting.isAccept, waiting.dueAt);
  }
}

const HEADER = Buffer.from('{"alg":"HS256"}').toString('base64url');

function sign(sub: string, secret: string): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const signed = `${HEADER}.${Buffer.from(JSON.stringify({ sub, exp })).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
