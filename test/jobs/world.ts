// What the tests of the restore stand on: a Redis of their own that is filled through the engine with
// everything there is, copied to a Postgres, and emptied.

import { Redis } from 'ioredis';
import { createEngine, type Engine } from '../../src/engine/engine.js';
import type { Caller } from '../../src/invite/caller.js';
import type { Snowflake } from '../../src/invite/id.js';
import { partitionOfCode, partitionOfId } from '../../src/invite/partition.js';
import { Copier } from '../../src/jobs/copier.js';
import { Lease } from '../../src/jobs/leases.js';
import { type RestoreSummary, restore } from '../../src/jobs/restore.js';
import type { Sql } from '../../src/postgres/connection.js';
import { createStore, type Store } from '../../src/store/store.js';
import { snowflake, unusedCode } from '../support/ids.js';
import { type LocalRedis, startClusterRedis, startLocalRedis } from '../support/redis.js';

const EPOCH = 'tests';
const TABLES = [
  ...['guilds', 'roles', 'channels', 'members', 'bans', 'ip_bans', 'users', 'group_dms', 'vanity'],
  ...['invites', 'joins', 'journals'],
];

export const id = (): Snowflake => snowflake() as Snowflake;
export const service: Caller = { userId: '1' as Snowflake, role: 'service', permissions: null };

export class RestoreWorld {
  readonly redis: Redis;
  readonly store: Store;
  readonly engine: Engine;
  readonly sql: Sql;
  readonly #server: LocalRedis;

  private constructor(server: LocalRedis, isCluster: boolean, sql: Sql) {
    this.#server = server;
    this.redis = new Redis(server.url, { protocol: 2 });
    this.store = createStore(this.redis, { isCluster, waitingMax: 1000 });
    this.engine = createEngine(this.store, { codeLength: 8, maxInvitesPerGuild: 1000 });
    this.sql = sql;
  }

  static async open(sql: Sql, isCluster = false): Promise<RestoreWorld> {
    return new RestoreWorld(await (isCluster ? startClusterRedis() : startLocalRedis([])), isCluster, sql);
  }

  get redisUrl(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.redis.quit();
    await this.#server.stop();
  }

  /** Nothing in Redis, nothing in Postgres. */
  async reset(): Promise<void> {
    await this.redis.flushall();
    await this.run(`truncate ${TABLES.map((table) => `invited.${table}`).join(', ')}`);
    await this.store.epochs.open(EPOCH);
    await this.store.checkReady();
  }

  run(text: string, params: readonly (string | number)[] = []) {
    return this.sql.query<Record<string, unknown>>({ name: 'test', text }, params);
  }

  /** Copies all there is. */
  async copy(): Promise<void> {
    for (const journal of this.store.journals) {
      const copier = new Copier({
        store: this.store.journal,
        sql: this.sql,
        journal,
        rowsAimed: 1000,
        kept: { forMs: 60_000, entriesMax: 1_000_000 },
        onDamaged: () => {
          throw new Error('a damaged entry');
        },
        onReaderCut: () => {},
      });
      for (;;) {
        const { outcome, hasMore } = await copier.copy();
        if (outcome !== 'copied') throw new Error(`not copied: ${outcome}`);
        if (!hasMore) break;
      }
    }
  }

  /** As recovery does it. @param stopAfter ends it when so many rows have been gone through */
  async restore(stopAfter = Number.POSITIVE_INFINITY): Promise<RestoreSummary> {
    const stopping = new AbortController();
    const lease = new Lease(this.store.journal, 0, 'restore', 'test');
    await lease.hold();
    await this.store.epochs.close();
    const summary = await restore({
      store: this.store,
      sql: this.sql,
      holder: 'test',
      onProgress: (done) => {
        if (done >= stopAfter) stopping.abort();
      },
      stopping: stopping.signal,
    });
    await this.store.epochs.open(EPOCH);
    await lease.giveBack();
    return summary;
  }
}

export interface Place {
  readonly id: Snowflake;
  readonly ownerId: Snowflake;
  readonly channelId: Snowflake;
}

export async function putGuild(
  engine: Engine,
  changes: { memberCount?: number; name?: string } = {},
): Promise<Place> {
  const [guildId, ownerId, channelId] = [id(), id(), id()];
  await engine.putGuild({
    id: guildId,
    name: changes.name ?? 'Guild',
    owner_id: ownerId,
    icon_hash: null,
    banner_hash: 'b',
    splash_hash: null,
    features: ['VANITY_URL', 'OTHER'],
    roles: [
      { id: guildId, permissions: '1025' },
      { id: id(), permissions: '18446744073709551615' },
    ],
    max_members: 1_000_000,
    member_count: changes.memberCount ?? null,
    presence_count: changes.memberCount === undefined ? null : 7,
  });
  await putChannel(engine, guildId, channelId, 1);
  return { id: guildId, ownerId, channelId };
}

export async function putChannel(engine: Engine, guildId: Snowflake, channelId: Snowflake, position: number) {
  await engine.putChannel({
    ...{ id: channelId, guild_id: guildId, name: 'cha\u0000nnel "é"', type: 0, position },
    permission_overwrites: [{ id: id(), type: 1, allow: '1024', deny: '16' }],
  });
}

let made = 0;

/** No two are of one millisecond, whose order nobody keeps. */
export const invite = (
  channelId: Snowflake,
  changes: Partial<Parameters<Engine['putInvite']>[0]> = {},
): Parameters<Engine['putInvite']>[0] => {
  made += 1;
  return {
    ...{
      code: unusedCode(),
      channel_id: channelId,
      inviter_id: id(),
      created_at_ms: Date.now() - 100_000 + 3 * made,
    },
    ...{ max_age: 604_800, max_uses: 0, uses: 0, temporary: false },
    ...changes,
  };
};

/** A code that lies in the partition of its place, or in another. */
export function codeFor(placeId: Snowflake, isAtHome: boolean): string {
  for (;;) {
    const code = unusedCode();
    if ((partitionOfCode(code) === partitionOfId(placeId)) === isAtHome) return code;
  }
}

/** Every kind of entity, and the odd ones among them. */
export async function fill(engine: Engine) {
  const guild = await putGuild(engine, { name: 'N\u0000ame "é" 🎉', memberCount: 1000 });
  const other = await putGuild(engine);
  const hidden = id();
  await engine.putChannel({
    ...{ id: hidden, guild_id: guild.id, name: 'hidden', type: 0, position: 0 },
    permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: '1024' }],
  });
  await engine.putMember({ guild_id: guild.id, user_id: id(), roles: [id(), id()], temporary: false });
  const visitor = id();
  for (const { id: guildId } of [guild, other]) {
    await engine.putMember({ guild_id: guildId, user_id: visitor, roles: [], temporary: true });
  }
  await engine.putBan({ guild_id: guild.id, user_id: id(), reason: 'a\u0000b' });
  await engine.putIpBan(
    { guild_id: other.id, address: '198.18.0.1', reason: null },
    { text: '198.18.0.1', banKey: '198.18.0.1' },
  );
  await engine.putIpBan(
    { guild_id: other.id, address: '2001:db8:1:2::3', reason: null },
    { text: '2001:db8:1:2::3', banKey: '2001:db8:1:2::/64' },
  );
  for (const username of ['ada', 'gr\u0000ce', '']) {
    await engine.putUser({ id: id(), username, discriminator: 7, avatar_hash: null });
  }
  const recipients = [id(), id(), id()];
  const groupDm = { id: id(), name: null, owner_id: recipients[1] ?? id(), recipients };
  await engine.putGroupDm(groupDm);

  await engine.setVanity(guild.id, service, `vanity-${unusedCode().toLowerCase()}`);
  const vanity = `vanity-${unusedCode().toLowerCase()}`;
  await engine.setVanity(guild.id, service, vanity);
  await engine.setVanity(other.id, service, `vanity-${unusedCode().toLowerCase()}`);
  await engine.setVanity(other.id, service, null);

  const open = invite(guild.channelId, { code: codeFor(guild.id, true), max_age: 0 });
  const capped = invite(guild.channelId, { code: codeFor(guild.id, false), max_uses: 10, uses: 3 });
  const temporary = invite(other.channelId, { code: codeFor(other.id, false), temporary: true });
  const toGroup = invite(groupDm.id, { code: codeFor(groupDm.id, false), max_age: 3600 });
  const groupAtHome = invite(groupDm.id, { code: codeFor(groupDm.id, true), inviter_id: null });
  for (const one of [open, capped, temporary, toGroup, groupAtHome]) await engine.putInvite(one);
  const request = { maxAgeS: 60, maxUses: 5, isTemporary: false, isUnique: true };
  for (let count = 0; count < 5; count += 1) {
    await engine.create({ channelId: guild.channelId, ...request }, { ...service, userId: id() });
  }
  const revoked = invite(guild.channelId, { code: codeFor(guild.id, true) });
  const lastUse = invite(guild.channelId, { code: codeFor(guild.id, false), max_uses: 1 });
  for (const one of [revoked, lastUse]) await engine.putInvite(one);
  await engine.revoke(revoked.code, service);
  const joined = id();
  await engine.accept(lastUse.code, joined, null);
  for (const { code } of [open, capped, capped, temporary, temporary, toGroup])
    await engine.accept(code, id(), null);
  await engine.accept(vanity, id(), null);
  await engine.accept(vanity, id(), null);
  await engine.deleteMember(guild.id, joined);
  return { guild, other, groupDm, vanity, open, capped, temporary, toGroup, revoked, visitor };
}
