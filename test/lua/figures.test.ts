// What jobs processes leave for those who are asked for it: as long as they live, and while the journals are closed too.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStore, type Store } from '../../src/store/store.js';
import { until } from '../support/until.js';
import { World, worlds } from './world.js';

describe.each(worlds)('figures-tell.lua on a %s server', (kind) => {
  let world: World;
  let store: Store;
  beforeAll(async () => {
    world = await World.open(kind, false);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.redis.flushall();
    // No epoch anywhere: closed.
    store = createStore(world.redis, { isCluster: kind !== 'single', waitingMax: 1000 });
  });

  const told = async () => [...(await store.toldFigures.read())].sort();

  it('keeps the last text of each process', async () => {
    expect(await told()).toEqual([]);
    await store.toldFigures.tell('one', '{"n":1}', 60_000);
    await store.toldFigures.tell('two', '{"n":2}', 60_000);
    await store.toldFigures.tell('one', '{"a b":3}', 60_000);
    expect(await told()).toEqual(['{"a b":3}', '{"n":2}']);
  });

  it('keeps none of a process that took it back, or said nothing for too long', async () => {
    await store.toldFigures.tell('gone', 'a', 60_000);
    await store.toldFigures.tell('killed', 'b', 1);
    await store.toldFigures.takeBack('gone');
    await until('the killed one is forgotten', async () => {
      await store.toldFigures.tell('lives', 'c', 60_000);
      return (await told()).length === 1;
    });
    expect(await told()).toEqual(['c']);
  });

  it('leaves nothing behind when the last process is gone', async () => {
    await store.toldFigures.tell('killed', 'b', 20);
    await until('nothing is left', async () => (await world.redis.dbsize()) === 0);
  });
});
