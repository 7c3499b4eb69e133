// How the program comes to its scripts and to its data: the library that a Redis must be sent, and the journals that
// must be open. On servers of their own, which lose both here.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../src/invite/caller.js';
import type { Snowflake } from '../../src/invite/id.js';
import type { JsonText } from '../../src/invite/invite.js';
import { partitionOfId } from '../../src/invite/partition.js';
import { SOMEBODY } from '../../src/store/batcher.js';
import { LIBRARY_PREFIX, readLibrary } from '../../src/store/script-texts.js';
import { createStore, type Store } from '../../src/store/store.js';
import { StoreUnavailable } from '../../src/store/unavailable.js';
import { newId, World } from '../lua/world.js';
import { type LocalRedis, startClusterRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const LUA = resolve(import.meta.dirname, '../../lua');
const SERVICE: Caller = { userId: '1' as Snowflake, role: 'service', permissions: null };
const JSON_TEXT = '{"username":"é"}' as JsonText;
const library = readLibrary();

const id = () => newId() as Snowflake;

/** How often a server has carried out calls of a command since it was last asked to forget that. */
async function callsOf(redis: Redis, command: string): Promise<number> {
  const stats = await redis.info('commandstats');
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
}

describe.each([
  ['single', false],
  ['cluster-enabled', true],
])('a store on a %s server', (_, isCluster) => {
  let server: LocalRedis;
  let redis: Redis;
  let world: World;
  let store: Store;
  beforeAll(async () => {
    server = await (isCluster ? startClusterRedis() : startLocalRedis([]));
    redis = new Redis(server.url, { protocol: 2 });
    world = new World(redis, isCluster, () => server.stop());
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await redis.flushall();
    await redis.function('FLUSH');
    store = createStore(redis, { isCluster, waitingMax: 1000 });
  });

  /** One of each kind of call, in many partitions. */
  const calls = (of: Store = store): readonly Promise<unknown>[] => [
    of.checkReady(),
    ...Array.from({ length: 8 }, () => of.directory.getUser(id())),
    of.directory.putUser(id(), JSON_TEXT),
    of.directory.disconnect(id()),
    of.invites.revoke('abcdefgh', null, SERVICE, 'any'),
    of.invites.sweep(0, 1),
    of.vanities.get(id(), SERVICE),
    of.accepts.submit({ code: 'abcdefgh', followed: null, userId: id(), banKey: null }, SOMEBODY),
    of.reads.submit({ code: 'abcdefgh', followed: null, caller: null, wantsCounts: false }, SOMEBODY),
  ];

  describe('the journals', () => {
    it('are one, or one for each partition, closed until somebody opens them', async () => {
      const count = isCluster ? 256 : 1;
      expect(store.journals).toEqual(Array.from({ length: count }, (_, at) => at));
      expect(await store.epochs.read()).toEqual(Array.from({ length: count }, () => null));
      await store.epochs.open('one');
      expect(await store.epochs.read()).toEqual(Array.from({ length: count }, () => 'one'));
      expect(await redis.dbsize()).toBe(count);
      await store.epochs.close();
      expect(await store.epochs.read()).toEqual(Array.from({ length: count }, () => null));
      expect(await redis.dbsize()).toBe(0);
    });

    it('that are closed refuse every call, and answer when somebody has opened them', async () => {
      await expectDown(calls());
      expect(await redis.dbsize()).toBe(0);
      await store.epochs.open('one');
      await until('the store answers', () =>
        store.checkReady().then(
          () => true,
          () => false,
        ),
      );
      await Promise.all(calls());
    });

    it('that are closed again refuse every call, change nothing, and answer when opened as they were', async () => {
      await store.epochs.open('one');
      await Promise.all(calls());
      await store.epochs.close();
      const before = await world.everything();
      await expectDown(calls());
      expect(await world.everything()).toEqual(before);
      await store.epochs.open('one');
      await Promise.all(calls());
    });

    it('refuse who serves another epoch, and not who comes new', async () => {
      await store.epochs.open('one');
      await store.checkReady();
      await store.epochs.open('two');
      await expectDown(calls());
      await Promise.all(calls(createStore(redis, { isCluster, waitingMax: 1000 })));
    });
  });

  describe('the library', () => {
    beforeEach(() => store.epochs.open('one'));

    it('is sent to a Redis that does not know it, once, and each call is carried out once', async () => {
      await store.checkReady();
      await redis.function('FLUSH');
      await redis.config('RESETSTAT');
      const userId = id();
      await Promise.all([store.directory.putUser(userId, JSON_TEXT), ...calls()]);
      expect(await callsOf(redis, 'function\\|load')).toBe(1);
      expect(await redis.get(`invited:{${partitionOfId(userId)}}:user:${userId}`)).toBe(JSON_TEXT);
      expect(await store.directory.deleteUser(userId)).toBe('deleted');
      expect(await store.directory.deleteUser(userId)).toBe('unknown_user');
    });

    it('may be there already, and may be sent by many at once', async () => {
      const others = Array.from({ length: 4 }, () => createStore(redis, { isCluster, waitingMax: 1000 }));
      await Promise.all([store, ...others].map(({ scripts }) => scripts.load()));
      await store.scripts.load();
      await Promise.all(others.flatMap((other) => calls(other)));
    });

    it('takes those of other versions away, and none that is not ours', async () => {
      const text = (name: string) =>
        `#!lua name=${name}\nredis.register_function('${name}_ping', function() return 'pong' end)`;
      for (const name of [
        `${LIBRARY_PREFIX}000000000000`,
        `${LIBRARY_PREFIX}111111111111`,
        'somebody_else',
      ]) {
        await redis.function('LOAD', text(name));
      }
      await store.scripts.load();
      await store.scripts.forgetOthers();
      await store.scripts.forgetOthers();
      expect((await libraries()).map(({ name }) => name).sort()).toEqual(
        [library.name, 'somebody_else'].sort(),
      );
      await store.checkReady();
    });

    it('has each script of the folder, and says of those that only read that they do', async () => {
      await store.scripts.load();
      const files = readdirSync(LUA).filter((file) => file.endsWith('.lua'));
      const names = files.map((file) => file.slice(0, -'.lua'.length));
      expect([...store.scripts.names].sort()).toEqual(names.sort());
      const [ours] = await libraries();
      const flags = new Map(ours?.functions.map(({ name, flags }) => [name, flags]));
      expect(flags.size).toBe(files.length);
      for (const file of files) {
        const [shebang] = readFileSync(join(LUA, file), 'utf8').split('\n');
        const { functionName } = library.scripts.get(file.slice(0, -'.lua'.length)) ?? {};
        const expected = shebang?.includes('no-writes') ? ['no-writes'] : [];
        expect([file, flags.get(functionName ?? '')]).toEqual([file, expected]);
      }
    });

    /** The libraries of this Redis, with their functions. */
    const libraries = async () => {
      const listed = (await redis.function('LIST')) as readonly (readonly unknown[])[];
      return listed.map((fields) => ({
        name: String(fieldOf(fields, 'library_name')),
        functions: (fieldOf(fields, 'functions') as readonly (readonly unknown[])[]).map((one) => ({
          name: String(fieldOf(one, 'name')),
          flags: fieldOf(one, 'flags'),
        })),
      }));
    };
  });
});

function fieldOf(fields: readonly unknown[], name: string): unknown {
  return fields[fields.indexOf(name) + 1];
}

async function expectDown(calls: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(StoreUnavailable);
    expect(outcome).toMatchObject({ reason: { kind: 'down' } });
  }
}
