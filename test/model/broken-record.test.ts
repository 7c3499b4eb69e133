// One record of the wrong kind among good ones: only those who ask for it may notice.

import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.js';
import type { Snowflake } from '../../src/invite/id.js';
import { createStore } from '../../src/store/store.js';
import { StoreBug } from '../../src/store/unavailable.js';
import { newId, rowOf, World } from '../lua/world.js';

let world: World;
let redis: Redis;
let engine: Engine;
beforeAll(async () => {
  world = await World.open('single');
  redis = new Redis(inject('redisUrl'), { protocol: 2 });
  engine = createEngine(createStore(redis, { isCluster: false, waitingMax: 1000 }), {
    codeLength: 8,
    maxInvitesPerGuild: 1000,
  });
});
afterAll(async () => {
  redis.disconnect();
  await world.close();
});

describe('a batch with a broken record in it', () => {
  it('answers all the others, each once', async () => {
    const guilds = await Promise.all(Array.from({ length: 8 }, () => world.guild()));
    const codes: string[] = [];
    for (const guild of guilds) codes.push(await world.invite(guild));
    const broken = guilds[3];
    await redis.del(world.key(broken?.id ?? '', `guild:${broken?.id}:members`));
    await redis.set(world.key(broken?.id ?? '', `guild:${broken?.id}:members`), 'no hash');
    const accepts = codes.map((code) => engine.accept(code, newId() as Snowflake, null));
    const outcomes = await Promise.allSettled(accepts);
    outcomes.forEach((outcome, at) => {
      if (at === 3) expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(StoreBug);
      else expect(outcome.status === 'fulfilled' && outcome.value.status).toBe('accepted');
    });
    for (const [at, guild] of guilds.entries()) {
      if (at === 3) continue;
      const { uses, members } = rowOf(await world.read(guild.id, codes[at] ?? '', ['', 0, '']));
      expect([uses, members]).toEqual([1, 2]);
      expect(await world.events(guild.id, 1)).toMatchObject([{ type: 'INVITE_ACCEPT', uses: '1' }]);
    }
    const record = await world.record(world.codeKey(codes[3] ?? ''));
    expect(Number(record?.['uses'])).toBe(0);
    expect(await world.events(broken?.id ?? '', 1)).toMatchObject([{ type: 'INVITE_CREATE' }]);
  });
});
