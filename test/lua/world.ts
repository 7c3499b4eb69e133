// What the script tests stand on: one partition of a real Redis, and short ways to fill it. Every test makes ids of its
// own. `worlds` names the servers: a single one, and one that is cluster-enabled and so refuses foreign slots.

import { randomInt } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { partitionOfCode, partitionOfId } from '../../src/invite/partition.js';
import { type Argument, readScripts } from '../../src/store/scripts.js';
import { startClusterRedis, startLocalRedis } from '../support/redis.js';

export type Reply = readonly (string | number | Reply)[];

export const worlds = ['single', 'cluster-enabled'] as const;

const scripts = readScripts();

export const EVERYONE = 1 + 1024;
export const MANAGE_CHANNELS = 16;
export const MANAGE_GUILD = 32;
export const ADMINISTRATOR = 8;

export class World {
  readonly redis: Redis;
  readonly #stop: () => Promise<void>;

  constructor(redis: Redis, stop: () => Promise<void>) {
    this.redis = redis;
    this.#stop = stop;
  }

  /** `isShared` false: a server that no other test file writes to. */
  static async open(kind: (typeof worlds)[number], isShared = true): Promise<World> {
    if (kind === 'single' && !isShared) {
      const server = await startLocalRedis([]);
      return new World(new Redis(server.url, { protocol: 2 }), () => server.stop());
    }
    if (kind === 'single') return new World(new Redis(inject('redisUrl'), { protocol: 2 }), async () => {});
    const server = await startClusterRedis();
    return new World(new Redis(server.url, { protocol: 2 }), () => server.stop());
  }

  async close(): Promise<void> {
    await this.redis.quit();
    await this.#stop();
  }

  /** Runs a script in the partition of an id. */
  at(id: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#eval(partitionOfId(id), textOf(name), args);
  }

  /** Runs a script in the partition of a code. */
  atCode(code: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#eval(partitionOfCode(code), textOf(name), args);
  }

  /** Runs a script as if Redis' clock stood at `nowMs`: its text with the one TIME call replaced. */
  atTime(nowMs: number, id: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#eval(partitionOfId(id), pinned(textOf(name), nowMs), args);
  }

  /** The same in the partition of a code. */
  atTimeCode(nowMs: number, code: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#eval(partitionOfCode(code), pinned(textOf(name), nowMs), args);
  }

  /** The record of a code, in the partition of the code. */
  codeKey(code: string): string {
    return `invited:{${partitionOfCode(code)}}:invite:${code}`;
  }

  key(id: string, rest: string): string {
    return `invited:{${partitionOfId(id)}}:${rest}`;
  }

  /** The fields of the newest `count` events of a partition, oldest of them first. */
  async events(id: string, count: number): Promise<readonly Readonly<Record<string, string>>[]> {
    const entries = await this.redis.xrevrange(this.key(id, 'events'), '+', '-', 'COUNT', count);
    return entries.reverse().map(([, flat]) => {
      const fields: Record<string, string> = {};
      for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
      return fields;
    });
  }

  /** A guild with one text channel and its owner. */
  async guild(
    options: GuildOptions = {},
  ): Promise<{ readonly id: string; readonly ownerId: string; readonly channelId: string }> {
    const id = options.id ?? newId();
    const ownerId = newId();
    const channelId = newId();
    await this.putGuild(id, ownerId, options);
    await this.at(id, 'channel-put', id, channelId, options.rule ?? '0 0', `{"id":"${channelId}"}`, '{}');
    return { id, ownerId, channelId };
  }

  putGuild(id: string, ownerId: string, options: GuildOptions = {}): Promise<Reply> {
    return this.at(
      id,
      'guild-put',
      id,
      ownerId,
      options.flags ?? 0,
      options.maxMembers ?? 1000,
      options.memberCount ?? '',
      '',
      `{"id":"${id}"}`,
      '{}',
      ...(options.roles ?? []).flat(),
    );
  }

  /** Makes an invite as a service would and gives its code. */
  async invite(
    place: { readonly id: string; readonly channelId: string },
    options: {
      readonly maxAge?: number;
      readonly maxUses?: number;
      readonly temporary?: boolean;
      readonly inviterId?: string;
    } = {},
  ): Promise<string> {
    const code = codeIn(place.id);
    const reply = await this.at(
      place.id,
      'create',
      code,
      place.id === place.channelId ? '' : place.id,
      place.channelId,
      options.inviterId ?? '1',
      1,
      '',
      options.maxAge ?? 0,
      options.maxUses ?? 0,
      options.temporary ? 1 : 0,
      1,
      1000,
    );
    if (reply[0] !== 'created') throw new Error(`no invite: ${String(reply[0])}`);
    return code;
  }

  async groupDm(
    recipients: readonly string[],
  ): Promise<{ readonly id: string; readonly channelId: string; readonly ownerId: string }> {
    const id = newId();
    const ownerId = recipients[0] ?? newId();
    await this.at(
      id,
      'group-dm-put',
      id,
      ownerId,
      `{"id":"${id}"}`,
      '{}',
      '',
      ownerId,
      ...recipients.slice(1),
    );
    return { id, channelId: id, ownerId };
  }

  accept(placeId: string, code: string, userId: string, banKey = ''): Promise<Reply> {
    return this.at(placeId, 'accept', code, '', userId, banKey);
  }

  async #eval(partition: number, text: string, args: readonly Argument[]): Promise<Reply> {
    return (await this.redis.eval(text, 1, `invited:{${partition}}:seq`, ...args)) as Reply;
  }
}

export interface GuildOptions {
  readonly id?: string;
  readonly flags?: number;
  readonly maxMembers?: number;
  readonly memberCount?: number;
  readonly roles?: readonly (readonly [id: string, bits: number])[];
  readonly rule?: string;
}

export function newId(): string {
  return `${randomInt(1, 2 ** 31)}${String(randomInt(0, 10 ** 9)).padStart(9, '0')}`;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A new code of 10 characters in the partition of an id, found by trying. */
export function codeIn(id: string): string {
  for (let tries = 0; tries < 100_000; tries += 1) {
    let code = '';
    while (code.length < 10) code += ALPHABET[randomInt(ALPHABET.length)];
    if (partitionOfCode(code) === partitionOfId(id)) return code;
  }
  throw new Error('no code found');
}

/** Fields of an invite row, by their place (lua/lib/invites.lua). */
export function rowOf(reply: Reply) {
  const row = reply[1] as Reply;
  return {
    code: row[0],
    channelId: row[3],
    inviterId: row[4],
    createdAtMs: Number(row[5]),
    expiresAtMs: row[6],
    uses: Number(row[9]),
    flags: Number(row[10]),
    version: Number(row[11]),
    members: Number(row[14]),
    recipients: row[16],
  };
}

function textOf(name: string): string {
  const script = scripts.get(name);
  if (script === undefined) throw new Error(`no script ${name}`);
  return script.text;
}

function pinned(text: string, nowMs: number): string {
  const time = `{ '${Math.floor(nowMs / 1000)}', '${(nowMs % 1000) * 1000}' }`;
  const changed = text.replace("redis.call('TIME')", time);
  if (changed === text) throw new Error("the script doesn't read the clock");
  return changed;
}
