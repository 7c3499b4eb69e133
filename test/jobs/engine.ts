// What the tests of the jobs stand on: an engine on a Redis of its own, and short ways to make things happen in it.

import { randomInt } from 'node:crypto';
import { Redis } from 'ioredis';
import { createEngine, type Engine } from '../../src/engine/engine.js';
import type { Snowflake } from '../../src/invite/id.js';
import type { GuildRecord } from '../../src/invite/records.js';
import { createStore, type Store } from '../../src/store/store.js';
import { startLocalRedis } from '../support/redis.js';

export const EPOCH = 'the epoch of a test';

export function newId(): Snowflake {
  return `${randomInt(1, 2 ** 31)}${String(randomInt(0, 10 ** 9)).padStart(9, '0')}` as Snowflake;
}

export interface Place {
  readonly guildId: Snowflake;
  readonly channelId: Snowflake;
  readonly ownerId: Snowflake;
}

export class TestEngine {
  readonly redis: Redis;
  readonly store: Store;
  readonly engine: Engine;
  readonly #stop: () => Promise<void>;

  private constructor(redis: Redis, stop: () => Promise<void>) {
    this.redis = redis;
    this.store = createStore(redis, { isCluster: false, waitingMax: 10_000 });
    this.engine = createEngine(this.store, { codeLength: 8, maxInvitesPerGuild: 1000 });
    this.#stop = stop;
  }

  static async open(): Promise<TestEngine> {
    const server = await startLocalRedis([]);
    const own = new TestEngine(new Redis(server.url, { protocol: 2 }), () => server.stop());
    await own.store.epochs.open(EPOCH);
    return own;
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.#stop();
  }

  async guild(settings: Partial<GuildRecord> = {}): Promise<Place> {
    const place = { guildId: newId(), channelId: newId(), ownerId: newId() };
    await this.engine.putGuild({
      id: place.guildId,
      name: 'A guild',
      owner_id: place.ownerId,
      icon_hash: null,
      banner_hash: null,
      splash_hash: null,
      features: ['VANITY_URL'],
      roles: [],
      max_members: 1_000_000,
      member_count: null,
      presence_count: null,
      ...settings,
    });
    await this.engine.putChannel({
      id: place.channelId,
      guild_id: place.guildId,
      name: 'general',
      type: 0,
      position: 0,
      permission_overwrites: [],
    });
    return place;
  }

  async invite(
    place: Place,
    settings: { readonly maxUses?: number; readonly maxAgeS?: number } = {},
  ): Promise<string> {
    const outcome = await this.engine.create(
      {
        channelId: place.channelId,
        maxAgeS: settings.maxAgeS ?? 0,
        maxUses: settings.maxUses ?? 0,
        isTemporary: false,
        isUnique: true,
      },
      { userId: place.ownerId, role: 'user', permissions: null },
    );
    if (!('invite' in outcome)) throw new Error(`no invite: ${outcome.status}`);
    return outcome.invite.revision.code;
  }

  /** `count` new users by one code, at once; how many of them came in. */
  async accept(code: string, count: number): Promise<number> {
    const outcomes = await Promise.all(
      Array.from({ length: count }, () => this.engine.accept(code, newId(), null)),
    );
    return outcomes.filter(({ status }) => status === 'accepted').length;
  }
}
