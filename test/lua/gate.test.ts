// What keeps every script from data that are not whole, or not those that its caller serves. On servers of their own:
// the journals are closed here.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { journalKey, journalOf } from '../../src/store/journals.js';
import { readLibrary } from '../../src/store/script-texts.js';
import { newId, World, worlds } from './world.js';

const scripts = [...readLibrary().scripts];
const readers = scripts
  .filter(([, { text }]) => text.startsWith('#!lua flags=no-writes\n'))
  .map(([name]) => name);
const gated = scripts.filter(([, { isGated }]) => isGated).map(([name]) => name);

/** As many as two groups of a batch, one call for all: which script would do what with them is not the subject here. */
const ARGUMENTS = Array.from({ length: 12 }, () => 2);

/** What puts back the data of a journal: a journal that is open to others is not theirs. */
const restoring = scripts.map(([name]) => name).filter((name) => name.startsWith('restore-'));

it('every script has the gate, but for those that are asked of a closed journal too', () => {
  const ungated = scripts.filter(([, { isGated }]) => !isGated).map(([name]) => name);
  expect(ungated.filter((name) => !restoring.includes(name))).toEqual([
    'figures-tell',
    'jobs-alive',
    'lease',
    'limits-take',
  ]);
  expect(restoring.filter((name) => gated.includes(name))).toEqual([]);
});

describe.each(worlds)('the gate on a %s server', (kind) => {
  let world: World;
  const id = newId();
  const epochKey = journalKey(journalOf(partitionOfId(id), kind !== 'single'), 'epoch');
  beforeAll(async () => {
    world = await World.open(kind, false);
    const guild = await world.guild({ id, memberCount: 5 });
    await world.invite(guild, { maxAge: 60, temporary: true });
    await world.at(id, 'member-put', id, newId(), 't');
  });
  afterAll(() => world.close());

  /** The reply to a call, or that the script itself refused its arguments. */
  const answer = (epoch: string, name: string) =>
    world.withEpoch(epoch, id, name, ...ARGUMENTS).catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith('ERR user_function')) return ['refused'];
      throw error;
    });

  it.each([
    ['without an epoch', null, 'tests'],
    ['without an epoch, for who knows none', null, ''],
    ['with another epoch', 'another', 'tests'],
    ['with another epoch, for who knows none', 'another', ''],
    ['with an epoch that begins as his does', 'tests2', 'tests'],
    ['with another epoch, for who has a trace', 'another', 'tests\n00-trace'],
    ['without an epoch, for who has a trace', null, '\n00-trace'],
    ['with an epoch that his begins with', 'test', 'tests'],
  ])('lets no script read or change a journal %s', async (_, there, known) => {
    if (there === null) await world.redis.del(epochKey);
    else await world.redis.set(epochKey, there);
    const before = await world.everything();
    const answers = [];
    for (const name of gated) answers.push([name, await answer(known, name)]);
    expect(answers).toEqual(gated.map((name) => [name, ['closed']]));
    expect(await world.everything()).toEqual(before);
  });

  it('lets every script through to a journal with the epoch that its caller knows', async () => {
    await world.redis.set(epochKey, 'tests');
    const closed = [];
    for (const name of gated) {
      const reply = await answer('tests', name);
      if (reply.length === 1 && reply[0] === 'closed') closed.push(name);
    }
    expect(closed).toEqual([]);
  });

  it('opens a journal as it was closed, and ready.lua tells', async () => {
    await world.redis.set(epochKey, 'tests');
    const before = await world.everything();
    expect(await world.withEpoch('tests', id, 'ready')).toEqual(['ready']);
    await world.redis.del(epochKey);
    expect(await world.withEpoch('tests', id, 'ready')).toEqual(['closed']);
    await world.redis.set(epochKey, 'tests');
    expect(await world.withEpoch('tests', id, 'ready')).toEqual(['ready']);
    expect(await world.everything()).toEqual(before);
  });

  if (kind !== 'single') {
    it('closes each journal by itself', async () => {
      await world.redis.set(epochKey, 'tests');
      let other = newId();
      while (partitionOfId(other) === partitionOfId(id)) other = newId();
      await world.redis.del(epochKey);
      expect(await world.withEpoch('tests', id, 'ready')).toEqual(['closed']);
      expect(await world.withEpoch('tests', other, 'ready')).toEqual(['ready']);
    });
  }
});

describe.each(worlds)('a journal that may not grow, on a %s server', (kind) => {
  let world: World;
  const id = newId();
  beforeAll(async () => {
    world = await World.open(kind, false);
    await world.guild({ id, memberCount: 5 });
  });
  afterAll(() => world.close());

  /** Those that make room, or have nothing to do with it. */
  const exempt = [
    'answer-keep',
    'dead-letter-put',
    'dead-letter-remove',
    'journal-copied',
    'journal-forget',
    'journal-recopied',
    'stream-full',
    'consumer-note',
    'consumer-forget',
    'consumers-list',
    'consumers-lag',
  ];
  const growing = gated.filter((name) => !readers.includes(name) && !exempt.includes(name));

  it('refuses every script that adds to it, and nothing is changed', async () => {
    expect(growing.length).toBeGreaterThan(20);
    expect(await world.at(id, 'stream-full', 1)).toEqual(['noted']);
    const before = await world.everything();
    const answers = [];
    for (const name of growing) answers.push([name, await world.at(id, name, ...ARGUMENTS)]);
    expect(answers).toEqual(growing.map((name) => [name, ['full']]));
    expect(await world.everything()).toEqual(before);
  });

  it('is read as ever', async () => {
    await world.at(id, 'stream-full', 1);
    expect((await world.at(id, 'guild-get', id))[0]).toBe('found');
    expect((await world.at(id, 'journal-figures'))[0]).toBe('figures');
    const refused = [];
    for (const name of readers) {
      const reply = await world.at(id, name, ...ARGUMENTS).catch((): readonly string[] => []);
      if (reply[0] === 'full') refused.push(name);
    }
    expect(refused).toEqual([]);
  });

  it('grows again once it is told that there is room', async () => {
    await world.at(id, 'stream-full', 1);
    expect(await world.at(id, 'user-put', id, '{}')).toEqual(['full']);
    expect(await world.at(id, 'stream-full', 0)).toEqual(['noted']);
    expect(await world.at(id, 'stream-full', 0)).toEqual(['noted']);
    expect(await world.at(id, 'user-put', id, '{}')).toEqual(['put']);
  });

  it('that is closed too is closed', async () => {
    await world.at(id, 'stream-full', 1);
    for (const name of growing) {
      expect([name, await world.withEpoch('another', id, name, ...ARGUMENTS)]).toEqual([name, ['closed']]);
    }
  });
});

describe.each(worlds)('a journal that is restored, on a %s server', (kind) => {
  let world: World;
  const id = newId();
  const epochKey = journalKey(journalOf(partitionOfId(id), kind !== 'single'), 'epoch');
  beforeAll(async () => {
    world = await World.open(kind, false);
    const guild = await world.guild({ id, memberCount: 5 });
    await world.invite(guild, { maxAge: 60 });
  });
  afterAll(() => world.close());

  const everyAnswer = async (holder: string) => {
    const answers = [];
    for (const name of restoring) answers.push([name, await world.at(id, name, ...ARGUMENTS, holder)]);
    return answers;
  };

  it('is changed by nobody while it is open', async () => {
    await world.redis.set(epochKey, 'tests');
    await world.at(id, 'lease', 'restore', 'me', 60_000);
    const before = await world.everything();
    expect(restoring.length).toBeGreaterThan(5);
    expect(await everyAnswer('me')).toEqual(restoring.map((name) => [name, ['open']]));
    expect(await world.everything()).toEqual(before);
  });

  it.each([
    ['nobody has', null],
    ['another has', 'another'],
    ['another has, whose name begins as his does', 'me too'],
  ])('is changed by nobody without the lease, which %s', async (_, holder) => {
    await world.redis.del(epochKey);
    await world.at(id, 'lease', 'restore', 'me', 0);
    await world.at(id, 'lease', 'restore', 'another', 0);
    await world.at(id, 'lease', 'restore', 'me too', 0);
    if (holder !== null) {
      expect(await world.at(id, 'lease', 'restore', holder, 60_000)).toEqual(['held']);
    }
    const before = await world.everything();
    expect(await everyAnswer('me')).toEqual(restoring.map((name) => [name, ['lost']]));
    expect(await world.everything()).toEqual(before);
  });
});
