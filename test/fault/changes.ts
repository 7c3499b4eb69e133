// Changes of every kind, at random, over HTTP, and a note of each that was answered: what the events are held against.

import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Answer, Call } from '../support/client.js';
import type { Host } from '../support/directory.js';
import { snowflake } from '../support/ids.js';
import { endsOf, type SeenEvent } from './events.js';
import type { Chance } from './seed.js';

export interface ChangedGuild {
  readonly id: string;
  readonly ownerId: string;
  readonly channelId: string;
}

interface Live {
  readonly code: string;
  readonly guild: ChangedGuild;
}

const OF_A_GUILD_AT_LEAST = 3;
const THINK_MS = 10;
const SHORT_AGE_MAX_S = 3;
const EDITED_AGE_MAX_S = 8;
const MAX_USES_MAX = 30;

export class Changes {
  readonly created = new Set<string>();
  /** `<code> <user>` of those who were told that they are new. */
  readonly accepted = new Set<string>();
  /** `<code> <version>` of the answers to edits, from version 2 on. */
  readonly edited = new Set<string>();
  readonly revoked = new Map<string, string>();
  /** Requests without an answer, and what they may have done. */
  readonly unknown = { creates: 0, accepts: new Set<string>(), edits: 0, revokes: new Set<string>() };
  readonly wrong = new Map<string, number>();
  readonly #live: Live[] = [];
  readonly #of = new Map<string, ChangedGuild>();
  #isStopped = false;
  readonly #host: Host;
  readonly #chance: Chance;
  readonly #guilds: readonly ChangedGuild[];

  constructor(host: Host, chance: Chance, guilds: readonly ChangedGuild[]) {
    this.#host = host;
    this.#chance = chance;
    this.#guilds = guilds;
  }

  /** Changes that were answered with success. */
  get answered(): number {
    return this.created.size + this.accepted.size + this.edited.size + this.revoked.size;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(connections: number, count: number): Promise<void> {
    for (const guild of this.#guilds) {
      for (let number = 0; number < OF_A_GUILD_AT_LEAST; number += 1)
        await this.#create(guild, { max_age: 0 });
    }
    const loop = async (): Promise<void> => {
      while (!this.#isStopped && this.answered < count) {
        await this.#one();
        await delay(this.#chance.below(2 * THINK_MS));
      }
    };
    await Promise.all(Array.from({ length: connections }, loop));
  }

  async #one(): Promise<void> {
    const { below, percent, pick } = this.#chance;
    const guild = pick(this.#guilds);
    const live = this.#live.length === 0 ? null : pick(this.#live);
    const kind = below(100);
    if (live === null || kind < 10) {
      return this.#create(guild, { max_age: 0, max_uses: percent(60) ? 1 + below(MAX_USES_MAX) : 0 });
    }
    if (kind < 17) return this.#create(guild, { max_age: 1 + below(SHORT_AGE_MAX_S) });
    if (kind < 25) return this.#edit(live);
    if (kind < 30) return this.#revoke(live);
    return this.#accept(live);
  }

  async #create({ id, channelId, ownerId }: ChangedGuild, fields: object): Promise<void> {
    const answer = await this.#ask('POST', `/api/v1/channels/${channelId}/invites`, {
      as: ownerId,
      json: fields,
    });
    if (answer === null) {
      this.unknown.creates += 1;
      return;
    }
    if (answer.status !== 200) return this.#isWrong(answer, []);
    const code = String(answer.object()['code']);
    const guild = { id, channelId, ownerId };
    this.created.add(code);
    this.#of.set(code, guild);
    this.#live.push({ code, guild });
  }

  async #accept(live: Live): Promise<void> {
    const user = snowflake();
    const answer = await this.#ask('POST', `/api/v1/invites/${live.code}`, { as: user });
    if (answer === null) this.unknown.accepts.add(`${live.code} ${user}`);
    else if (answer.status !== 200) this.#isWrong(answer, [403, 404], live);
    else if (answer.object()['new_member'] === true) this.accepted.add(`${live.code} ${user}`);
    else this.#isWrong(answer, []);
  }

  async #edit(live: Live): Promise<void> {
    const { below, percent } = this.#chance;
    const fields: Record<string, unknown> = {};
    if (percent(40)) fields['max_uses'] = below(MAX_USES_MAX * 2);
    if (percent(40)) fields['max_age'] = percent(50) ? 0 : 1 + below(EDITED_AGE_MAX_S);
    if (percent(30)) fields['paused'] = percent(30);
    if (percent(30)) fields['temporary'] = percent(50);
    const answer = await this.#ask('PATCH', `/api/v1/invites/${live.code}`, {
      as: live.guild.ownerId,
      json: fields,
    });
    if (answer === null) this.unknown.edits += 1;
    else if (answer.status !== 200) this.#isWrong(answer, [400, 404], live);
    else {
      const version = Number(answer.object()['version']);
      if (version > 1) this.edited.add(`${live.code} ${version}`);
    }
  }

  async #revoke(live: Live): Promise<void> {
    const { ownerId } = live.guild;
    const answer = await this.#ask('DELETE', `/api/v1/invites/${live.code}`, { as: ownerId });
    if (answer === null) this.unknown.revokes.add(live.code);
    else if (answer.status !== 204) this.#isWrong(answer, [404], live);
    else {
      if (this.revoked.has(live.code)) this.#count('revoked twice');
      this.revoked.set(live.code, ownerId);
      this.#forget(live);
    }
  }

  /** null: there is no telling what it did. */
  async #ask(method: string, path: string, call: Call): Promise<Answer | null> {
    const answer = await this.#host.api.request(method, path, call).catch(() => null);
    return answer === null || answer.status === 503 ? null : answer;
  }

  #isWrong(answer: Answer, expected: readonly number[], live?: Live): void {
    if (!expected.includes(answer.status)) this.#count(`${answer.status} ${answer.text.slice(0, 80)}`);
    if (answer.status === 404 && live !== undefined) this.#forget(live);
  }

  #forget(live: Live): void {
    const at = this.#live.indexOf(live);
    if (at !== -1) this.#live.splice(at, 1);
  }

  #count(what: string): void {
    this.wrong.set(what, (this.wrong.get(what) ?? 0) + 1);
  }

  /** Those that lead nowhere any more. */
  async #endedCodes(): Promise<ReadonlySet<string>> {
    const live = new Set<string>();
    for (const { id, ownerId } of this.#guilds) {
      const answer = await this.#host.api.get(`/api/v1/guilds/${id}/invites`, { as: ownerId });
      expect(answer.status, answer.text).toBe(200);
      for (const { code } of answer.list()) live.add(String(code));
    }
    return new Set([...this.created].filter((code) => !live.has(code)));
  }

  /** Holds all events, in their order, against what was answered; gives how many there are of each type, or reason of an end. */
  async judge(events: readonly SeenEvent[]): Promise<Readonly<Record<string, number>>> {
    const ended = await this.#endedCodes();
    const of = (type: string) => events.filter((event) => event.type === type);
    const counts: Record<string, number> = {};
    for (const { type, data } of events) {
      const name = type === 'INVITE_DELETE' ? String(data['reason']) : type;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    const { unknown } = this;
    expect([...this.wrong]).toEqual([]);

    const creates = of('INVITE_CREATE').map(({ data }) => String(data['code']));
    sameBut(creates, this.created, unknown.creates);
    const accepts = of('INVITE_ACCEPT').map(({ data }) => `${data['code']} ${data['user_id']}`);
    sameBut(accepts, this.accepted, unknown.accepts.size);
    const updates = of('INVITE_UPDATE').map(({ data }) => `${data['code']} ${data['version']}`);
    sameBut(updates, this.edited, unknown.edits);

    const ends = endsOf(events);
    const unasked = [...ends.keys()].filter((code) => this.created.has(code) && !ended.has(code));
    expect(unasked).toEqual([]);
    const told = new Map<string, { maxUses: number; expiresAt: string | null; uses: number }>();
    for (const { type, data, at } of events) {
      const code = String(data['code']);
      const known = told.get(code);
      if (type === 'INVITE_CREATE' || type === 'INVITE_UPDATE') {
        expect(known === undefined, code).toBe(type === 'INVITE_CREATE');
        const expiresAt = data['expires_at'] as string | null;
        told.set(code, { maxUses: Number(data['max_uses']), expiresAt, uses: known?.uses ?? 0 });
        continue;
      }
      // Nothing comes behind its end, nor before its beginning.
      if (known === undefined) throw new Error(`${type} of ${code} before its creation or behind its end`);
      if (type === 'INVITE_ACCEPT') {
        known.uses += 1;
        expect(data['uses'], code).toBe(known.uses);
        continue;
      }
      expect(type).toBe('INVITE_DELETE');
      const { reason, by } = data;
      const isFull = known.maxUses > 0 && known.uses >= known.maxUses;
      if (reason === 'revoked' && !unknown.revokes.has(code)) expect(by).toBe(this.revoked.get(code));
      else if (reason === 'exhausted') expect([isFull, by]).toEqual([true, null]);
      else if (reason === 'expired') {
        expect([isFull, by, known.expiresAt !== null && known.expiresAt <= at]).toEqual([false, null, true]);
      } else if (reason !== 'revoked') throw new Error(`${code} ended by ${String(reason)}`);
      told.delete(code);
    }
    const notOnce = [...ended].filter((code) => ends.get(code)?.length !== 1);
    expect(notOnce).toEqual([]);
    for (const code of this.revoked.keys()) expect(ends.get(code)?.[0]?.data['reason'], code).toBe('revoked');
    return counts;
  }
}

/** Each once, all that were answered, and no more than so many of which nobody knows. */
function sameBut(found: readonly string[], answered: ReadonlySet<string>, unknown: number): void {
  const distinct = new Set(found);
  expect(distinct.size).toBe(found.length);
  expect([...answered].filter((one) => !distinct.has(one))).toEqual([]);
  expect(found.filter((one) => !answered.has(one)).length).toBeLessThanOrEqual(unknown);
}
