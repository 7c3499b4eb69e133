// The engine on a Redis that refuses what is in two slots: every batch must keep to its partition, and every sum hold.

import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.js';
import type { Caller } from '../../src/invite/caller.js';
import type { Snowflake } from '../../src/invite/id.js';
import { checkServer } from '../../src/store/connection.js';
import { createStore } from '../../src/store/store.js';
import { newId } from '../lua/world.js';
import { type LocalRedis, startClusterRedis } from '../support/redis.js';

const GUILDS = 40;
const USERS = 12;
const CAP = 5;
const SERVICE: Caller = { userId: '1' as Snowflake, role: 'service', permissions: null };

let server: LocalRedis;
let redis: Redis;
let engine: Engine;
beforeAll(async () => {
  server = await startClusterRedis();
  redis = new Redis(server.url, { protocol: 2 });
  const { isCluster } = await checkServer(redis, false);
  expect(isCluster).toBe(true);
  const store = createStore(redis, { isCluster, waitingMax: 10_000 });
  await store.epochs.open('tests');
  engine = createEngine(store, { codeLength: 8, maxInvitesPerGuild: 1000 });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const id = () => newId() as Snowflake;

describe('many guilds at once on a cluster', () => {
  it('let in as many as their invites allow, and show them all', async () => {
    const codes = await Promise.all(
      Array.from({ length: GUILDS }, async () => {
        const [guildId, channelId, ownerId] = [id(), id(), id()];
        await engine.putUser({ id: ownerId, username: `u${ownerId}`, discriminator: 1, avatar_hash: null });
        await engine.putGuild({
          id: guildId,
          name: `g${guildId}`,
          owner_id: ownerId,
          icon_hash: null,
          banner_hash: null,
          splash_hash: null,
          features: [],
          roles: [],
          max_members: 1000,
          member_count: null,
          presence_count: null,
        });
        await engine.putChannel({
          guild_id: guildId,
          id: channelId,
          name: 'general',
          type: 0,
          position: 0,
          permission_overwrites: [],
        });
        const request = { channelId, maxAgeS: 0, maxUses: CAP, isTemporary: false, isUnique: true };
        const outcome = await engine.create(request, { ...SERVICE, userId: ownerId });
        if (!('invite' in outcome)) throw new Error(outcome.status);
        return { code: outcome.invite.revision.code, guildId, ownerId };
      }),
    );
    const reads = await Promise.all(codes.map(({ code }) => engine.read(code, null)));
    reads.forEach((read, at) => {
      if (read.status !== 'found') throw new Error(read.status);
      const { revision } = read.invite;
      expect(revision.kind === 'guild' && revision.guildId).toBe(codes[at]?.guildId);
      expect(revision.inviterJson).toContain(`u${codes[at]?.ownerId}`);
    });
    const outcomes = await Promise.all(
      codes.flatMap(({ code }) =>
        Array.from({ length: USERS }, () => engine.accept(code, id(), null).then(({ status }) => status)),
      ),
    );
    const count = (status: string) => outcomes.filter((outcome) => outcome === status).length;
    expect([count('accepted'), count('unknown')]).toEqual([GUILDS * CAP, GUILDS * (USERS - CAP)]);
  });
});
