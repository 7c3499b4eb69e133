// A Redis that lost its data gets them back from Postgres: all of them, as they were, to the millisecond; and
// what is newer in Redis stays. On a Redis of its own, since it is emptied and closed here.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Snowflake } from '../../src/invite/id.js';
import { RestoreInterrupted } from '../../src/jobs/restore.js';
import { RestoreRefused } from '../../src/store/restoring.js';
import { dump } from '../support/dump.js';
import { onEachPostgres } from '../support/postgres.js';
import { codeFor, fill, id, invite, putChannel, putGuild, RestoreWorld, service } from './world.js';

onEachPostgres('the restore', (database) => {
  let world: RestoreWorld;
  beforeAll(async () => {
    world = await RestoreWorld.open(database().sql);
  });
  afterAll(() => world.close());
  beforeEach(() => world.reset());

  const joinsOf = async (code: string) => {
    const read = await world.engine.read(code, service);
    return read.status === 'found' ? read.invite.uses : read.status;
  };

  it('gives back all there was, to the millisecond', async () => {
    await fill(world.engine);
    await world.copy();
    const before = await dump(world.redis);
    await world.redis.flushall();
    const summary = await world.restore();
    expect(await dump(world.redis)).toEqual(before);
    expect(summary).toMatchObject({
      ...{ guilds: 2, channels: 3, bans: 1, ipBans: 2, users: 3, groupDms: 1 },
      ...{ invites: 10, vanities: 1, damaged: 0 },
    });
    expect(Math.abs(Date.now() - (summary.newestMs ?? 0))).toBeLessThan(60_000);
  });

  it('serves afterwards: joins, revocations, disconnections, and the next seq is a new one', async () => {
    const { open, capped, temporary, toGroup, vanity, visitor, guild, other, groupDm } = await fill(
      world.engine,
    );
    await world.copy();
    const seq = Number(await world.redis.get('invited:{0}:seq'));
    await world.redis.flushall();
    await world.restore();
    expect(Number(await world.redis.get('invited:{0}:seq'))).toBe(seq);
    for (const { code } of [open, capped, temporary, toGroup]) {
      expect(await world.engine.accept(code, id(), null)).toMatchObject({ status: 'accepted' });
    }
    expect(await world.engine.accept(vanity, id(), null)).toMatchObject({ status: 'accepted' });
    expect(await joinsOf(capped.code)).toBe(6);
    expect(await joinsOf(vanity)).toBe(3);
    expect([...(await world.engine.disconnect(visitor))].sort()).toEqual([guild.id, other.id].sort());
    expect(await world.engine.getGroupDm(groupDm.id)).toMatchObject({
      recipients: [...groupDm.recipients, expect.any(String), expect.any(String)],
    });
    await world.copy();
    expect(await world.run('select count(*)::int as n from invited.joins')).toEqual([{ n: 9 + 5 }]);
  });

  it('does not load the demo over what it restored, and leaves an empty Redis to it', async () => {
    await world.redis.flushall();
    await world.restore();
    expect(await world.store.isDone('demo')).toBe(false);
    await putGuild(world.engine);
    await world.copy();
    await world.redis.flushall();
    await world.restore();
    expect(await world.store.isDone('demo')).toBe(true);
  });

  it('gives the same when it is run again', async () => {
    await fill(world.engine);
    await world.copy();
    const before = await dump(world.redis);
    await world.redis.flushall();
    await world.restore();
    await world.restore();
    expect(await dump(world.redis)).toEqual(before);
  });

  it('gives the same into a Redis that lost nothing', async () => {
    await fill(world.engine);
    await world.copy();
    const before = await dump(world.redis);
    await world.restore();
    expect(await dump(world.redis)).toEqual(before);
  });

  it('gives the same when it was ended anywhere half-way, and leaves Redis closed then', async () => {
    await fill(world.engine);
    await world.copy();
    const before = await dump(world.redis);
    for (const stopAfter of [1, 2, 5, 6, 18, 19, 21, 24, 25]) {
      await world.redis.flushall();
      await expect(world.restore(stopAfter)).rejects.toThrow(RestoreInterrupted);
      expect(await world.store.epochs.read()).toEqual([null]);
      await world.restore();
      expect(await dump(world.redis)).toEqual(before);
    }
  });

  it('gives the same whatever part of it was written before', async () => {
    await fill(world.engine);
    await world.copy();
    const before = await dump(world.redis);
    await world.redis.flushall();
    for (let round = 0; round < 5; round += 1) {
      const written = await world.redis.keys('*');
      const lost = written.filter(() => Math.random() < 0.5);
      if (lost.length > 0) await world.redis.del(...lost);
      await world.restore();
      expect(await dump(world.redis)).toEqual(before);
    }
  });

  it('leaves alone what is newer in Redis, and what ended there stays ended', async () => {
    const { guild, other, groupDm, open, capped, temporary, toGroup, visitor } = await fill(world.engine);
    const [removed, banned] = [id(), id()];
    await world.engine.putMember({ guild_id: guild.id, user_id: removed, roles: [], temporary: false });
    await world.engine.putBan({ guild_id: guild.id, user_id: banned, reason: null });
    const deleted = await putGuild(world.engine);
    await world.copy();

    await world.engine.deleteGuild(deleted.id, '1' as Snowflake);
    await world.engine.deleteMember(guild.id, removed);
    await world.engine.deleteBan(guild.id, banned);
    await world.engine.putMember({ guild_id: guild.id, user_id: visitor, roles: [id()], temporary: false });
    await putChannel(world.engine, other.id, other.channelId, 77);
    await world.engine.deleteChannel(guild.id, guild.channelId, '1' as Snowflake);
    await world.engine.setVanity(guild.id, service, null);
    await world.engine.revoke(temporary.code, service);
    await world.engine.putGroupDm({ ...groupDm, recipients: [groupDm.owner_id] });
    await world.engine.accept(toGroup.code, id(), null);
    const before = await dump(world.redis);
    const summary = await world.restore();
    expect(await dump(world.redis)).toEqual(before);
    expect(summary.damaged).toBe(0);
    for (const { code } of [open, capped, temporary]) expect(await joinsOf(code)).toBe('unknown');

    await world.copy();
    await world.redis.flushall();
    await world.restore();
    expect(await dump(world.redis)).toEqual(before);
  });

  it('brings back invites as they were changed, with the time when they end', async () => {
    const { open, capped, temporary } = await fill(world.engine);
    const nothing = { maxAgeS: null, maxUses: null, isTemporary: null, isPaused: null };
    await world.copy();
    await world.engine.edit(open.code, service, { ...nothing, isPaused: true, isTemporary: true });
    await world.engine.edit(capped.code, service, { ...nothing, maxUses: 90 });
    await world.engine.edit(temporary.code, service, { ...nothing, maxAgeS: 604_800, maxUses: 7 });
    await world.engine.edit(temporary.code, service, { ...nothing, maxAgeS: 0 });
    const before = await dump(world.redis);
    await world.restore();
    expect(await dump(world.redis)).toEqual(before);
    await world.copy();
    await world.redis.flushall();
    await world.restore();
    expect(await dump(world.redis)).toEqual(before);
  });

  it('takes the larger number of uses, of Redis, of the row and of the ledger', async () => {
    const { open, capped, vanity } = await fill(world.engine);
    await world.copy();
    await world.run('update invited.invites set uses = 0');
    await world.run('update invited.vanity set uses = 0');
    await world.redis.flushall();
    await world.restore();
    expect([await joinsOf(open.code), await joinsOf(capped.code), await joinsOf(vanity)]).toEqual([1, 5, 2]);
    await world.run('update invited.invites set uses = 9 where code = $1', [capped.code]);
    await world.restore();
    expect(await joinsOf(capped.code)).toBe(9);
    await world.run('update invited.invites set uses = 10 where code = $1', [capped.code]);
    await world.restore();
    expect(await joinsOf(capped.code)).toBe('unknown');
  });

  it('brings nothing back that has expired meanwhile', async () => {
    const { guild } = await fill(world.engine);
    const short = invite(guild.channelId, { code: codeFor(guild.id, true), created_at_ms: null, max_age: 1 });
    await world.engine.putInvite(short);
    await world.copy();
    await world.redis.flushall();
    await world.run(
      `update invited.invites set expires_at = clock_timestamp() - interval '1 ms' where code = $1`,
      [short.code],
    );
    const summary = await world.restore();
    expect(summary.invites).toBe(10);
    expect(await joinsOf(short.code)).toBe('unknown');
  });

  it('ends what an old Redis still has and Postgres knows as ended, and takes its guilds back to what they are', async () => {
    const { guild, other, open, capped, vanity } = await fill(world.engine);
    const old = await snapshot();
    await world.copy();
    await world.engine.revoke(open.code, service);
    await world.engine.revoke(capped.code, service);
    await world.engine.setVanity(guild.id, service, null);
    await world.engine.setVanity(other.id, service, vanity);
    const again = invite(other.channelId, { code: open.code });
    await world.engine.putInvite(again);
    await world.copy();
    const before = await dump(world.redis);
    await putBack(old);
    await world.restore();
    // A pointer that leads nowhere may stay behind.
    expect(await dump(world.redis)).toEqual(before);
    expect(await joinsOf(open.code)).toBe(0);
    expect(await joinsOf(capped.code)).toBe('unknown');
    expect(await joinsOf(vanity)).toBe(0);
  });

  /** Everything but the journal: a Redis that was put back to an earlier state has no marks beyond it. */
  const snapshot = async () => {
    const keys = (await world.redis.keys('*')).filter((key) => !/:(events|dirty|epoch|lease:.*)$/.test(key));
    return Promise.all(
      keys.map(async (key) => [key, await world.redis.dumpBuffer(key), await world.redis.pttl(key)] as const),
    );
  };
  const putBack = async (old: Awaited<ReturnType<typeof snapshot>>) => {
    await world.redis.flushall();
    for (const [key, value, ttl] of old) await world.redis.restore(key, Math.max(0, ttl), value ?? '');
  };

  it('gives a code to one only, whatever Redis held', async () => {
    const first = await putGuild(world.engine);
    const code = 'vanity-of-one';
    await world.engine.setVanity(first.id, service, code);
    await world.copy();
    await world.redis.flushall();
    await world.store.epochs.open('tests');
    const second = await putGuild(world.engine);
    await world.engine.setVanity(second.id, service, code);
    // The other guild and its vanity are newer: they stay, and the first one goes without.
    const summary = await world.restore();
    expect(summary).toMatchObject({ guilds: 1, vanities: 0, damaged: 1 });
    expect(await world.engine.getVanity(first.id, service)).toMatchObject({ vanity: { code: null } });
    expect(await world.engine.getVanity(second.id, service)).toMatchObject({ vanity: { code } });
    // Were it not newer, Postgres would have its way.
    await world.redis.del('invited:{0}:dirty');
    await world.restore();
    expect(await world.engine.getVanity(first.id, service)).toMatchObject({ vanity: { code } });
    expect(await world.engine.getVanity(second.id, service)).toMatchObject({ vanity: { code: null } });
    const accepted = await world.engine.accept(code, id(), null);
    expect(accepted).toMatchObject({ status: 'accepted' });
    expect(await world.engine.getGuild(first.id)).not.toBe('unknown_guild');
  });

  it('skips damaged rows, counts them, and restores the others', async () => {
    const { guild, other, open, capped, toGroup, vanity, temporary } = await fill(world.engine);
    await world.copy();
    await world.run('update invited.invites set uses = -1, base_uses = -1000 where code = $1', [open.code]);
    await world.run('update invited.invites set uses = 11 where code = $1', [capped.code]);
    await world.run('update invited.invites set code = $2 where code = $1', [toGroup.code, 'no code']);
    await world.run('update invited.invites set channel_id = -5 where code = $1', [temporary.code]);
    await world.run('update invited.vanity set uses = -1');
    await world.run(`update invited.channels set record = '"text"' where guild_id = $1`, [other.id]);
    await world.run(`update invited.users set record = '{}' where username = 'ada'`);
    await world.run('update invited.bans set user_id = -1');
    await world.run(`insert into invited.members values (77, 78, 1, false, '{}')`);
    await world.redis.flushall();
    const summary = await world.restore();
    expect(summary).toMatchObject({ guilds: 2, channels: 2, users: 2, bans: 0, invites: 6, vanities: 0 });
    // toGroup's joins go without an invite; one channel, one user, one ban, one member of no guild, a vanity
    // and four invites.
    expect(summary.damaged).toBe(9);
    expect(await joinsOf(vanity)).toBe('unknown');
    expect(await world.engine.getVanity(guild.id, service)).toMatchObject({ vanity: { code: null } });
  });

  it('skips a guild without its fields, with all that is its own', async () => {
    const { guild } = await fill(world.engine);
    await world.copy();
    await world.run(`update invited.guilds set record = '{"id": 5}' where id = $1`, [guild.id]);
    await world.redis.flushall();
    const summary = await world.restore();
    expect(summary).toMatchObject({ guilds: 1, channels: 1, vanities: 0 });
    expect((await world.redis.keys(`*${guild.id}*`)).length).toBe(0);
  });

  it('refuses to go on when the journal was opened, or the lease is lost', async () => {
    await fill(world.engine);
    await world.copy();
    await world.redis.flushall();
    const restoring = world.store.restoring('me');
    await expect(restoring.end(0, null)).rejects.toThrow(RestoreRefused);
    await world.store.journal.lease(0, 'restore', 'another', 5000);
    await expect(world.restore()).rejects.toThrow(RestoreInterrupted);
    expect(await world.redis.keys('*')).toEqual(['invited:{0}:lease:restore']);
    await world.store.epochs.open('tests');
    await expect(world.store.restoring('another').end(0, null)).rejects.toMatchObject({ why: 'open' });
  });

  it('lets no writer finish that read from the Redis there was before', async () => {
    const { guild } = await fill(world.engine);
    await world.copy();
    const [before] = await world.run('select fence from invited.journals where journal = 0');
    await world.redis.flushall();
    await world.restore();
    const [after] = await world.run('select fence from invited.journals where journal = 0');
    expect(Number(after?.['fence'])).toBeGreaterThan(Number(before?.['fence']));
    expect(await world.engine.getGuild(guild.id)).not.toBe('unknown_guild');
  });

  it('writes new events behind those that Postgres has, even if the clock of the new Redis lags', async () => {
    const { open } = await fill(world.engine);
    await world.copy();
    const ahead = `${Date.now() + 3_600_000}-5`;
    await world.run('update invited.journals set stream_id = $1', [ahead]);
    await world.redis.flushall();
    await world.restore();
    await world.engine.accept(open.code, id(), null);
    await world.copy();
    expect(
      await world.run('select count(*)::int as n from invited.joins where code = $1', [open.code]),
    ).toEqual([{ n: 2 }]);
  });
});
