// What the tests of the webhooks stand on: a receiver that answers over a real socket as it is told, an outbox in memory, and pauses
// that are a few hundred times shorter than those that are asked for.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OutboxEvent } from '../../src/events/event-json.js';
import { pause } from '../../src/jobs/pause.js';
import { Secret } from '../../src/secret.js';
import type { DeadLetter } from '../../src/store/dead-letters.js';
import { StoreUnavailable } from '../../src/store/unavailable.js';
import { type Relay, type RelayLog, type RelayOptions, startRelay } from '../../src/webhooks/relay.js';
import { createSend } from '../../src/webhooks/send.js';
import { createSign } from '../../src/webhooks/sign.js';
import type { OutboxPage, OutboxSource } from '../../src/webhooks/source.js';
import { targetOf } from '../../src/webhooks/target.js';

export const SECRET = new Secret(`whsec_${Buffer.from('a webhook secret, for tests').toString('base64')}`);

/** One request as it came in. */
export interface Arrival {
  readonly id: string;
  readonly guildId: string | null;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  /** Requests under way when it came, itself included. */
  readonly atOnce: number;
  /** What it was answered; null: not yet, or nothing. */
  status: number | null;
}

/** Gives the status to answer with, or answers by itself and gives null. */
export type Answer = (arrival: Arrival, response: ServerResponse) => Promise<number | null> | number | null;

export class Receiver {
  readonly arrivals: Arrival[] = [];
  answer: Answer = () => 204;
  #underWay = 0;
  readonly #server = createServer((request, response) => void this.#take(request, response));

  static async start(answer: Answer = () => 204): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.answer = answer;
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Ids in the order in which they were taken, each time that they were. */
  get taken(): readonly string[] {
    return this.arrivals.filter(({ status }) => status !== null && status < 300).map(({ id }) => id);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#underWay += 1;
    response.once('close', () => {
      this.#underWay -= 1;
    });
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString();
    const arrival: Arrival = {
      id: String(request.headers['webhook-id']),
      guildId: (JSON.parse(body) as { guild_id: string | null }).guild_id,
      body,
      headers: request.headers,
      atOnce: this.#underWay,
      status: null,
    };
    this.arrivals.push(arrival);
    const status = await this.answer(arrival, response);
    if (status === null || response.destroyed) return;
    arrival.status = status;
    response.writeHead(status).end();
  }
}

export class MemoryOutbox implements OutboxSource {
  readonly events: OutboxEvent[] = [];
  readonly #positions = new Map<string, number>();
  #trimmedTo = 0;
  isAway = false;
  /** Told before a position is noted. */
  onNote: (consumer: string, events: readonly OutboxEvent[]) => void = () => {};
  reads = 0;
  notes = 0;

  add(guildId: string | null, changes: Partial<OutboxEvent> = {}): OutboxEvent {
    const id = `${this.events.length + 1}-0`;
    const channelId = guildId === null ? '77' : null;
    const json = JSON.stringify({ id, guild_id: guildId, channel_id: channelId });
    const event = { id, type: 'INVITE_ACCEPT', guildId, channelId, json, ...changes };
    this.events.push(event);
    return event;
  }

  /** The first `count` are there no more. */
  trim(count: number): void {
    this.#trimmedTo = count;
  }

  /** How many events are noted. */
  noted(consumer: string): number {
    return this.#positions.get(consumer) ?? 0;
  }

  async position(consumer: string): Promise<string | null> {
    this.#check();
    const position = this.#positions.get(consumer);
    if (position === undefined) this.#positions.set(consumer, this.events.length);
    return position === undefined ? null : String(position);
  }

  async read(after: string | null, limit: number): Promise<OutboxPage> {
    this.#check();
    this.reads += 1;
    const asked = Number(after ?? this.#trimmedTo);
    const from = Math.max(asked, this.#trimmedTo);
    const events = this.events.slice(from, from + limit);
    return { events, next: String(from + events.length), hasGap: from > asked };
  }

  async note(consumer: string, upTo: string): Promise<void> {
    this.#check();
    this.notes += 1;
    const count = this.events.findIndex(({ id }) => id === upTo) + 1;
    if (count < this.noted(consumer)) throw new Error('a position that went back');
    this.onNote(consumer, this.events.slice(0, count));
    this.#positions.set(consumer, count);
  }

  #check(): void {
    if (this.isAway) throw new StoreUnavailable('down');
  }
}

export interface TestLog extends RelayLog {
  readonly lines: string[];
}

export function testLog(): TestLog {
  const lines: string[] = [];
  return {
    lines,
    gap: (target, after) => void lines.push(`gap ${target.shown} ${after}`),
    gaveUp: (_, { id }, attempts, reason) => void lines.push(`gave up ${id} ${attempts} ${reason}`),
    dropped: (howMany) => void lines.push(`dropped ${howMany}`),
    fails: (_, reason) => void lines.push(`fails ${reason}`),
    recovers: () => void lines.push('recovers'),
    failed: (error) => void lines.push(`failed ${String(error)}`),
  };
}

export class Letters {
  readonly kept: DeadLetter[] = [];
  isAway = false;

  async put(letter: DeadLetter): Promise<{ readonly dropped: number }> {
    if (this.isAway) throw new StoreUnavailable('down');
    this.kept.push(letter);
    return { dropped: 0 };
  }
}

const SPEED = 400;

export interface RelayWorld {
  readonly relay: Relay;
  readonly log: TestLog;
  readonly letters: Letters;
  readonly consumer: string;
  /** What was asked for, ms. */
  readonly pauses: number[];
}

export function relayTo(
  url: string,
  source: OutboxSource,
  changes: Partial<RelayOptions> & { readonly timeoutMs?: number } = {},
): RelayWorld {
  const { timeoutMs = 5000, ...options } = changes;
  const target = targetOf(new Secret(url));
  const [log, letters, pauses] = [testLog(), new Letters(), [] as number[]];
  const relay = startRelay({
    ...{ source, target, log, deadLetters: letters, attemptsMax: 10 },
    send: createSend({ url: target.url, sign: createSign(SECRET), timeoutMs, userAgent: 'invited/test' }),
    isOutage: (error) => error instanceof StoreUnavailable,
    pause: (ms, stopping) => {
      pauses.push(ms);
      return pause(ms / SPEED, stopping);
    },
    ...options,
  });
  return { relay, log, letters, pauses, consumer: target.consumer };
}

/** Lets the consumer of a URL begin at the first event. */
export async function outboxFor(...urls: readonly string[]): Promise<MemoryOutbox> {
  const outbox = new MemoryOutbox();
  for (const url of urls) await outbox.position(targetOf(new Secret(url)).consumer);
  return outbox;
}

/** The same numbers from the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
