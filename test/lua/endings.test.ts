// The invites of what was deleted: ended in bounded steps, each once, by whoever goes on.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { codeIn, newId, World, worlds } from './world.js';

describe.each(worlds)('endings on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind, false);
  });
  afterAll(() => world.close());

  /** How each invite ended, by its code. */
  const ends = async (id: string): Promise<ReadonlyMap<string, readonly string[]>> => {
    const found = new Map<string, string[]>();
    for (const { type, code = '', reason = '', by = '' } of await world.events(id, 10_000)) {
      if (type === 'INVITE_DELETE') found.set(code, [...(found.get(code) ?? []), `${reason} ${by}`]);
    }
    return found;
  };
  const make = async (place: { id: string; channelId: string }, count: number) => {
    const codes: string[] = [];
    for (let at = 0; at < count; at += 1) codes.push(await world.invite(place, { maxAge: 60 }));
    return codes;
  };
  const list = async (id: string) => (await world.at(id, 'endings-list', 100)).slice(1);

  it('a guild that is deleted takes its invites with it at once, and ends them step by step', async () => {
    const guild = await world.guild();
    const codes = await make(guild, 25);
    const entity = `guild:${guild.id}`;
    await world.at(guild.id, 'guild-delete', guild.id, '9');
    expect(await ends(guild.id)).toEqual(new Map());
    for (const code of codes) {
      expect(await world.read(guild.id, code, ['', 0, ''])).toEqual(['unknown']);
    }
    expect(await list(guild.id)).toEqual([expect.stringMatching(new RegExp(`^\\d+ ${entity}$`))]);
    expect(await world.at(guild.id, 'ending-step', entity, 10)).toEqual(['more']);
    expect((await ends(guild.id)).size).toBe(10);
    expect(await world.putGuild(guild.id, guild.ownerId)).toEqual(['ending']);
    expect(await world.end(guild.id, entity, 10)).toBe(2);
    expect(await ends(guild.id)).toEqual(new Map(codes.map((code) => [code, ['guild_deleted 9']])));
    expect(await list(guild.id)).toEqual([]);
    expect(await world.redis.keys(`*${guild.id}*`)).toEqual([]);
    expect(await world.putGuild(guild.id, guild.ownerId)).toEqual(['put']);
  });

  it('a channel ends its own invites and no others, also those of one and the same moment', async () => {
    const guild = await world.guild();
    const other = newId();
    await world.at(guild.id, 'channel-put', guild.id, other, '0 1', '{}', '{}');
    const own: string[] = [];
    const others: string[] = [];
    for (let at = 0; at < 12; at += 1) {
      // More of them in one moment than a step takes, of either.
      const [ours, theirs] = [codeIn(guild.id), codeIn(guild.id)];
      await put(guild.id, guild.channelId, ours, 1000);
      await put(guild.id, other, theirs, 1000);
      own.push(ours, ...(await make(guild, 1)));
      others.push(theirs, ...(await make({ id: guild.id, channelId: other }, 1)));
    }
    const entity = `channel:${guild.id}:${guild.channelId}`;
    await world.at(guild.id, 'channel-delete', guild.id, guild.channelId, '9');
    expect(await world.at(guild.id, 'ending-step', entity, 5)).toEqual(['more']);
    expect(await world.at(guild.id, 'channel-put', guild.id, guild.channelId, '0 0', '{}', '{}')).toEqual([
      'ending',
    ]);
    // Between two steps the very invite ends at which the last one stopped.
    const revoked: string[] = [];
    for (let at = 0; at < 2; at += 1) {
      // Before the first one that stays, there is none.
      let code = '-';
      while (code === '-') {
        const [noted = ''] = await world.redis.hvals(world.journalKey(guild.id, 'endings'));
        code = noted.split(' ')[2] ?? '';
        if (code === '-') await world.at(guild.id, 'ending-step', entity, 5);
      }
      expect(others).toContain(code);
      await world.at(guild.id, 'revoke', code, '', '1', 1, '', '*');
      revoked.push(code);
      await world.at(guild.id, 'ending-step', entity, 5);
    }
    await world.end(guild.id, entity, 5);
    expect(await ends(guild.id)).toEqual(
      new Map<string, readonly string[]>([
        ...own.map((code) => [code, ['channel_deleted 9']] as const),
        ...revoked.map((code) => [code, ['revoked 1']] as const),
      ]),
    );
    const listed = await world.redis.zrange(world.key(guild.id, `guild:${guild.id}:invites`), '0', '-1');
    expect(listed.toSorted()).toEqual(others.filter((code) => !revoked.includes(code)).toSorted());
    expect(await world.at(guild.id, 'channel-put', guild.id, guild.channelId, '0 0', '{}', '{}')).toEqual([
      'put',
    ]);
  });

  const put = (id: string, channelId: string, code: string, createdAtMs: number) =>
    world.at(id, 'invite-put', code, id, channelId, '', createdAtMs, 0, 0, 0, 0, 1000, 0);

  it('a group DM likewise', async () => {
    const groupDm = await world.groupDm([newId(), newId()]);
    const codes = await make(groupDm, 3);
    const entity = `group-dm:${groupDm.id}`;
    await world.at(groupDm.id, 'group-dm-delete', groupDm.id, '9');
    const again = () =>
      world.at(groupDm.id, 'group-dm-put', groupDm.id, groupDm.ownerId, '{}', '{}', '', groupDm.ownerId);
    expect(await again()).toEqual(['ending']);
    expect(await world.end(groupDm.id, entity, 2)).toBe(2);
    expect(await ends(groupDm.id)).toEqual(new Map(codes.map((code) => [code, ['channel_deleted 9']])));
    expect(await again()).toEqual(['put']);
  });

  it('what has expired before it was its turn has expired, and is announced once', async () => {
    const guild = await world.guild();
    const [first = '', second = ''] = await make(guild, 2);
    await world.at(guild.id, 'guild-delete', guild.id, '9');
    const later = Date.now() + 61_000;
    await world.atTime(later, guild.id, 'ending-step', `guild:${guild.id}`, 1);
    await world.atTime(later, guild.id, 'sweep', 1000);
    await world.end(guild.id, `guild:${guild.id}`);
    expect(await ends(guild.id)).toEqual(
      new Map([
        [first, ['expired ']],
        [second, ['expired ']],
      ]),
    );
  });

  it('nothing is under way where nothing was deleted, or had no invites', async () => {
    const guild = await world.guild();
    expect(await world.at(guild.id, 'ending-step', `guild:${guild.id}`, 10)).toEqual(['done']);
    await world.at(guild.id, 'channel-delete', guild.id, guild.channelId, '9');
    await world.at(guild.id, 'guild-delete', guild.id, '9');
    expect(await list(guild.id)).toEqual([]);
    expect(await world.putGuild(guild.id, guild.ownerId)).toEqual(['put']);
  });
});
