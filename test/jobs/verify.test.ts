// The comparison of Redis with Postgres: it agrees where they do, and finds each kind of difference, from either side, by name.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { type Difference, verify } from '../../src/jobs/verify.js';
import { differenceLine, summaryOf, wrongSumLine } from '../../src/jobs/verify-lines.js';
import { StoreUnavailable } from '../../src/store/unavailable.js';
import { onEachPostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { fill, id, invite, putGuild, RestoreWorld, service } from './world.js';

const NOW = new AbortController().signal;

onEachPostgres('the comparison', (database) => {
  let world: RestoreWorld;
  beforeAll(async () => {
    world = await RestoreWorld.open(database().sql);
  });
  afterAll(() => world.close());
  beforeEach(() => world.reset());

  const compare = (toldMax = 100, settleMaxMs = 0) =>
    verify({ store: world.store, sql: world.sql, toldMax, stopping: NOW, settleMaxMs });

  const differences = async (): Promise<readonly Difference[]> => {
    const found = await compare();
    expect(found.found).toBe(found.differences.length);
    return found.differences;
  };

  const key = (placeId: string, rest: string) => `invited:{${partitionOfId(placeId)}}:${rest}`;

  it('agrees with nothing, and with one of everything', async () => {
    expect(await compare()).toMatchObject({ found: 0, wrongSums: [] });
    await fill(world.engine);
    await world.copy();
    const { found, wrongSums, compared } = await compare();
    expect({ found, wrongSums }).toEqual({ found: 0, wrongSums: [] });
    expect(compared).toMatchObject({ guilds: 2, channels: 3, bans: 1, 'ip bans': 2, users: 3 });
    expect(compared).toMatchObject({ 'group DMs': 1, 'live invites': 10 });
    expect(compared['members']).toBeGreaterThan(8);
  });

  it('agrees whether expired invites were swept or not, and on more than a page', async () => {
    const guild = await putGuild(world.engine);
    const short = { max_age: 1, created_at_ms: Date.now() };
    await world.engine.putInvite(invite(guild.channelId, short));
    for (let batch = 0; batch < 25; batch += 1) {
      const members = Array.from({ length: 100 }, () => ({ guild_id: guild.id, user_id: id() }));
      await Promise.all(
        members.map((one) => world.engine.putMember({ ...one, roles: [], temporary: false })),
      );
    }
    await world.copy();
    await until('it has expired', async () => (await compare()).compared['live invites'] === 0);
    expect(await compare()).toMatchObject({ found: 0, compared: { members: 2501 } });
    await world.store.invites.sweep(0, 100);
    await world.copy();
    expect(await compare()).toMatchObject({ found: 0, compared: { members: 2501 } });
  });

  it('finds what is in Redis only, of each kind', async () => {
    const { guild, groupDm, open, toGroup, other } = await fill(world.engine);
    await world.copy();
    const user = await world.run('select id from invited.users limit 1');
    for (const table of ['channels', 'members', 'bans']) {
      await world.run(`delete from invited.${table} where guild_id = $1`, [guild.id]);
    }
    await world.run('delete from invited.ip_bans where guild_id = $1', [other.id]);
    await world.run('delete from invited.users where id = $1', [String(user[0]?.['id'])]);
    await world.run('delete from invited.group_dms where id = $1', [groupDm.id]);
    await world.run('delete from invited.guilds where id = $1', [other.id]);
    await world.run('delete from invited.invites where code in ($1, $2)', [open.code, toGroup.code]);
    const found = await differences();
    expect(new Set(found.map(({ what }) => what))).toEqual(new Set(['in Redis only']));
    const names = found.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        `channel:${guild.id}:${guild.channelId}`,
        `member:${guild.id}:${guild.ownerId}`,
        `ip-bans:${other.id}:198.18.0.1`,
        `ip-bans:${other.id}:2001:db8:1:2::/64`,
        `user:${user[0]?.['id']}`,
        `group-dm:${groupDm.id}`,
        `guild:${other.id}`,
        `invite:${open.code}`,
        `invite:${toGroup.code}`,
      ]),
    );
    expect(names.filter((name) => name.startsWith(`bans:${guild.id}:`))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('member:'))).toHaveLength(
      await world.redis.hlen(key(guild.id, `guild:${guild.id}:members`)),
    );
  });

  it('finds what is in Postgres only, of each kind', async () => {
    const { guild, groupDm, open, toGroup, other } = await fill(world.engine);
    await world.copy();
    const [user] = await world.run('select id from invited.users limit 1');
    const userId = String(user?.['id']);
    const [ban] = await world.redis.hkeys(key(guild.id, `guild:${guild.id}:bans`));
    const of = (hash: string) => key(guild.id, `guild:${guild.id}:${hash}`);
    await world.redis.hdel(of('channels'), guild.channelId);
    await world.redis.hdel(of('channel-records'), guild.channelId);
    await world.redis.hdel(of('members'), guild.ownerId);
    await world.redis.hdel(of('bans'), ban ?? '');
    await world.redis.hdel(key(other.id, `guild:${other.id}:ip-bans`), '198.18.0.1');
    await world.redis.del(
      key(userId, `user:${userId}`),
      key(groupDm.id, `group-dm:${groupDm.id}`),
      key(guild.id, `invite:${open.code}`),
      key(groupDm.id, `invite:${toGroup.code}`),
    );
    const found = await differences();
    expect(new Set(found.map(({ what }) => what))).toEqual(new Set(['in Postgres only']));
    expect(found.map(({ name }) => name).sort()).toEqual(
      [
        `channel:${guild.id}:${guild.channelId}`,
        `member:${guild.id}:${guild.ownerId}`,
        `bans:${guild.id}:${ban}`,
        `ip-bans:${other.id}:198.18.0.1`,
        `user:${userId}`,
        `group-dm:${groupDm.id}`,
        `invite:${open.code}`,
        `invite:${toGroup.code}`,
      ].sort(),
    );
  });

  it('finds a guild that Redis has no more, with all that was its own', async () => {
    const guild = await putGuild(world.engine);
    await world.copy();
    await world.redis.del(key(guild.id, `guild:${guild.id}`));
    expect((await differences()).map(({ name }) => name)).toContain(`guild:${guild.id}`);
  });

  describe('finds each field that differs', () => {
    const whole: readonly (readonly [string, string, string, string])[] = [
      ['guilds', 'born_seq', 'born_seq + 1', 'guild'],
      ['guilds', 'owner_id', '1', 'guild'],
      ['guilds', 'name', `'x'`, 'guild'],
      ['guilds', 'record', `'{}'`, 'guild'],
      ['guilds', 'member_count', '1', 'guild'],
      ['guilds', 'presence_count', '1', 'guild'],
      ['guilds', 'vanity_version', '99', 'guild'],
      ['channels', 'name', `'x'`, 'channel'],
      ['channels', 'type', '2', 'channel'],
      ['channels', 'record', `'{}'`, 'channel'],
      ['members', 'temporary', 'not temporary', 'member'],
      ['members', 'roles', `'{1}'`, 'member'],
      ['bans', 'record', `'{}'`, 'bans'],
      ['ip_bans', 'record', `'{}'`, 'ip-bans'],
      ['users', 'username', `'x'`, 'user'],
      ['users', 'record', `'{}'`, 'user'],
      ['group_dms', 'owner_id', '1', 'group-dm'],
      ['group_dms', 'name', `'x'`, 'group-dm'],
      ['group_dms', 'record', `'{}'`, 'group-dm'],
      ['invites', 'channel_id', '1', 'invite'],
      ['invites', 'inviter_id', '1', 'invite'],
      ['invites', 'created_at', `created_at + interval '1 millisecond'`, 'invite'],
      ['invites', 'expires_at', `now() + interval '1 day'`, 'invite'],
      ['invites', 'max_age', '17', 'invite'],
      ['invites', 'max_uses', '77', 'invite'],
      ['invites', 'temporary', 'not temporary', 'invite'],
      ['invites', 'paused', 'not paused', 'invite'],
      ['invites', 'version', '99', 'invite'],
    ];

    it('in a row of any table', async () => {
      await fill(world.engine);
      await world.copy();
      for (const [table, column, value, word] of whole) {
        const where = table === 'invites' ? 'ended_at is null and guild_id is not null' : 'true';
        const at = `ctid = (select ctid from invited.${table} where ${where} limit 1)`;
        const [before] = await world.run(`select ${column}::text as value from invited.${table} where ${at}`);
        const type = (
          await world.run(`select pg_typeof(${column})::text as t from invited.${table} limit 1`)
        )[0];
        const [changed] = await world.run(
          `update invited.${table} set ${column} = ${value} where ${at} returning *`,
        );
        const found = await differences();
        expect(found, `${table}.${column}`).toEqual([
          { name: expect.stringMatching(`^${word}:`), what: 'different', fields: [column] },
        ]);
        const keys = Object.keys(changed ?? {}).filter((name) =>
          ['id', 'guild_id', 'user_id', 'address_key', 'code', 'created_seq'].includes(name),
        );
        const same = keys.map((name, index) => `${name}::text = $${index + 2}`);
        await world.run(
          `update invited.${table} set ${column} = $1::text::${String(type?.['t'])} where ${same.join(' and ')}`,
          [before?.['value'] as string, ...keys.map((name) => String(changed?.[name]))],
        );
      }
      expect(await differences()).toEqual([]);
    });

    it('in what a guild has beside its row: roles and vanity', async () => {
      const { guild, vanity } = await fill(world.engine);
      await world.copy();
      const different = (...fields: readonly string[]) => [
        { name: `guild:${guild.id}`, what: 'different', fields },
      ];
      await world.run('update invited.roles set permissions = permissions + 0 where guild_id = $1', [
        guild.id,
      ]);
      expect(await differences()).toEqual([]);
      await world.run('update invited.roles set permissions = 3 where guild_id = $1 and position = 1', [
        guild.id,
      ]);
      expect(await differences()).toEqual(different('roles'));
      await world.run('delete from invited.roles where guild_id = $1 and position = 1', [guild.id]);
      expect(await differences()).toEqual(different('roles'));
      await world.run(`update invited.vanity set token = '7' where code = $1`, [vanity]);
      expect(await differences()).toEqual(different('roles', 'vanity_token'));
      await world.run('delete from invited.vanity where code = $1', [vanity]);
      const fields = ['roles', 'vanity', 'vanity_uses', 'vanity_created_at', 'vanity_token'];
      expect(await differences()).toEqual(different(...fields));
    });

    it('in the order of recipients', async () => {
      const { groupDm } = await fill(world.engine);
      await world.copy();
      await world.run(
        'update invited.group_dms set recipients = recipients[2:] || recipients[1:1] where id = $1',
        [groupDm.id],
      );
      expect(await differences()).toEqual([
        { name: `group-dm:${groupDm.id}`, what: 'different', fields: ['recipients'] },
      ]);
    });

    it('in Redis, where that is what changed', async () => {
      const { guild, open } = await fill(world.engine);
      await world.copy();
      await world.redis.hset(key(guild.id, `guild:${guild.id}:members`), guild.ownerId, 't1');
      await world.redis.setrange(key(guild.id, `invite:${open.code}`), 0, '0000000000000009');
      expect([...(await differences())].sort((a, b) => a.name.localeCompare(b.name))).toEqual([
        { name: `invite:${open.code}`, what: 'different', fields: ['uses'] },
        { name: `member:${guild.id}:${guild.ownerId}`, what: 'different', fields: ['temporary', 'roles'] },
      ]);
    });
  });

  it('tells what is damaged in Redis apart, and compares the rest', async () => {
    const { guild, open, capped } = await fill(world.engine);
    await world.copy();
    await world.redis.set(key(guild.id, `invite:${open.code}`), 'nonsense');
    await world.redis.del(key(guild.id, `invite:${capped.code}`));
    expect([...(await differences())].map(({ name, what }) => [name, what]).sort()).toEqual(
      [
        [`invite:${open.code}`, 'unreadable'],
        [`invite:${capped.code}`, 'in Postgres only'],
      ].sort(),
    );
  });

  it('finds codes whose uses are not those of the ledger, or too many', async () => {
    const { open, capped, vanity } = await fill(world.engine);
    await world.copy();
    await world.run('delete from invited.joins where code = $1', [open.code]);
    await world.run('delete from invited.joins where code = $1 and uses = 1', [vanity]);
    expect((await compare()).wrongSums).toEqual([
      { code: open.code, isVanity: false, uses: 1, baseUses: 0, maxUses: 0, joins: 0 },
      { code: vanity, isVanity: true, uses: 2, baseUses: 0, maxUses: 0, joins: 1 },
    ]);
    await world.run('update invited.invites set max_uses = 4 where code = $1', [capped.code]);
    const { wrongSums, found } = await compare();
    expect(found).toBe(1);
    expect(wrongSums).toContainEqual({
      ...{ code: capped.code, isVanity: false, uses: 5, baseUses: 3, maxUses: 4, joins: 2 },
    });
  });

  it('does not count what was only on its way', async () => {
    const guild = await putGuild(world.engine);
    await world.copy();
    const userId = id();
    await world.engine.putMember({ guild_id: guild.id, user_id: userId, roles: [], temporary: false });
    expect((await differences()).map(({ name }) => name)).toEqual([`member:${guild.id}:${userId}`]);
    const [found] = await Promise.all([compare(100, 20_000), world.copy()]);
    expect(found.found).toBe(0);
  });

  it('tells the first ones, and how many there are', async () => {
    const guild = await putGuild(world.engine);
    await Promise.all(
      Array.from({ length: 30 }, () =>
        world.engine.putMember({ guild_id: guild.id, user_id: id(), roles: [], temporary: false }),
      ),
    );
    const found = await compare(7);
    expect(found.differences).toHaveLength(7);
    // The guild itself, its channel, its owner.
    expect(found.found).toBe(33);
  });

  it('rejects while Redis is closed, and when it is stopped', async () => {
    await fill(world.engine);
    await world.copy();
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(
      verify({ store: world.store, sql: world.sql, toldMax: 1, stopping: stopped }),
    ).rejects.toThrow('stopped');
    await world.store.epochs.close();
    await expect(compare()).rejects.toThrow(StoreUnavailable);
  });

  it('changes nothing', async () => {
    await fill(world.engine);
    await world.copy();
    const before = await world.redis.info('commandstats');
    const written = /cmdstat_(set|hset|del|hdel|xadd|zadd|incr|unlink|setrange):calls=(\d+)/g;
    await compare();
    expect((await world.redis.info('commandstats')).match(written)).toEqual(before.match(written));
    expect(await world.engine.listGuild(id(), service)).toMatchObject({ status: 'unknown_guild' });
  });
});

describe('the lines of a comparison', () => {
  it('name entities and fields, and of a code no more than two characters and its length', () => {
    const line = (name: string, fields: readonly string[] = []) =>
      differenceLine({ name, what: fields.length === 0 ? 'in Redis only' : 'different', fields });
    expect(line('guild:1')).toBe('guild 1 is in Redis only');
    expect(line('ip-bans:1:2001:db8::/64')).toBe('ip ban 2001:db8::/64 of guild 1 is in Redis only');
    expect(line('member:1:2', ['temporary', 'roles'])).toBe(
      'member 2 of guild 1 differs in temporary, roles',
    );
    expect(line('invite:abcdefgh', ['uses'])).toBe('invite ab… (8 characters) differs in uses');
    expect(
      wrongSumLine({ code: 'abcdefgh', isVanity: false, uses: 6, baseUses: 1, maxUses: 5, joins: 4 }),
    ).toBe(
      'invite ab… (8 characters) has 4 joins in the ledger and 6 uses, 1 of them from before the ledger, though 5 is the most',
    );
  });

  it('sum up', () => {
    const found = {
      compared: { guilds: 1, users: 2 },
      differences: [],
      found: 0,
      wrongSums: [],
      tookMs: 1234,
    };
    expect(summaryOf(found)).toBe('compared 1 guilds, 2 users in 1.2 s: Redis and Postgres agree');
    expect(summaryOf({ ...found, found: 3 })).toBe(
      'compared 1 guilds, 2 users in 1.2 s: 3 differ, 0 sums of uses are wrong',
    );
  });
});
