// What the script tests stand on: one partition of a real Redis, and short ways to fill it. Every test makes ids of its
// own. `worlds` names the servers: a single one, and one that is cluster-enabled and so refuses foreign slots.

import { randomInt } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { partitionOfCode, partitionOfId } from '../../src/invite/partition.js';
import { journalKey, journalOf, journalsOf, partitionKey } from '../../src/store/journals.js';
import { readLibrary, type Script } from '../../src/store/script-texts.js';
import type { Argument } from '../../src/store/scripts.js';
import { startClusterRedis, startLocalRedis } from '../support/redis.js';

export type Reply = readonly (string | number | Reply)[];

export const worlds = ['single', 'cluster-enabled'] as const;

const library = readLibrary();

const INVITE_FIELDS = [
  'uses',
  'guild_id',
  'channel_id',
  'inviter_id',
  'expires_at_ms',
  'max_uses',
  'flags',
  'revision',
  'created_at_ms',
  'max_age_s',
  'version',
];
const POINTER_FIELDS = ['mark', 'target_id', 'token', 'claimed_at_ms'];
const GUILD_FIELDS = [
  'told_member_count',
  'vanity_uses',
  'owner_id',
  'flags',
  'max_members',
  'presence_count',
  'ban_kinds',
  'revision',
  'born_seq',
  'landing_channel_id',
  'vanity_version',
  'vanity_code',
  'vanity_created_at_ms',
  'vanity_token',
];

export const EVERYONE = 1 + 1024;
export const MANAGE_CHANNELS = 16;
export const MANAGE_GUILD = 32;
export const ADMINISTRATOR = 8;

export class World {
  readonly redis: Redis;
  readonly #isCluster: boolean;
  readonly #stop: () => Promise<void>;

  constructor(redis: Redis, isCluster: boolean, stop: () => Promise<void>) {
    this.redis = redis;
    this.#isCluster = isCluster;
    this.#stop = stop;
  }

  /** `isShared` false: a server that no other test file writes to. */
  static async open(kind: (typeof worlds)[number], isShared = true): Promise<World> {
    const isCluster = kind !== 'single';
    if (!isCluster && isShared) return World.#on(inject('redisUrl'), isCluster, async () => {});
    const server = isCluster ? await startClusterRedis() : await startLocalRedis([]);
    return World.#on(server.url, isCluster, () => server.stop());
  }

  static async #on(url: string, isCluster: boolean, stop: () => Promise<void>): Promise<World> {
    const redis = new Redis(url, { protocol: 2 });
    await redis.function('LOAD', 'REPLACE', library.text);
    // Whoever opens it first chooses; on the shared server that may be another test.
    for (const journal of journalsOf(isCluster)) {
      await redis.set(journalKey(journal, 'epoch'), 'tests', 'NX');
    }
    return new World(redis, isCluster, stop);
  }

  async close(): Promise<void> {
    await this.redis.quit();
    await this.#stop();
  }

  /** Runs a script in the partition of an id, as the program does: as a function of the library. */
  at(id: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.over([id], name, ...args);
  }

  /** Runs a script in the partition of a code. */
  atCode(code: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#call([partitionOfCode(code)], name, args);
  }

  /** Runs a script as if Redis' clock stood at `nowMs`: its text with the one TIME call replaced. */
  atTime(nowMs: number, id: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#evalAt(nowMs, partitionOfId(id), name, args);
  }

  /** The same in the partition of a code. */
  atTimeCode(nowMs: number, code: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#evalAt(nowMs, partitionOfCode(code), name, args);
  }

  /** Takes the steps that end the invites of what was deleted. */
  async end(id: string, entity: string, limit = 100): Promise<number> {
    for (let steps = 1; ; steps += 1) {
      if ((await this.at(id, 'ending-step', entity, limit))[0] === 'done') return steps;
    }
  }

  /** The record of a code, in the partition of the code. */
  codeKey(code: string): string {
    return `invited:{${partitionOfCode(code)}}:invite:${code}`;
  }

  key(id: string, rest: string): string {
    return `invited:{${partitionOfId(id)}}:${rest}`;
  }

  /** A key of the journal that a guild or group DM writes to. */
  journalKey(id: string, what: 'seq' | 'events' | 'dirty' | 'expiring' | 'endings'): string {
    return journalKey(journalOf(partitionOfId(id), this.#isCluster), what);
  }

  /** Where a disconnection looks for the temporary memberships of a user in a guild. */
  temporaryKey(guildId: string, userId: string): string {
    return `invited:{${journalOf(partitionOfId(guildId), this.#isCluster)}}:temporary:${userId}`;
  }

  /** The fields of the newest `count` events of a guild or group DM, oldest of them first. */
  async events(id: string, count: number): Promise<readonly Readonly<Record<string, string>>[]> {
    const entries = await this.redis.xrange(this.journalKey(id, 'events'), '-', '+');
    const events = entries.flatMap(([, flat]) => {
      const fields: Record<string, string> = {};
      for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
      return fields['type'] === 'INVITE_ACCEPT' ? unpackJoins(fields) : [fields];
    });
    return events
      .filter(({ guild_id, channel_id }) => guild_id === id || (guild_id === '' && channel_id === id))
      .slice(-count);
  }

  /** How many entries of the stream name a guild. */
  async entries(guildId: string): Promise<number> {
    const entries = await this.redis.xrange(this.journalKey(guildId, 'events'), '-', '+');
    return entries.filter(([, flat]) =>
      flat.some((text) => text === guildId || text.includes(` ${guildId} `)),
    ).length;
  }

  /** What of a guild, group DM or user is marked as changed, each with the seq of its change. */
  async marks(id: string): Promise<Readonly<Record<string, number>>> {
    const flat = await this.redis.zrange(this.journalKey(id, 'dirty'), '0', '-1', 'WITHSCORES');
    const marks: Record<string, number> = {};
    for (let at = 0; at < flat.length; at += 2) {
      const entity = flat[at] ?? '';
      if (entity.split(':').includes(id)) marks[entity] = Number(flat[at + 1]);
    }
    return marks;
  }

  /** Every key with all that it holds, and when it ends; only of a server that nobody else writes to. */
  async everything(): Promise<Readonly<Record<string, string>>> {
    const keys = (await this.redis.keys('*')).sort();
    const entries = keys.map(async (key) => {
      const [value, endsAt] = await Promise.all([this.redis.dumpBuffer(key), this.redis.pexpiretime(key)]);
      return [key, `${value?.toString('latin1')} ${endsAt}`] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /** An invite or pointer as its record says (lua/README.md, Packed records); null for none. */
  async record(key: string): Promise<Readonly<Record<string, string>> | null> {
    const words = (await this.redis.get(key))?.split(' ');
    if (words === undefined) return null;
    const names = words[0] === '>' ? POINTER_FIELDS : key.includes(':invite:') ? INVITE_FIELDS : GUILD_FIELDS;
    if (words.length !== names.length) throw new Error(`a record of ${words.length} fields`);
    return Object.fromEntries(names.map((name, at) => [name, words[at] ?? '']));
  }

  /** Writes one field of a record as if it had always been so. */
  async setField(key: string, field: string, value: string | number): Promise<void> {
    const record = { ...(await this.record(key)) };
    if (!(field in record)) throw new Error(`no field ${field}`);
    record[field] = String(value);
    await this.redis.set(key, Object.values(record).join(' '), 'KEEPTTL');
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
      '',
      '',
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
    return acceptReply(await this.at(placeId, 'accept', 2, code, followed, '', userId, banKey));
  }

  /** Several at once: one entry of the stream. */
  async acceptMany(placeId: string, code: string, userIds: readonly string[]): Promise<void> {
    const banKeys = userIds.map(() => '-').join(' ');
    await this.at(placeId, 'accept', 2, code, '', '', userIds.join(' '), banKeys);
  }

  /** The same in the partition of the code. */
  async acceptByCode(code: string, userId: string): Promise<Reply> {
    return acceptReply(await this.atCode(code, 'accept', 2, code, '', '', userId, '-'));
  }

  async acceptAt(nowMs: number, placeId: string, code: string, userId: string): Promise<Reply> {
    return acceptReply(await this.atTime(nowMs, placeId, 'accept', 2, code, '', '', userId, '-'));
  }

  /** One look at one invite; the reply as `[status, row or target, 1 if the metadata may be seen]`. */
  async read(placeId: string, code: string, caller: readonly Argument[], followed = ''): Promise<Reply> {
    return readReply(await this.at(placeId, 'read', 2, code, followed, '', caller.join(':'), 1));
  }

  async readAt(nowMs: number, placeId: string, code: string): Promise<Reply> {
    return readReply(await this.atTime(nowMs, placeId, 'read', 2, code, '', '', ':0:', 1));
  }

  /** Runs a script over several partitions, as one batch of a single server does. */
  over(ids: readonly string[], name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#call(ids.map(partitionOfId), name, args);
  }

  /** Runs a script for a caller who serves other data than those of this server, or none that are there. */
  async withEpoch(epoch: string, id: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    const keys = this.#keysOf([partitionOfId(id)]);
    return (await this.redis.fcall(
      scriptOf(name).functionName,
      keys.length,
      ...keys,
      ...args,
      epoch,
    )) as Reply;
  }

  async #call(partitions: readonly number[], name: string, args: readonly Argument[]): Promise<Reply> {
    const keys = this.#keysOf(partitions);
    const script = scriptOf(name);
    const all = [...args, ...(await this.#epochFor(script, keys))];
    return (await this.redis.fcall(script.functionName, keys.length, ...keys, ...all)) as Reply;
  }

  async #evalAt(nowMs: number, partition: number, name: string, args: readonly Argument[]): Promise<Reply> {
    const keys = this.#keysOf([partition]);
    const script = scriptOf(name);
    const all = [...args, ...(await this.#epochFor(script, keys))];
    return (await this.redis.eval(pinned(script.text, nowMs), keys.length, ...keys, ...all)) as Reply;
  }

  #keysOf(partitions: readonly number[]): readonly string[] {
    const journal = journalOf(partitions[0] ?? 0, this.#isCluster);
    return [journalKey(journal, 'epoch'), ...partitions.map(partitionKey)];
  }

  /** What stands behind the arguments of a script that has the gate. */
  async #epochFor({ isGated }: Script, [key = '']: readonly string[]): Promise<readonly string[]> {
    return isGated ? [(await this.redis.get(key)) ?? ''] : [];
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
  if (!Array.isArray(group)) return [group ?? ''];
  const [first = '', ...rest] = group as Reply;
  return first === 'pointer' ? [first, ...rest] : ['found', rest, Number(first)];
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

function scriptOf(name: string): Script {
  const script = library.scripts.get(name);
  if (script === undefined) throw new Error(`no script ${name}`);
  return script;
}

function pinned(text: string, nowMs: number): string {
  const time = `{ '${Math.floor(nowMs / 1000)}', '${(nowMs % 1000) * 1000}' }`;
  const changed = text.replace("redis.call('TIME')", time);
  if (changed === text) throw new Error("the script doesn't read the clock");
  return changed;
}
