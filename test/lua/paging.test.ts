import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeIn, newId, type Reply, World, worlds } from './world.js';

const SERVICE = ['1', 1, ''] as const;

describe.each(worlds)('pages of list.lua on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  interface Place {
    readonly id: string;
    readonly channelId: string;
  }
  const list = async (place: Place, channelId: string, limit: number | '', after: string) => {
    const isDm = place.id === place.channelId;
    const reply = await world.at(place.id, 'list', isDm ? '' : place.id, channelId, ...SERVICE, limit, after);
    const [status, rows, next = ''] = reply;
    const codes = status === 'listed' ? (rows as readonly Reply[]).map((row) => String(row[5])) : [];
    return { status, codes, next: String(next) };
  };
  /** All pages, one behind the other. */
  const pages = async (place: Place, limit: number, channelId = '') => {
    const found: string[][] = [];
    let after = '';
    do {
      const page = await list(place, channelId, limit, after);
      expect(page.status).toBe('listed');
      found.push(page.codes);
      after = page.next;
    } while (after !== '' && found.length < 100);
    return found;
  };
  const revoke = (place: Place, code: string) => world.at(place.id, 'revoke', code, '', ...SERVICE, '*');
  /** An imported one, whose place in the lists many may have. */
  const put = async (guild: Place, createdAtMs: number, code = codeIn(guild.id)) => {
    const args = [code, guild.id, guild.channelId, '1', createdAtMs, 0, 0, 0, 0, 1000, 0];
    expect(await world.at(guild.id, 'invite-put', ...args)).toEqual(['put']);
    return code;
  };
  const several = async (place: Place, count: number) => {
    const codes: string[] = [];
    for (let made = 0; made < count; made += 1) codes.unshift(await world.invite(place));
    return codes;
  };

  it.each([
    [1, [1, 1, 1, 1]],
    [2, [2, 2]],
    [3, [3, 1]],
    [4, [4]],
    [5, [4]],
    [1000, [4]],
  ])('of %d give each live one once, and a next page only where there is more', async (limit, lengths) => {
    const guild = await world.guild();
    const codes = await several(guild, 4);
    const found = await pages(guild, limit);
    expect(found.map(({ length }) => length)).toEqual(lengths);
    expect(found.flat()).toEqual(codes);
  });

  it('of a group DM, and of none', async () => {
    const groupDm = await world.groupDm([newId()]);
    expect(await list(groupDm, groupDm.id, 3, '')).toEqual({ status: 'listed', codes: [], next: '' });
    const codes = await several(groupDm, 3);
    expect(await pages(groupDm, 2, groupDm.id)).toEqual([codes.slice(0, 2), codes.slice(2)]);
  });

  it('of a channel pass over those of others', async () => {
    const guild = await world.guild();
    const elsewhere = { id: guild.id, channelId: newId() };
    await world.at(guild.id, 'channel-put', guild.id, elsewhere.channelId, '0 1', '{}', '{}');
    const codes: string[] = [];
    for (let made = 0; made < 3; made += 1) {
      codes.unshift(await world.invite(guild));
      await world.invite(elsewhere);
    }
    expect(await pages(guild, 2, guild.channelId)).toEqual([codes.slice(0, 2), codes.slice(2)]);
    const other = (await list(elsewhere, elsewhere.channelId, 1, '')).codes[0] ?? '';
    expect((await list(guild, guild.channelId, 1, other)).status).toBe('unknown_cursor');
  });

  it('do not promise a page of what has expired only', async () => {
    const guild = await world.guild();
    const expired = await world.invite(guild, { maxAge: 60 });
    const live = await several(guild, 2);
    await world.setField(world.codeKey(expired), 'expires_at_ms', 1);
    expect(await list(guild, '', 2, '')).toEqual({ status: 'listed', codes: live, next: '' });
  });

  it('go on where they were, though the one they name has ended, or others came', async () => {
    const guild = await world.guild();
    const codes = await several(guild, 5);
    const { next } = await list(guild, '', 2, '');
    for (const code of [codes[1], codes[2]]) await revoke(guild, code ?? '');
    await world.invite(guild);
    expect(await list(guild, '', 2, next)).toEqual({
      status: 'listed',
      codes: codes.slice(3),
      next: '',
    });
  });

  it('go on behind a live code, and behind nothing else', async () => {
    const guild = await world.guild();
    const codes = await several(guild, 3);
    expect((await list(guild, '', '', codes[0] ?? '')).codes).toEqual(codes.slice(1));
    expect((await list(guild, '', '', codes[2] ?? '')).codes).toEqual([]);
    await revoke(guild, codes[1] ?? '');
    const foreign = await world.invite(await world.guild());
    for (const after of [codes[1] ?? '', codeIn(guild.id), foreign]) {
      expect((await list(guild, '', 1, after)).status).toBe('unknown_cursor');
    }
  });

  it('keep their order among imported ones of one moment, also of those that have ended', async () => {
    const guild = await world.guild();
    const moments = [1_700_000_000_000, 1_700_000_000_001];
    const made: string[] = [];
    for (let at = 0; at < 40; at += 1) made.push(await put(guild, moments[randomInt(2)] ?? 0));
    const { codes } = await list(guild, '', '', '');
    expect([...codes].sort()).toEqual([...made].sort());
    for (const limit of [1, 7]) expect((await pages(guild, limit)).flat()).toEqual(codes);
    // Every cursor stays right when its invite goes.
    let after = '';
    for (const code of codes) {
      const page = await list(guild, '', 1, after);
      expect(page.codes).toEqual([code]);
      await revoke(guild, code);
      after = page.next;
    }
    expect(after).toBe('');
  });

  it('tell capitals, digits and hyphens apart as Redis does', async () => {
    const guild = await world.guild();
    const stem = codeIn(guild.id);
    const endings = ['', '-', '0', '9', 'A', 'Z', 'a', 'z', 'aa', 'Aa', 'a-'];
    for (const ending of endings) await put(guild, 1_700_000_000_000, stem + ending);
    const expected = endings
      .map((ending) => stem + ending)
      .sort((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)));
    expect((await pages(guild, 1)).flat()).toEqual(expected);
  });

  it('reach through more than are read at once', async () => {
    const guild = await world.guild();
    const made = await Promise.all(Array.from({ length: 300 }, () => put(guild, 1_700_000_000_000)));
    const found = await pages(guild, 128);
    expect(found.map(({ length }) => length)).toEqual([128, 128, 44]);
    expect(found.flat().sort()).toEqual([...made].sort());
    expect((await list(guild, '', '', '')).codes).toEqual(found.flat());
  });
});
