// Reading on in the events, the readers who gave a name, and what is trimmed away behind all of them: on servers of their own, since
// a journal is trimmed as a whole.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId, type Reply, World, worlds } from './world.js';

const MANY = 1_000_000;

describe.each(worlds)('the events of a %s server', (kind) => {
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

  const read = async (id: string, after = '', isInclusive = 0, enough = 1000) => {
    const [status, trimmedTo, entries = []] = await world.at(id, 'events-read', after, isInclusive, enough);
    if (status === 'expired') return status;
    expect(status).toBe('read');
    return { trimmedTo, ids: (entries as readonly Reply[]).map(([entry]) => String(entry)) };
  };
  const idsOf = async (id: string): Promise<readonly string[]> => {
    const page = await read(id);
    return page === 'expired' ? [] : page.ids;
  };
  const trim = (id: string, copiedTo: string, retentionMs = 0, keptMax = MANY) =>
    world.at(id, 'journal-copied', copiedTo, retentionMs, keptMax);
  const note = (id: string, name: string, position: string, mayGoBack = 1) =>
    world.at(id, 'consumer-note', name, position, mayGoBack);
  /** A guild with some invites: one entry for each. */
  const fill = async (count: number) => {
    const guild = await world.guild();
    for (let at = 0; at < count; at += 1) await world.invite(guild);
    return guild;
  };

  it('are read behind an entry, or with it, as many as are enough', async () => {
    const { id } = await fill(40);
    const ids = await idsOf(id);
    expect(ids).toHaveLength(40);
    expect(await read(id, ids[4])).toEqual({ trimmedTo: '', ids: ids.slice(5) });
    expect(await read(id, ids[4], 1)).toEqual({ trimmedTo: '', ids: ids.slice(4) });
    expect(await read(id, '', 0, 1)).toEqual({ trimmedTo: '', ids: ids.slice(0, 1) });
    expect(await read(id, '', 0, 17)).toEqual({ trimmedTo: '', ids: ids.slice(0, 17) });
    expect(await read(id, ids[39])).toEqual({ trimmedTo: '', ids: [] });
    await expect(read(id, '', 0, 0)).rejects.toThrow('out of range');
  });

  it('count packed joins as events each', async () => {
    const guild = await fill(0);
    const code = await world.invite(guild);
    for (let at = 0; at < 3; at += 1)
      await world.acceptMany(guild.id, code, Array.from({ length: 5 }, newId));
    const ids = await idsOf(guild.id);
    expect(ids).toHaveLength(4);
    expect(await read(guild.id, '', 0, 2)).toEqual({ trimmedTo: '', ids: ids.slice(0, 2) });
  });

  it('say so where entries behind the cursor are gone, and only then', async () => {
    const { id } = await fill(4);
    const [first = '', second = '', third = '', fourth = ''] = await idsOf(id);
    await trim(id, second);
    expect(await read(id)).toEqual({ trimmedTo: second, ids: [third, fourth] });
    expect(await read(id, first)).toBe('expired');
    expect(await read(id, second)).toEqual({ trimmedTo: second, ids: [third, fourth] });
    expect(await read(id, second, 1)).toBe('expired');
    await trim(id, fourth);
    // Much later, nothing has come, and nothing was lost.
    await trim(id, fourth);
    expect(await read(id, fourth)).toEqual({ trimmedTo: fourth, ids: [] });
    expect(await read(id, third)).toBe('expired');
  });

  it('stay for some time, and no longer than they may be many', async () => {
    const { id } = await fill(10);
    const ids = await idsOf(id);
    await trim(id, ids[9] ?? '', 60_000);
    expect(await idsOf(id)).toEqual(ids);
    await trim(id, ids[9] ?? '', 60_000, 4);
    expect(await idsOf(id)).toEqual(ids.slice(6));
    // What is not copied stays, however many there are.
    await trim(id, ids[7] ?? '', 60_000, 1);
    expect(await idsOf(id)).toEqual(ids.slice(8));
  });

  it('go by the thousand where there are far too many, and none that is not copied', async () => {
    const { id } = await fill(0);
    const events = world.journalKey(id, 'events');
    for (let ms = 1; ms <= 2000; ms += 1) await world.redis.xadd(events, `${1000 + ms}-0`, 'type', 'TEST');
    await trim(id, '2500-0', 4_000_000_000_000, 100);
    expect(await world.redis.xlen(events)).toBeLessThan(700);
    for (let run = 0; run < 10; run += 1) await trim(id, '2500-0', 4_000_000_000_000, 100);
    // What is copied has gone, the rest is there.
    expect(await world.redis.xlen(events)).toBe(500);
    await trim(id, '3000-0', 4_000_000_000_000, 100);
    await trim(id, '3000-0', 4_000_000_000_000, 100);
    expect(await world.redis.xlen(events)).toBeLessThanOrEqual(100);
  });

  it('stay for who gave a name until he has them, unless they become too many', async () => {
    const { id } = await fill(10);
    const ids = await idsOf(id);
    const [last = ''] = ids.slice(-1);
    expect(await note(id, 'slow', ids[2] ?? '')).toEqual(['noted', ids[2]]);
    expect(await note(id, 'fast', ids[8] ?? '')).toEqual(['noted', ids[8]]);
    expect(await trim(id, last)).toEqual(['copied', 0, 0]);
    expect(await idsOf(id)).toEqual(ids.slice(3));
    // He has some of an entry, and needs it still.
    await note(id, 'slow', `${ids[5]}-0`);
    await trim(id, last);
    expect(await idsOf(id)).toEqual(ids.slice(5));
    expect(await trim(id, last, 0, 3)).toEqual(['copied', 0, 1]);
    expect(await idsOf(id)).toEqual(ids.slice(7));
    expect(await world.at(id, 'consumer-forget', 'slow')).toEqual(['forgotten']);
    expect(await world.at(id, 'consumer-forget', 'slow')).toEqual(['unknown_consumer']);
    await trim(id, last);
    expect(await idsOf(id)).toEqual(ids.slice(9));
  });

  it('are kept a week for a consumer who does not come, and he is forgotten then', async () => {
    const { id } = await fill(3);
    const ids = await idsOf(id);
    await note(id, 'gone', ids[0] ?? '');
    const week = 7 * 24 * 3600 * 1000;
    const at = (ms: number) => world.atTime(Date.now() + ms, id, 'journal-copied', ids[2] ?? '', 0, MANY);
    await at(week - 60_000);
    expect(await idsOf(id)).toEqual(ids.slice(1));
    await at(week + 60_000);
    expect(await idsOf(id)).toEqual([]);
    expect(await world.at(id, 'consumers-list')).toEqual(['listed']);
  });

  it('have consumers who begin at one end or where they stood', async () => {
    const { id } = await fill(3);
    const ids = await idsOf(id);
    expect(await note(id, 'a', 'newest')).toEqual(['noted', ids[2]]);
    expect(await note(id, 'b', 'oldest')).toEqual(['noted', '0-0']);
    expect(await note(id, 'c', '')).toEqual(['noted', '0-0']);
    await note(id, 'b', ids[1] ?? '');
    for (const from of ['', 'newest', 'oldest']) expect(await note(id, 'b', from)).toEqual(['noted', ids[1]]);
    const listed = await world.at(id, 'consumers-list');
    expect(listed.filter((_, at) => at % 3 === 1)).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    for (let at = 3; at < 100; at += 1) await note(id, `n${at}`, '');
    expect(await note(id, 'one more', '')).toEqual(['too_many']);
    expect(await note(id, 'a', ids[0] ?? '')).toEqual(['noted', ids[0]]);
  });

  it('have consumers whose oldest event that they lack has an age', async () => {
    const guild = await fill(2);
    await world.acceptMany(guild.id, await world.invite(guild), [newId(), newId()]);
    const ids = await idsOf(guild.id);
    const [first = '', , , joins = ''] = ids;
    const where = { none: '0-0', some: first, part: `${joins}-0`, all: joins };
    for (const [name, position] of Object.entries(where)) await note(guild.id, name, position);
    const nowMs = Date.now() + 60_000;
    const [status, ...fields] = await world.atTime(nowMs, guild.id, 'consumers-lag');
    expect(status).toBe('behind');
    const ages = Object.fromEntries(
      fields.flatMap((name, at) => (at % 2 === 0 ? [[String(name), fields[at + 1]]] : [])),
    );
    const ageOf = (id = '') => nowMs - Number(id.split('-')[0]);
    expect(ages).toEqual({ none: ageOf(first), some: ageOf(ids[1]), part: ageOf(joins), all: 0 });
  });

  it('have consumers who go on, and back only if they may', async () => {
    const { id } = await fill(1);
    const steps = ['5-0', '5-1-0', '5-1-2', '5-1-10', '5-1', '6-0-1', '60-0'];
    for (const [at, step] of steps.entries()) {
      expect(await note(id, 'a', step, 0)).toEqual(['noted', step]);
      for (const earlier of steps.slice(0, at))
        expect(await note(id, 'a', earlier, 0)).toEqual(['noted', step]);
    }
    expect(await note(id, 'a', '5-1-2', 1)).toEqual(['noted', '5-1-2']);
  });

  it('are forgotten where nobody copies, with the marks, and that is noted for a copy that comes', async () => {
    const { id } = await fill(3);
    const seq = await world.redis.get(world.journalKey(id, 'seq'));
    const ids = await idsOf(id);
    const forgotten = async () => (await world.at(id, 'journal-read', '', 10, 10))[3];
    expect(await forgotten()).toBe('');
    expect(await world.at(id, 'journal-forget', 60_000, MANY)).toEqual(['forgotten', 0]);
    expect(await idsOf(id)).toEqual(ids);
    expect(await world.marks(id)).toEqual({});
    expect(await forgotten()).toBe(seq);
    await note(id, 'a', ids[0] ?? '');
    expect(await world.at(id, 'journal-forget', 0, MANY)).toEqual(['forgotten', 0]);
    expect(await idsOf(id)).toEqual(ids.slice(1));
    expect(await world.at(id, 'journal-recopied', '1')).toEqual(['forgotten']);
    expect(await world.at(id, 'journal-recopied', seq ?? '')).toEqual(['noted']);
    expect(await forgotten()).toBe('');
    expect(await world.at(id, 'journal-recopied', seq ?? '')).toEqual(['noted']);
  });
});
