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
    const events = entries.reverse().flatMap(([, flat]) => {
      const fields: Record<string, string> = {};
      for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
      return fields['type'] === 'INVITE_ACCEPT' ? unpackJoins(fields) : [fields];
    });
    return events.slice(-count);
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

  /** One user by one invite; the reply as `[outcome in words, revision row or target]`. */
  async accept(placeId: string, code: string, userId: string, banKey = '-', followed = ''): Promise<Reply> {
    return acceptReply(await this.at(placeId, 'accept', 1, code, followed, '', userId, banKey));
  }

  /** The same in the partition of the code. */
  async acceptByCode(code: string, userId: string): Promise<Reply> {
    return acceptReply(await this.atCode(code, 'accept', 1, code, '', '', userId, '-'));
  }

  async acceptAt(nowMs: number, placeId: string, code: string, userId: string): Promise<Reply> {
    return acceptReply(await this.atTime(nowMs, placeId, 'accept', 1, code, '', '', userId, '-'));
  }

  /** One look at one invite; the reply as `[status, row or target, 1 if the metadata may be seen]`. */
  async read(placeId: string, code: string, caller: readonly Argument[], followed = ''): Promise<Reply> {
    return readReply(await this.at(placeId, 'read', 1, code, followed, '', caller.join(':')));
  }

  async readAt(nowMs: number, placeId: string, code: string): Promise<Reply> {
    return readReply(await this.atTime(nowMs, placeId, 'read', 1, code, '', '', ':0:'));
  }

  /** Runs a script over several partitions, as one batch of a single server does. */
  async over(ids: readonly string[], name: string, ...args: readonly Argument[]): Promise<Reply> {
    const keys = ids.map((id) => `invited:{${partitionOfId(id)}}:seq`);
    return (await this.redis.eval(textOf(name), keys.length, ...keys, ...args)) as Reply;
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
    uses: Number(row[0]),
    members: Number(row[1]),
    ...revisionOf(row.slice(3)),
  };
}

/** Fields of a revision row, by their place. */
export function revisionOf(row: Reply) {
  return {
    revision: row[0],
    recipients: row[1],
    code: row[2],
    channelId: row[5],
    inviterId: row[6],
    createdAtMs: Number(row[7]),
    expiresAtMs: row[8],
    flags: Number(row[11]),
    version: Number(row[12]),
  };
}

const OUTCOMES: Readonly<Record<string, string>> = {
  a: 'accepted',
  m: 'already',
  u: 'unknown',
  p: 'pointer',
  d: 'invites_disabled',
  b: 'banned',
  i: 'ip_banned',
  g: 'guild_full',
  r: 'group_dm_full',
};

function acceptReply([group]: Reply): Reply {
  const [letter, ...rest] = typeof group === 'string' ? [group] : (group as Reply);
  const outcome = OUTCOMES[String(letter)] ?? `letter ${String(letter)}`;
  if (rest.length === 0) return [outcome];
  return outcome === 'pointer' ? [outcome, ...rest] : [outcome, rest];
}

function readReply([group]: Reply): Reply {
  const [status = '', ...rest] = group as Reply;
  if (status !== 'found') return [status, ...rest];
  const [maySee, ...row] = rest;
  return [status, row, Number(maySee)];
}

/** The events of their own that one entry of joins stands for (lua/README.md, Events). */
function unpackJoins({
  joins = '',
  seq = '',
  ...common
}: Readonly<Record<string, string>>): readonly Readonly<Record<string, string>>[] {
  let at = Number(seq);
  return joins.split('\n').flatMap((line) => {
    const [code = '', guildId, channelId, inviterId, temporary = '', vanity = '', uses, ...users] =
      line.split(' ');
    const orNone = (id: string | undefined): string => (id === undefined || id === '-' ? '' : id);
    return users.map((userId, index) => {
      const place = { guild_id: orNone(guildId), channel_id: orNone(channelId) };
      const event = {
        ...common,
        ...place,
        code,
        user_id: userId,
        inviter_id: orNone(inviterId),
        temporary,
        vanity,
      };
      at += 1;
      return { ...event, seq: String(at - 1), uses: String(Number(uses) + index) };
    });
  });
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
