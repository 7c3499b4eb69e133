// What is there for the copy of a journal, and for those who make it: on servers of their own, since a journal is read
// and cleared as a whole.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { until } from '../support/until.js';
import { newId, type Reply, World, worlds } from './world.js';

/** Entries for readers: more than there are. */
const KEPT = 1_000_000;

describe.each(worlds)('the journal of a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind, false);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    const epochs = await world.redis.keys('*:epoch');
    await world.redis.flushall();
    for (const key of epochs) await world.redis.set(key, 'tests');
  });

  /** A reading, its parts by name. */
  const readOn = async (id: string, after = '', entriesMax = 10_000, marksMax = 100_000) => {
    const [status, seq, trimmedTo, forgotten, isAll, entries, marks] = await world.at(
      id,
      'journal-read',
      after,
      entriesMax,
      marksMax,
    );
    expect(status).toBe('read');
    return {
      seq: Number(seq),
      trimmedTo,
      forgotten,
      isAll: isAll === 1,
      entries: (entries as readonly [string, readonly string[]][]).map(([id, flat]) => ({
        id,
        type: flat[1],
      })),
      marks: marks as readonly string[],
    };
  };
  const seqOf = async (id: string) => Number(await world.redis.get(world.journalKey(id, 'seq')));

  describe('journal-read.lua', () => {
    it('reads nothing where nothing has happened', async () => {
      expect(await readOn(newId())).toEqual({
        seq: 0,
        trimmedTo: '',
        forgotten: '',
        isAll: true,
        entries: [],
        marks: [],
      });
    });

    it('reads the entries behind the last one, as many as it may, and the marks with the last of them', async () => {
      const guild = await world.guild();
      const codes = [await world.invite(guild), await world.invite(guild), await world.invite(guild)];
      await world.accept(guild.id, codes[0] ?? '', newId());
      const all = await readOn(guild.id);
      expect(all).toMatchObject({ seq: await seqOf(guild.id), isAll: true, trimmedTo: '' });
      const types = ['INVITE_CREATE', 'INVITE_CREATE', 'INVITE_CREATE', 'INVITE_ACCEPT'];
      expect(all.entries.map(({ type }) => type)).toEqual(types);
      const ids = all.entries.map(({ id }) => id);
      const marks = await world.redis.zrange(world.journalKey(guild.id, 'dirty'), '0', '-1', 'WITHSCORES');
      expect(marks.length).toBeGreaterThan(0);
      expect(all.marks).toEqual(marks);

      const first = await readOn(guild.id, '', 2);
      expect(first.entries.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      expect([first.isAll, first.marks]).toEqual([false, []]);
      const second = await readOn(guild.id, ids[1], 2);
      expect(second.entries.map(({ id }) => id)).toEqual(ids.slice(2));
      // There may be more behind them: only a reading that ends early has seen the end.
      expect([second.isAll, second.marks]).toEqual([false, []]);
      const third = await readOn(guild.id, ids[3], 2);
      expect([third.entries, third.isAll, third.marks]).toEqual([[], true, marks]);
    });

    it('reads the oldest marks first, as many as it may', async () => {
      const guild = await world.guild();
      const all = await readOn(guild.id);
      expect(all.marks.length).toBeGreaterThan(2 * 2);
      const seqs = all.marks.filter((_, at) => at % 2 === 1).map(Number);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      expect((await readOn(guild.id, '', 10, 2)).marks).toEqual(all.marks.slice(0, 2 * 2));
    });

    it.each([
      ['no entries', 0, 1],
      ['too many entries', 10_001, 1],
      ['no marks', 1, 0],
      ['too many marks', 1, 100_001],
    ])('refuses to read %s', async (_, entriesMax, marksMax) => {
      await expect(world.at(newId(), 'journal-read', '', entriesMax, marksMax)).rejects.toThrow(
        'out of range',
      );
    });
  });

  describe('journal-copied.lua', () => {
    it('takes away the marks that were read, and none that was set anew since', async () => {
      const guild = await world.guild();
      const { marks } = await readOn(guild.id);
      const channel = `channel:${guild.id}:${guild.channelId}`;
      const member = `member:${guild.id}:${guild.ownerId}`;
      expect(marks).toContain(channel);
      await world.at(guild.id, 'channel-put', guild.id, guild.channelId, '0 1', '{}', '{}');
      const count = marks.length / 2;
      expect(await world.at(guild.id, 'journal-copied', '', 0, KEPT, ...marks)).toEqual([
        'copied',
        count - 1,
        0,
      ]);
      expect(await world.marks(guild.id)).toEqual({ [channel]: await seqOf(guild.id) });
      const before = await world.everything();
      expect(await world.at(guild.id, 'journal-copied', '', 0, KEPT, ...marks)).toEqual(['copied', 0, 0]);
      expect(await world.everything()).toEqual(before);
      expect(await world.at(guild.id, 'journal-copied', '', 0, KEPT, member, 1)).toEqual(['copied', 0, 0]);
    });

    it('trims the stream up to an entry, and says so to whoever reads on', async () => {
      const guild = await world.guild();
      for (let at = 0; at < 3; at += 1) await world.invite(guild);
      const [first, second, third] = (await readOn(guild.id)).entries.map(({ id }) => id);
      const trim = () => world.at(guild.id, 'journal-copied', second ?? '', 0, KEPT);
      expect(await trim()).toEqual(['copied', 0, 0]);
      const rest = await readOn(guild.id, first);
      expect(rest.entries.map(({ id }) => id)).toEqual([third]);
      expect(rest.trimmedTo).toBe(second);
      const before = await world.everything();
      await trim();
      expect(await world.everything()).toEqual(before);
    });
  });

  it('journal-figures.lua tells how much waits', async () => {
    const id = newId();
    expect(await world.at(id, 'journal-figures')).toEqual(['figures', 0, 0, '0', '']);
    const guild = await world.guild({ id });
    await world.invite(guild);
    await world.invite(guild);
    const { entries, marks } = await readOn(id);
    const before = await world.everything();
    expect(await world.at(id, 'journal-figures')).toEqual([
      'figures',
      2,
      marks.length / 2,
      String(await seqOf(id)),
      entries[1]?.id,
    ]);
    expect(await world.everything()).toEqual(before);
  });

  describe('entities.lua', () => {
    const read = async (id: string, ...entities: readonly string[]) => {
      const [status, seq, ...found] = await world.at(
        id,
        'entities',
        ...entities.flatMap((entity) => [2, entity]),
      );
      expect([status, Number(seq)]).toEqual(['read', await seqOf(id)]);
      return found;
    };

    it('reads what each mark of a guild stands for', async () => {
      const id = newId();
      const [userId, channelId, prefix] = [newId(), newId(), '2001:db8:0:1::/64'];
      await world.at(id, 'guild-put', id, '5', 0, 10, 7, 3, '{"shown":1}', '{"told":1}');
      await world.at(id, 'channel-put', id, channelId, '0 0', '{"shown":2}', '{"told":2}');
      await world.at(id, 'member-put', id, userId, 't1,2');
      await world.at(id, 'ban-put', id, 'bans', userId, '{"told":3}');
      await world.at(id, 'ban-put', id, 'ip-bans', prefix, '{"told":4}');
      const code = await world.invite({ id, channelId });
      const before = await world.everything();
      const guild = await world.redis.get(world.key(id, `guild:${id}`));
      expect(
        await read(
          id,
          `guild:${id}`,
          `channel:${id}:${channelId}`,
          `member:${id}:5`,
          `member:${id}:${userId}`,
          `bans:${id}:${userId}`,
          `ip-bans:${id}:${prefix}`,
          `invite:${code}`,
        ),
      ).toEqual([
        [guild, '{"told":1}'],
        '{"told":2}',
        'p',
        '',
        '{"told":3}',
        '{"told":4}',
        await world.redis.get(world.codeKey(code)),
      ]);
      expect(await world.everything()).toEqual(before);
    });

    it('reads users and group DMs', async () => {
      const groupDm = await world.groupDm(['51', '52', '53']);
      expect(await read(groupDm.id, `group-dm:${groupDm.id}`)).toEqual([['51', '{}', '51', '52', '53']]);
      const userId = newId();
      await world.at(userId, 'user-put', userId, '{"name":"é"}');
      expect(await read(userId, `user:${userId}`)).toEqual(['{"name":"é"}']);
    });

    it('reads nothing of what is gone, or never was', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild);
      const entities = [
        `guild:${guild.id}`,
        `channel:${guild.id}:${guild.channelId}`,
        `member:${guild.id}:${guild.ownerId}`,
        `bans:${guild.id}:66`,
        `ip-bans:${guild.id}:192.0.2.1`,
        `invite:${code}`,
        `user:${guild.id}`,
        `group-dm:${guild.id}`,
      ];
      expect((await read(guild.id, ...entities)).map((found) => found === '')).toEqual([
        ...[false, false, false],
        ...[true, true],
        ...[false],
        ...[true, true],
      ]);
      await world.at(guild.id, 'guild-delete', guild.id, '9');
      await world.end(guild.id, `guild:${guild.id}`);
      expect(await read(guild.id, ...entities)).toEqual(entities.map(() => ''));
    });

    if (kind === 'single') {
      it('reads each in its own partition', async () => {
        const [one, two] = [await world.guild(), await world.guild()];
        const ask = (...which: readonly [number, number]) =>
          world.over(
            [one.id, two.id],
            'entities',
            ...[which[0], `member:${one.id}:${one.ownerId}`, which[1], `member:${two.id}:${two.ownerId}`],
          );
        expect((await ask(2, 3)).slice(2)).toEqual(['p', 'p']);
        if (partitionOfId(one.id) !== partitionOfId(two.id)) {
          expect((await ask(3, 2)).slice(2)).toEqual(['', '']);
        }
      });
    }
  });

  describe('lease.lua', () => {
    const lease = (id: string, work: string, holder: string, ttlMs: number) =>
      world.at(id, 'lease', work, holder, ttlMs);

    it('is held by one for each work, who may prolong it and give it back', async () => {
      const id = newId();
      expect(await lease(id, 'writer', 'a', 60_000)).toEqual(['held']);
      expect(await lease(id, 'writer', 'b', 60_000)).toEqual(['taken']);
      expect(await lease(id, 'sweeper', 'b', 60_000)).toEqual(['held']);
      expect(await lease(id, 'writer', 'a', 90_000)).toEqual(['held']);
      const [key = ''] = await world.redis.keys('*lease:writer');
      expect(await world.redis.pttl(key)).toBeGreaterThan(60_000);
      expect(await lease(id, 'writer', 'b', 0)).toEqual(['taken']);
      expect(await lease(id, 'writer', 'a', 0)).toEqual(['released']);
      expect(await lease(id, 'writer', 'a', 0)).toEqual(['released']);
      expect(await lease(id, 'writer', 'b', 60_000)).toEqual(['held']);
    });

    it('ends by itself', async () => {
      const id = newId();
      await lease(id, 'writer', 'a', 30);
      await until('the lease has ended', async () => (await lease(id, 'writer', 'b', 60_000))[0] === 'held');
      expect(await lease(id, 'writer', 'a', 60_000)).toEqual(['taken']);
    });

    it('is there while the journal is closed', async () => {
      const id = newId();
      await world.redis.flushall();
      expect(await lease(id, 'restore', 'a', 60_000)).toEqual(['held']);
      expect(await lease(id, 'restore', 'b', 60_000)).toEqual(['taken']);
    });
  });

  it('figures-tell.lua keeps what each counts for as long as he says, also while the journal is closed', async () => {
    const id = newId();
    await world.redis.flushall();
    const now = Date.now() + 600_000;
    const tell = async (atMs: number, holder: string, text: string, ttlMs: number) => {
      expect(await world.atTime(now + atMs, id, 'figures-tell', holder, text, ttlMs)).toEqual(['told']);
      const [key] = await world.redis.keys('*');
      return key === undefined ? {} : world.redis.hgetall(key);
    };
    expect(await tell(0, 'a', '{"n":1}', 60_000)).toEqual({ a: `${now + 60_000} {"n":1}` });
    expect(await tell(1, 'b', '{"n":2}', 60_000)).toEqual({
      a: `${now + 60_000} {"n":1}`,
      b: `${now + 60_001} {"n":2}`,
    });
    expect(await tell(59_999, 'b', '{"n":3}', 60_000)).toEqual({
      a: `${now + 60_000} {"n":1}`,
      b: `${now + 119_999} {"n":3}`,
    });
    expect(await tell(60_000, 'b', '{"n":4}', 60_000)).toEqual({ b: `${now + 120_000} {"n":4}` });
    expect(await tell(60_001, 'b', '', 60_000)).toEqual({});
    await expect(world.at(id, 'figures-tell', 'a', '{}', 0)).rejects.toThrow('out of range');
  });

  it('jobs-alive.lua counts who has told of himself and is not gone, also while the journal is closed', async () => {
    const id = newId();
    await world.redis.flushall();
    const now = Date.now();
    const alive = (atMs: number, holder: string, ttlMs: number) =>
      world.atTime(now + atMs, id, 'jobs-alive', holder, ttlMs);
    expect(await alive(0, 'a', 1000)).toEqual(['alive', 1]);
    expect(await alive(1, 'b', 1000)).toEqual(['alive', 2]);
    expect(await alive(999, 'b', 1000)).toEqual(['alive', 2]);
    expect(await alive(1000, 'b', 1000)).toEqual(['alive', 1]);
    expect(await alive(1500, 'a', 1000)).toEqual(['alive', 2]);
    expect(await alive(1500, 'a', 0)).toEqual(['alive', 1]);
    expect((await world.at(id, 'jobs-alive', 'b', 0)) satisfies Reply).toEqual(['alive', 0]);
  });
});
