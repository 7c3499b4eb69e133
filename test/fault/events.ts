// The readers of events: one of all pages, and one of text/event-stream whose connection is cut at random and who comes back with the
// last id he was told. Must never make up for what they were not told.

import { type ClientRequest, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { signToken } from '../support/client.js';
import { asService, type Host, internalGet } from '../support/directory.js';
import type { Chance } from './seed.js';

export interface SeenEvent {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly guild_id: string | null;
  readonly channel_id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** So that a test's events are all still there when it is over. */
export const KEEP_EVENTS = {
  INVITED_EVENTS_RETENTION_MS: '86400000',
  INVITED_STREAM_MAX: '10000000',
} as const;

const PAGE = 1000;

/** All events behind a cursor; without one from the oldest. */
export async function allEvents(
  host: Host,
  after: string | null = null,
): Promise<{ readonly events: readonly SeenEvent[]; readonly next: string }> {
  const all: SeenEvent[] = [];
  for (let cursor = after; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === null ? {} : { after: cursor }) });
    const answer = await internalGet(host, `/events?${query}`);
    expect(answer.status, answer.text).toBe(200);
    const { events, next } = answer.json() as {
      readonly events: readonly SeenEvent[];
      readonly next: string;
    };
    all.push(...events);
    if (events.length === 0) return { events: all, next };
    cursor = next;
  }
}

/** What one reader was told: each event as it first came, and how often in all. */
export class Told {
  readonly first: SeenEvent[] = [];
  readonly ids = new Set<string>();
  times = 0;
  /** Of those that came again: another text than the first time. */
  readonly changed: string[] = [];
  readonly #texts = new Map<string, string>();

  take(json: string): void {
    const event = JSON.parse(json) as SeenEvent;
    this.times += 1;
    if (this.ids.has(event.id)) {
      if (this.#texts.get(event.id) !== json) this.changed.push(event.id);
      return;
    }
    this.ids.add(event.id);
    this.#texts.set(event.id, json);
    this.first.push(event);
  }
}

/** Pairs of events of one guild that first came in the wrong order, or that have one seq. */
export function outOfOrder(events: readonly SeenEvent[]): readonly string[] {
  const last = new Map<string, SeenEvent>();
  const wrong: string[] = [];
  for (const event of events) {
    const place = event.guild_id ?? `channel ${event.channel_id}`;
    const before = last.get(place);
    if (before !== undefined && before.seq >= event.seq) wrong.push(`${before.id} before ${event.id}`);
    last.set(place, event);
  }
  return wrong;
}

/** INVITE_DELETE by code, with how often each came. */
export function endsOf(events: readonly SeenEvent[]): ReadonlyMap<string, readonly SeenEvent[]> {
  const ends = new Map<string, SeenEvent[]>();
  for (const event of events) {
    if (event.type !== 'INVITE_DELETE') continue;
    const code = String(event.data['code']);
    ends.set(code, [...(ends.get(code) ?? []), event]);
  }
  return ends;
}

const LIFE_MAX_MS = 1500;
const LIFE_MAX_BYTES = 96 * 1024;
const AWAY_MAX_MS = 100;

/** Reads the stream from its oldest event on. */
export class CutReader {
  readonly told = new Told();
  cuts = 0;
  /** While it is true. */
  isCutting = true;
  readonly #host: Host;
  readonly #chance: Chance;
  #lastId: string | null = null;
  #request: ClientRequest | null = null;
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(host: Host, chance: Chance) {
    this.#host = host;
    this.#chance = chance;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#request?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { secret, adminUrl } = this.#host.server;
    const { as: sub = '', role = 'service' } = asService();
    while (!this.#isStopped) {
      const token = await signToken(secret, { sub, role });
      await this.#readOnce(new URL('/internal/v1/events', adminUrl), token);
      await delay(this.#chance.below(AWAY_MAX_MS));
    }
  }

  /** Until it is cut, by time or in the middle of some bytes; or until the server ends it. */
  #readOnce(url: URL, token: string): Promise<void> {
    const headers: Record<string, string> = { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' };
    if (this.#lastId !== null) headers['Last-Event-ID'] = this.#lastId;
    let bytesLeft = 1 + this.#chance.below(LIFE_MAX_BYTES);
    return new Promise((resolve) => {
      const outgoing = httpRequest(url, { headers, agent: false }, (incoming) => {
        let rest = '';
        incoming.setEncoding('latin1');
        incoming.on('data', (text: string) => {
          const isLast = this.isCutting && text.length >= bytesLeft;
          const blocks = (rest + (isLast ? text.slice(0, bytesLeft) : text)).split('\n\n');
          bytesLeft -= text.length;
          rest = blocks.pop() ?? '';
          for (const block of blocks) this.#take(block);
          if (isLast) cut();
        });
        incoming.on('error', () => {});
        incoming.on('close', done);
        if (incoming.statusCode !== 200) incoming.resume();
      });
      const cut = (): void => {
        if (outgoing.destroyed) return;
        this.cuts += 1;
        outgoing.destroy();
      };
      const timer = setTimeout(() => this.isCutting && cut(), this.#chance.below(LIFE_MAX_MS));
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      outgoing.on('error', done);
      outgoing.on('close', done);
      outgoing.end();
      this.#request = outgoing;
    });
  }

  #take(block: string): void {
    const lines = block.split('\n');
    const field = (name: string) => lines.find((line) => line.startsWith(name))?.slice(name.length);
    const [id, json] = [field('id: '), field('data: ')];
    if (id === undefined || json === undefined) return;
    this.told.take(json);
    this.#lastId = id;
  }
}
