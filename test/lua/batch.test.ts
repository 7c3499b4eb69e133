import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { codeIn, newId, type Reply, revisionOf, World, worlds } from './world.js';

/** What a batch may not lose: requests of one call must come out as they would have one by one. */
describe.each(worlds)('a batch on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  const group = (code: string, users: readonly string[], banKeys: readonly string[] = users.map(() => '-')) =>
    [2, code, '', '', users.join(' '), banKeys.join(' ')] as const;
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
    const before = await world.entries(guild.id);
    await world.at(guild.id, 'accept', ...group(first, users.slice(0, 2)), ...group(second, users.slice(2)));
    expect(await world.entries(guild.id)).toBe(before + 1);
    const events = await world.events(guild.id, 3);
    expect(
      events.map((event) => [event['code'], event['user_id'], event['uses'], event['temporary']]),
    ).toEqual([
      [first, users[0], '1', '0'],
      [first, users[1], '2', '0'],
      [second, users[2], '1', '1'],
    ]);
    expect(events.map(({ inviter_id }) => inviter_id)).toEqual(['7', '7', '8']);
    const firstSeq = Number(events[0]?.['seq']);
    expect(events.map(({ seq }) => Number(seq))).toEqual([firstSeq, firstSeq + 1, firstSeq + 2]);
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
    const followed = [2, code, guild.id, '', newId(), '-'] as const;
    const reply = await world.at(guild.id, 'accept', ...group(code, [newId()]), ...followed);
    expect(letters(reply)).toEqual(['a', 'u']);
  });

  it('moves a told count by all who came in', async () => {
    const guild = await world.guild({ memberCount: 100 });
    const code = await world.invite(guild);
    await world.at(guild.id, 'accept', ...group(code, [newId(), newId(), newId()]));
    const record = await world.record(world.key(guild.id, `guild:${guild.id}`));
    expect(Number(record?.['told_member_count'])).toBe(103);
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
    const look = async (known: string, wantsCounts = 1) =>
      (await world.at(guild.id, 'read', 2, code, '', known, ':0:', wantsCounts))[0] as Reply;
    const first = await look('');
    const revision = String(first[1 + 3]);
    expect(first).toHaveLength(1 + 18);
    expect(await look(revision)).toHaveLength(1 + 3);
    await world.invite(guild);
    expect(await look(revision)).toHaveLength(1 + 3);
    for (const change of [
      () => world.putGuild(guild.id, guild.ownerId, {}),
      () => world.at(guild.id, 'channel-put', guild.id, guild.channelId, '0 0', '{"name":"b"}', '{}'),
      () => world.at(guild.id, 'channel-put', guild.id, newId(), '0 0', '{"name":"c"}', '{}'),
    ]) {
      const known = String((await look(''))[1 + 3]);
      await change();
      expect(await look(known)).toHaveLength(1 + 18);
      expect(await look(known, 0)).toHaveLength(1 + 18);
    }
  });

  it('tells a known revision in one digit to whom neither counts nor metadata are for', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const look = async (known: string, askers: string, wantsCounts: number) =>
      (await world.at(guild.id, 'read', 2, code, '', known, askers, wantsCounts))[0];
    const revision = String(((await look('', ':0:', 0)) as Reply)[1 + 3]);
    expect(await look(revision, ':0:', 0)).toBe('0');
    expect(await look(revision, `:0: ${newId()}:0:`, 0)).toBe('00');
    expect(await look(revision, ':0:', 1)).toEqual(['0', 0, 1, '']);
    expect(await look(revision, `:0: ${guild.ownerId}:0:`, 0)).toEqual(['01', 0, 1, '']);
  });

  it('tells who is in a group DM each time, known or not', async () => {
    const groupDm = await world.groupDm([newId(), newId()]);
    const code = await world.invite(groupDm);
    const look = async (known: string) =>
      (await world.at(groupDm.id, 'read', 2, code, '', known, ':0:', 0))[0] as Reply;
    expect(await look('')).toHaveLength(1 + 18);
    expect(await look(String((await look(''))[1 + 3]))).toHaveLength(1 + 18);
  });

  it('judges each who asks for himself', async () => {
    const guild = await world.guild();
    const creator = newId();
    await world.at(guild.id, 'member-put', guild.id, creator, 'p');
    const code = await world.invite(guild, { inviterId: creator });
    const askers = [':0:', `${creator}:0:`, `${newId()}:0:`, '9:1:', `${guild.ownerId}:0:`];
    const reply = await world.at(guild.id, 'read', 2, code, '', '', askers.join(' '), 0);
    expect((reply[0] as Reply)[0]).toBe('01011');
  });

  it('is forgotten behind it, also one that failed', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const broken = codeIn(guild.id);
    await world.redis.set(world.codeKey(broken), 'no record');
    const both = [...group(code, [newId()]), ...group(broken, [newId()])];
    await expect(world.at(guild.id, 'accept', ...both)).rejects.toThrow('a broken invite');
    await world.setField(world.codeKey(code), 'flags', 2);
    expect(letters(await world.at(guild.id, 'accept', ...group(code, [newId()])))).toEqual(['d']);
    await world.setField(world.codeKey(code), 'expires_at_ms', 1);
    const create = [codeIn(guild.id), guild.id, guild.channelId, '1', 1, '', 0, 0, 0, 1, 1, '', ''];
    expect((await world.at(guild.id, 'create', ...create))[0]).toBe('max_invites');
    expect(letters(await world.at(guild.id, 'accept', ...group(code, [newId()])))).toEqual(['u']);
  });

  it('refuses half a group, and none', async () => {
    const guild = await world.guild();
    for (const name of ['accept', 'read']) {
      await expect(world.at(guild.id, name)).rejects.toThrow('groups of six');
      await expect(world.at(guild.id, name, 2, codeIn(guild.id))).rejects.toThrow('groups of six');
    }
  });
});

describe('a batch over several partitions of a single server', () => {
  let world: World;
  beforeAll(async () => {
    // The journal that all of them share is compared as a whole.
    world = await World.open('single', false);
  });
  afterAll(() => world.close());

  const place = async () => {
    const guild = await world.guild();
    return { ...guild, partition: partitionOfId(guild.id) };
  };
  /** Guilds of as many partitions. */
  const places = async (count: number) => {
    const found: Awaited<ReturnType<typeof place>>[] = [];
    while (found.length < count) {
      const one = await place();
      if (found.every(({ partition }) => partition !== one.partition)) found.push(one);
    }
    return found;
  };
  const seq = async () => Number(await world.redis.get('invited:{0}:seq'));
  const entries = () => world.redis.xrange('invited:{0}:events', '-', '+');

  it('leaves one entry of all joins, and behind it the end of each invite', async () => {
    const guilds = await places(3);
    const codes: string[] = [];
    for (const guild of guilds) codes.push(await world.invite(guild, { maxUses: 1 }));
    const [entriesBefore, seqBefore] = [(await entries()).length, await seq()];
    const marks = await world.redis.zrange('invited:{0}:dirty', '0', '-1', 'WITHSCORES');
    const users = guilds.map(() => newId());
    const reply = await world.over(
      guilds.map(({ id }) => id),
      'accept',
      ...codes.flatMap((code, at) => [at + 2, code, '', '', users[at] ?? '', '-']),
    );
    expect(reply.map((one) => (one as Reply)[0])).toEqual(['a', 'a', 'a']);

    const types = (await entries()).slice(entriesBefore).map(([, flat]) => flat[1]);
    expect(types).toEqual(['INVITE_ACCEPT', 'INVITE_DELETE', 'INVITE_DELETE', 'INVITE_DELETE']);
    expect(await seq()).toBe(seqBefore + 6);
    for (const [at, guild] of guilds.entries()) {
      const members = world.key(guild.id, `guild:${guild.id}:members`);
      expect(await world.redis.hgetall(members)).toEqual({ [guild.ownerId]: 'p', [users[at] ?? '']: 'p' });
      expect(await world.redis.exists(world.codeKey(codes[at] ?? ''))).toBe(0);
      const [accepted, ended] = await world.events(guild.id, 2);
      expect([accepted?.['user_id'], accepted?.['code'], accepted?.['seq']]).toEqual([
        users[at],
        codes[at],
        String(seqBefore + 1 + at),
      ]);
      expect([ended?.['code'], ended?.['reason'], ended?.['seq']]).toEqual([
        codes[at],
        'exhausted',
        String(seqBefore + 4 + at),
      ]);
    }
    // Joins and ends of invites tell themselves.
    expect(await world.redis.zrange('invited:{0}:dirty', '0', '-1', 'WITHSCORES')).toEqual(marks);
    for (const { partition } of guilds) {
      if (partition !== 0) {
        const foreign = ['seq', 'events', 'dirty', 'expiring'].map(
          (what) => `invited:{${partition}}:${what}`,
        );
        expect(await world.redis.exists(...foreign)).toBe(0);
      }
    }
  });

  it('reads each in its own', async () => {
    const guilds = await places(3);
    const codes: string[] = [];
    for (const guild of guilds) codes.push(await world.invite(guild));
    const read = (keys: readonly number[]) =>
      world.over(
        guilds.map(({ id }) => id),
        'read',
        ...codes.flatMap((code, at) => [keys[at] ?? 0, code, '', '', ':0:', 1]),
      );
    const rows = (await read([2, 3, 4])) as readonly Reply[];
    expect(rows.map((row) => row[1 + 5])).toEqual(codes);
    expect(rows.map((row) => row[1 + 7])).toEqual(guilds.map(({ id }) => id));
    expect(await read([3, 4, 2])).toEqual(['unknown', 'unknown', 'unknown']);
  });

  it('indexes a temporary member with the partition of his guild, and disconnects him from all', async () => {
    const guilds = await places(3);
    const userId = newId();
    const codes: string[] = [];
    for (const guild of guilds) codes.push(await world.invite(guild, { temporary: true }));
    await world.over(
      guilds.map(({ id }) => id),
      'accept',
      ...codes.flatMap((code, at) => [at + 2, code, '', '', userId, '-']),
    );
    const index = `invited:{0}:temporary:${userId}`;
    const names = guilds.map(({ id, partition }) => `${partition} ${id}`);
    expect((await world.redis.smembers(index)).sort()).toEqual(names.sort());

    const [status, ids] = (await world.at(userId, 'disconnect', userId)) as [string, readonly string[]];
    expect([status, [...ids].sort()]).toEqual(['disconnected', guilds.map(({ id }) => id).sort()]);
    expect(await world.redis.exists(index)).toBe(0);
    for (const guild of guilds) {
      const members = world.key(guild.id, `guild:${guild.id}:members`);
      expect(await world.redis.hkeys(members)).toEqual([guild.ownerId]);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({ type: 'MEMBER_REMOVE', user_id: userId, reason: 'disconnected' });
    }
  });

  it('sweeps what has expired in any of them, the oldest first', async () => {
    const guilds = await places(3);
    const codes: string[] = [];
    for (const [at, guild] of guilds.entries())
      codes.push(await world.invite(guild, { maxAge: 60 + at * 60 }));
    const later = Date.now() + 600_000;
    expect(await world.atTime(later, newId(), 'sweep', 2)).toEqual(['swept', 2, 0]);
    const exist = () => Promise.all(codes.map((code) => world.redis.exists(world.codeKey(code))));
    expect(await exist()).toEqual([0, 0, 1]);
    expect(await world.atTime(later, newId(), 'sweep', 2)).toEqual(['swept', 1, 0]);
    expect(await exist()).toEqual([0, 0, 0]);
    expect(await world.redis.zcard('invited:{0}:expiring')).toBe(0);
    for (const [at, guild] of guilds.entries()) {
      const place = world.key(guild.id, `guild:${guild.id}`);
      expect(await world.redis.exists(`${place}:invites`, `${place}:expiring`)).toBe(0);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({ type: 'INVITE_DELETE', code: codes[at], reason: 'expired' });
    }
  });
});

describe.each(worlds)('the journal of a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind, false);
  });
  afterAll(() => world.close());

  const seqOf = async (id: string) => Number(await world.redis.get(world.journalKey(id, 'seq')));

  it('counts one for each who comes in, and writes that number on him', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const before = await seqOf(guild.id);
    await world.accept(guild.id, code, newId());
    const users = [newId(), newId()].join(' ');
    await world.at(guild.id, 'accept', 2, code, '', '', users, '- -');
    expect(await seqOf(guild.id)).toBe(before + 3);
    const seqs = (await world.events(guild.id, 3)).map(({ seq }) => Number(seq));
    expect(seqs).toEqual([before + 1, before + 2, before + 3]);
  });

  it('has nothing of who is in already, of a refusal, or of a reading', async () => {
    const guild = await world.guild({ maxMembers: 2 });
    const userId = newId();
    const [code, temporary] = [await world.invite(guild), await world.invite(guild, { temporary: true })];
    await world.accept(guild.id, code, userId);
    const before = await world.everything();
    const answers = [
      await world.accept(guild.id, code, userId),
      await world.accept(guild.id, temporary, userId),
      await world.accept(guild.id, temporary, guild.ownerId),
      await world.accept(guild.id, code, newId()),
      await world.accept(guild.id, codeIn(guild.id), newId()),
      await world.read(guild.id, code, [guild.ownerId, 0, '']),
      await world.read(guild.id, codeIn(guild.id), ['', 0, '']),
    ].map(([status]) => status);
    expect(answers).toEqual(['already', 'already', 'already', 'guild_full', 'unknown', 'found', 'unknown']);
    expect(await world.everything()).toEqual(before);
  });

  it('has nothing of half a group, nor of a whole one before it', async () => {
    const guild = await world.guild();
    const whole = [2, await world.invite(guild), '', '', newId(), '-'];
    const before = await world.everything();
    await expect(world.at(guild.id, 'accept', ...whole, 2)).rejects.toThrow('groups of six');
    expect(await world.everything()).toEqual(before);
  });
});
