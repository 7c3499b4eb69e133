import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeIn, newId, type Reply, revisionOf, World, worlds } from './world.js';

/** What a batch may not lose: requests of one call must come out as they would have one by one. */
describe.each(worlds)('a batch on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  const group = (code: string, users: readonly string[], banKeys: readonly string[] = users.map(() => '-')) =>
    [1, code, '', '', users.join(' '), banKeys.join(' ')] as const;
  const letters = (reply: Reply) => reply.map((one) => (typeof one === 'string' ? one : (one as Reply)[0]));

  it('gives the uses of a capped invite to the first, and none behind them', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxUses: 3 });
    const users = [newId(), newId(), newId(), newId(), newId()];
    const reply = await world.at(guild.id, 'accept', ...group(code, users));
    expect(letters(reply)).toEqual(['aaauu']);
    expect(await world.redis.hlen(world.key(guild.id, `guild:${guild.id}:members`))).toBe(4);
    const events = await world.events(guild.id, 2);
    expect(events.map(({ type, uses }) => [type, uses])).toEqual([
      ['INVITE_ACCEPT', '3'],
      ['INVITE_DELETE', undefined],
    ]);
  });

  it('counts a user once who asks twice, and not at all behind the last use', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxUses: 2 });
    const [one, two] = [newId(), newId()];
    expect(letters(await world.at(guild.id, 'accept', ...group(code, [one, one, two, one])))).toEqual([
      'amau',
    ]);
  });

  it('writes all joins as one entry, each with its own seq and uses', async () => {
    const guild = await world.guild();
    const [first, second] = [
      await world.invite(guild, { inviterId: '7' }),
      await world.invite(guild, { inviterId: '8', temporary: true }),
    ];
    const users = [newId(), newId(), newId()];
    const stream = world.key(guild.id, 'events');
    const before = await world.redis.xlen(stream);
    await world.at(guild.id, 'accept', ...group(first, users.slice(0, 2)), ...group(second, users.slice(2)));
    expect(await world.redis.xlen(stream)).toBe(before + 1);
    const events = await world.events(guild.id, 3);
    expect(
      events.map((event) => [event['code'], event['user_id'], event['uses'], event['temporary']]),
    ).toEqual([
      [first, users[0], '1', '0'],
      [first, users[1], '2', '0'],
      [second, users[2], '1', '1'],
    ]);
    expect(events.map(({ inviter_id }) => inviter_id)).toEqual(['7', '7', '8']);
    const last = Number(await world.redis.get(world.key(guild.id, 'seq')));
    expect(events.map(({ seq }) => Number(seq))).toEqual([last - 2, last - 1, last]);
  });

  it('knows by a second code who came in by the first, and how full the guild is', async () => {
    const guild = await world.guild({ maxMembers: 3 });
    const [first, second] = [await world.invite(guild), await world.invite(guild)];
    const [one, two, three] = [newId(), newId(), newId()];
    const reply = await world.at(
      guild.id,
      'accept',
      ...group(first, [one]),
      ...group(second, [one, two, three]),
    );
    expect(letters(reply)).toEqual(['a', 'mag']);
    expect(await world.redis.hlen(world.key(guild.id, `guild:${guild.id}:members`))).toBe(3);
  });

  it('takes one invite for one, also where it is named by two groups', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxUses: 1 });
    const followed = [1, code, guild.id, '', newId(), '-'] as const;
    const reply = await world.at(guild.id, 'accept', ...group(code, [newId()]), ...followed);
    expect(letters(reply)).toEqual(['a', 'u']);
  });

  it('moves a told count by all who came in', async () => {
    const guild = await world.guild({ memberCount: 100 });
    const code = await world.invite(guild);
    await world.at(guild.id, 'accept', ...group(code, [newId(), newId(), newId()]));
    expect(await world.redis.hget(world.key(guild.id, `guild:${guild.id}`), 'told_member_count')).toBe('103');
  });

  it('finds each banned user and address among others', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const [banned, fine, behind, unknown] = [newId(), newId(), newId(), newId()];
    await world.at(guild.id, 'ban-put', guild.id, 'bans', banned, '{}');
    await world.at(guild.id, 'ban-put', guild.id, 'ip-bans', '192.0.2.9', '{}');
    const users = [fine, banned, behind, unknown];
    const reply = await world.at(
      guild.id,
      'accept',
      ...group(code, users, ['192.0.2.8', '192.0.2.8', '192.0.2.9', '-']),
    );
    expect(letters(reply)).toEqual(['abia']);
  });

  it('fills a group DM to 50 and no further, and shows all who are in', async () => {
    const groupDm = await world.groupDm(Array.from({ length: 48 }, newId));
    const code = await world.invite(groupDm);
    const users = [newId(), newId(), newId()];
    const reply = await world.at(groupDm.id, 'accept', ...group(code, users));
    expect(letters(reply)).toEqual(['aar']);
    const [, ...row] = reply[0] as Reply;
    expect(revisionOf(row).recipients).toHaveLength(50);
    expect(await world.redis.zcard(world.key(groupDm.id, `group-dm:${groupDm.id}:recipients`))).toBe(50);
  });

  it('tells a known revision in 3 fields, and all of it once it has changed', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const look = async (known: string) =>
      (await world.at(guild.id, 'read', 1, code, '', known, ':0:'))[0] as Reply;
    const first = await look('');
    const revision = String(first[2 + 3]);
    expect(first).toHaveLength(2 + 18);
    expect(await look(revision)).toHaveLength(2 + 3);
    await world.invite(guild);
    expect(await look(revision)).toHaveLength(2 + 3);
    for (const change of [
      () => world.putGuild(guild.id, guild.ownerId, {}),
      () => world.at(guild.id, 'channel-put', guild.id, guild.channelId, '0 0', '{"name":"b"}', '{}'),
      () => world.at(guild.id, 'channel-put', guild.id, newId(), '0 0', '{"name":"c"}', '{}'),
    ]) {
      const known = String((await look(''))[2 + 3]);
      await change();
      expect(await look(known)).toHaveLength(2 + 18);
    }
  });

  it('judges each who asks for himself', async () => {
    const guild = await world.guild();
    const creator = newId();
    await world.at(guild.id, 'member-put', guild.id, creator, 'p');
    const code = await world.invite(guild, { inviterId: creator });
    const askers = [':0:', `${creator}:0:`, `${newId()}:0:`, '9:1:', `${guild.ownerId}:0:`];
    const reply = await world.at(guild.id, 'read', 1, code, '', '', askers.join(' '));
    expect((reply[0] as Reply)[1]).toBe('01011');
  });

  it('refuses half a group, and changes nothing', async () => {
    const guild = await world.guild();
    await expect(world.at(guild.id, 'accept', 1, codeIn(guild.id))).rejects.toThrow('groups of six');
    await expect(world.at(guild.id, 'read')).rejects.toThrow('groups of five');
  });
});

describe('a batch over several partitions of a single server', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open('single');
  });
  afterAll(() => world.close());

  it('leaves each partition its own entry, seq and marks', async () => {
    const guilds = [await world.guild(), await world.guild(), await world.guild()];
    const codes = [];
    for (const guild of guilds) codes.push(await world.invite(guild, { maxUses: 1 }));
    const before = await Promise.all(guilds.map(({ id }) => world.redis.xlen(world.key(id, 'events'))));
    const users = guilds.map(() => newId());
    const reply = await world.over(
      guilds.map(({ id }) => id),
      'accept',
      ...codes.flatMap((code, at) => [at + 1, code, '', '', users[at] ?? '', '-']),
    );
    expect(reply.map((one) => (one as Reply)[0])).toEqual(['a', 'a', 'a']);
    for (const [at, guild] of guilds.entries()) {
      expect(
        await world.redis.hexists(world.key(guild.id, `guild:${guild.id}:members`), users[at] ?? ''),
      ).toBe(1);
      expect(await world.redis.xlen(world.key(guild.id, 'events'))).toBe((before[at] ?? 0) + 2);
      const [accepted, ended] = await world.events(guild.id, 2);
      expect([accepted?.['user_id'], ended?.['reason']]).toEqual([users[at], 'exhausted']);
      const mark = await world.redis.zscore(world.key(guild.id, 'dirty'), `invite:${codes[at]}`);
      expect(mark).toBe(ended?.['seq']);
    }
  });
});
