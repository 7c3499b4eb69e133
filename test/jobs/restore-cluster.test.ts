// The restore of a cluster, where each of 256 journals is closed, leased and filled by itself, and no script
// reaches into another.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { RestoreInterrupted } from '../../src/jobs/restore.js';
import { dump } from '../support/dump.js';
import { onServerOnly } from '../support/postgres.js';
import { fill, id, RestoreWorld } from './world.js';

onServerOnly('the restore of a cluster', (database) => {
  let world: RestoreWorld;
  beforeAll(async () => {
    world = await RestoreWorld.open(database().sql, true);
    await world.reset();
  });
  afterAll(() => world.close());

  it('gives back all there was, at once or in two goes, and leaves no lease behind', async () => {
    const { open, capped, vanity } = await fill(world.engine);
    await world.copy();
    const before = await dump(world.redis);
    await world.redis.flushall();
    await expect(world.restore(20)).rejects.toThrow(RestoreInterrupted);
    expect(new Set(await world.store.epochs.read())).toEqual(new Set([null]));
    const summary = await world.restore();
    expect(await dump(world.redis)).toEqual(before);
    expect(summary).toMatchObject({ guilds: 2, invites: 10, vanities: 1, damaged: 0 });
    expect(await world.redis.keys('*:lease:*')).toEqual([]);
    const seqs = await Promise.all(world.store.journals.map((at) => world.redis.get(`invited:{${at}}:seq`)));
    expect(new Set(seqs).size).toBe(1);
    for (const code of [open.code, capped.code, vanity]) {
      expect(await world.engine.accept(code, id(), null)).toMatchObject({ status: 'accepted' });
    }
    await world.restore();
    await world.copy();
    expect(await world.run('select count(*)::int as n from invited.joins')).toEqual([{ n: 9 + 3 }]);
  }, 120_000);
});
