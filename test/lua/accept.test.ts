import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { codeIn, newId, type Reply, revisionOf, rowOf, World, worlds } from './world.js';

describe.each(worlds)('accept.lua on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  const counts = async (guildId: string, code: string) => {
    const { uses, members } = rowOf(await world.read(guildId, code, ['', 0, '']));
    return { uses, members };
  };

  it('does not know a code that nobody made', async () => {
    const guild = await world.guild();
    expect(await world.accept(guild.id, codeIn(guild.id), newId())).toEqual(['unknown']);
  });

  it('lets a user in, takes one use and writes one event', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { inviterId: '77' });
    const [entries, marks] = [await world.entries(guild.id), await world.marks(guild.id)];
    const userId = newId();
    const reply = await world.accept(guild.id, code, userId);
    expect(reply[0]).toBe('accepted');
    expect(revisionOf(reply[1] as Reply)).toMatchObject({ code, version: 1, channelId: guild.channelId });
    expect(await counts(guild.id, code)).toEqual({ uses: 1, members: 2 });
    expect(await world.redis.hget(world.key(guild.id, `guild:${guild.id}:members`), userId)).toBe('p');
    const [event] = await world.events(guild.id, 1);
    expect(event).toMatchObject({
      type: 'INVITE_ACCEPT',
      guild_id: guild.id,
      channel_id: guild.channelId,
      code,
      user_id: userId,
      inviter_id: '77',
      uses: '1',
      temporary: '0',
      vanity: '0',
    });
    expect(await world.entries(guild.id)).toBe(entries + 1);
    // The copy learns of the member and of the invite's uses from the joins.
    expect(await world.marks(guild.id)).toEqual(marks);
  });

  it('knows who is in already, and writes nothing for him', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const userId = newId();
    await world.accept(guild.id, code, userId);
    const before = [await world.entries(guild.id), await world.marks(guild.id)];
    const again = await world.accept(guild.id, code, userId);
    expect(again[0]).toBe('already');
    expect((await counts(guild.id, code)).uses).toBe(1);
    expect((await world.accept(guild.id, code, guild.ownerId))[0]).toBe('already');
    expect([await world.entries(guild.id), await world.marks(guild.id)]).toEqual(before);
  });

  it('gives the last use once, and the invite is gone behind it', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxUses: 3 });
    const replies = [];
    for (let at = 0; at < 4; at += 1) replies.push((await world.accept(guild.id, code, newId()))[0]);
    expect(replies).toEqual(['accepted', 'accepted', 'accepted', 'unknown']);
    expect(await world.redis.exists(world.key(guild.id, `invite:${code}`))).toBe(0);
    expect(await world.redis.zscore(world.key(guild.id, `guild:${guild.id}:invites`), code)).toBeNull();
    const [accepted, ended] = await world.events(guild.id, 2);
    expect(accepted).toMatchObject({ type: 'INVITE_ACCEPT', code, uses: '3' });
    expect(ended).toMatchObject({ type: 'INVITE_DELETE', code, reason: 'exhausted', by: '' });
    expect(Number(ended?.['seq'])).toBe(Number(accepted?.['seq']) + 1);
  });

  it.each([
    [-1, 'accepted'],
    [0, 'unknown'],
    [1, 'unknown'],
  ])('at %d ms from expires_at answers %s', async (offsetMs, status) => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxAge: 60 });
    const expiresAtMs = Number((await world.record(world.codeKey(code)))?.['expires_at_ms']);
    const reply = await world.acceptAt(expiresAtMs + offsetMs, guild.id, code, newId());
    expect(reply[0]).toBe(status);
  });

  it('refuses while the guild has paused its invites, also those who are in', async () => {
    const guild = await world.guild({ flags: 1 });
    const code = await world.invite(guild);
    expect(await world.accept(guild.id, code, newId())).toEqual(['invites_disabled']);
    expect(await world.accept(guild.id, code, guild.ownerId)).toEqual(['invites_disabled']);
  });

  it('refuses a paused invite', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    await world.setField(world.codeKey(code), 'flags', 2);
    expect(await world.accept(guild.id, code, newId())).toEqual(['invites_disabled']);
  });

  it('refuses a banned user and a banned address, the user first', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const userId = newId();
    await world.at(guild.id, 'ban-put', guild.id, 'bans', userId, '{}');
    await world.at(guild.id, 'ban-put', guild.id, 'ip-bans', '192.0.2.1', '{}');
    expect(await world.accept(guild.id, code, userId, '192.0.2.1')).toEqual(['banned']);
    expect(await world.accept(guild.id, code, newId(), '192.0.2.1')).toEqual(['ip_banned']);
    expect((await world.accept(guild.id, code, newId(), '192.0.2.2'))[0]).toBe('accepted');
    expect((await world.accept(guild.id, code, newId()))[0]).toBe('accepted');
  });

  it.each([
    [2, 'accepted'],
    [1, 'guild_full'],
  ])('with room for %d members and the owner in answers %s', async (maxMembers, status) => {
    const guild = await world.guild({ maxMembers });
    const code = await world.invite(guild);
    expect((await world.accept(guild.id, code, newId()))[0]).toBe(status);
  });

  it('judges "full" by the count that the host told, and moves it', async () => {
    const guild = await world.guild({ maxMembers: 10, memberCount: 9 });
    const code = await world.invite(guild);
    const reply = await world.accept(guild.id, code, newId());
    expect(reply[0]).toBe('accepted');
    expect((await counts(guild.id, code)).members).toBe(10);
    const [event] = await world.events(guild.id, 1);
    // The copy learns of the count from here: the joins do not say it.
    expect((await world.marks(guild.id))[`guild:${guild.id}`]).toBe(Number(event?.['seq']));
    expect(await world.accept(guild.id, code, newId())).toEqual(['guild_full']);
  });

  it('makes a temporary member by a temporary invite, and indexes him', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { temporary: true });
    const userId = newId();
    await world.accept(guild.id, code, userId);
    expect(await world.redis.hget(world.key(guild.id, `guild:${guild.id}:members`), userId)).toBe('t');
    expect(await world.redis.smembers(world.temporaryKey(guild.id, userId))).toEqual([
      `${partitionOfId(guild.id)} ${guild.id}`,
    ]);
  });

  it.each([
    [49, 'accepted'],
    [50, 'group_dm_full'],
  ])('lets nobody into a group DM beyond 50: with %d in it answers %s', async (count, status) => {
    const groupDm = await world.groupDm(Array.from({ length: count }, newId));
    const code = await world.invite(groupDm);
    expect((await world.accept(groupDm.id, code, newId()))[0]).toBe(status);
  });

  it('puts a new recipient of a group DM behind the others', async () => {
    const first = [newId(), newId()];
    const groupDm = await world.groupDm(first);
    const code = await world.invite(groupDm);
    const marks = await world.marks(groupDm.id);
    const userId = newId();
    const reply = await world.accept(groupDm.id, code, userId);
    expect(revisionOf(reply[1] as Reply).recipients).toEqual([...first, userId]);
    const [event] = await world.events(groupDm.id, 1);
    expect(event).toMatchObject({ type: 'INVITE_ACCEPT', guild_id: '', user_id: userId, uses: '1' });
    expect(await world.marks(groupDm.id)).toEqual(marks);
    expect((await world.accept(groupDm.id, code, userId))[0]).toBe('already');
  });

  it('is unknown where the guild is gone from under the invite', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    await world.redis.del(world.key(guild.id, `guild:${guild.id}`));
    expect(await world.accept(guild.id, code, newId())).toEqual(['unknown']);
  });
});
