import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { readLibrary } from '../../src/store/script-texts.js';
import { codeIn, newId, type Reply, rowOf, World, worlds } from './world.js';

describe.each(worlds)('the directory on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    // Sweeping at a time to come would end the invites of tests that run beside this one.
    world = await World.open(kind, false);
  });
  afterAll(() => world.close());

  const membership = (guildId: string, userId: string) =>
    world.redis.hget(world.key(guildId, `guild:${guildId}:members`), userId);
  const field = async (guildId: string, name: string) =>
    (await world.record(world.key(guildId, `guild:${guildId}`)))?.[name];
  const toldCount = async (guildId: string) => Number(await field(guildId, 'told_member_count'));
  const seqOf = async (id: string) => Number(await world.redis.get(world.journalKey(id, 'seq')));
  const liveCodes = async (guildId: string) => {
    const reply = await world.at(guildId, 'list', guildId, '', '1', 1, '', '', '');
    return (reply[1] as readonly Reply[]).map((row) => row[5]);
  };

  describe('guilds', () => {
    it('are put, read and deleted', async () => {
      const id = newId();
      expect(await world.at(id, 'guild-get', id)).toEqual(['unknown_guild']);
      expect(await world.at(id, 'guild-put', id, '5', 0, 10, 7, 3, '{"shown":1}', '{"told":1}')).toEqual([
        'put',
      ]);
      expect(await world.at(id, 'guild-get', id)).toEqual(['found', '{"told":1}', 7, '3']);
      expect(await world.at(id, 'guild-put', id, '5', 0, 10, '', '', '{}', '{"told":2}')).toEqual(['put']);
      expect(await world.at(id, 'guild-get', id)).toEqual(['found', '{"told":2}', '', '']);
      expect(await world.at(id, 'guild-delete', id, '9')).toEqual(['deleted', '', '', []]);
      expect(await world.at(id, 'guild-delete', id, '9')).toEqual(['unknown_guild']);
    });

    it('keep the largest numbers that a host may tell, whatever is written beside them', async () => {
      const id = newId();
      const largest = Number.MAX_SAFE_INTEGER;
      const told = () => world.at(id, 'guild-get', id);
      await world.at(id, 'guild-put', id, '5', 2, largest, largest - 1, largest, '{}', '{"told":1}');
      const channelId = newId();
      await world.at(id, 'channel-put', id, channelId, '0 0', '{}', '{}');
      await world.at(id, 'ban-put', id, 'bans', newId(), '{}');
      await world.at(id, 'vanity-set', id, '1', 1, '', `v-${id}`, '1', 9_000_000_000_000, '*');
      expect(await told()).toEqual(['found', '{"told":1}', String(largest - 1), String(largest)]);
      expect(await field(id, 'max_members')).toBe(String(largest));

      const code = await world.invite({ id, channelId });
      const accept = async (userId: string) => (await world.accept(id, code, userId))[0];
      expect(await accept(newId())).toBe('accepted');
      expect((await told())[2]).toBe(String(largest));
      expect(rowOf(await world.read(id, code, ['', 0, ''])).members).toBe(largest);
      expect(await accept(newId())).toBe('guild_full');
      expect(await accept('5')).toBe('already');
      // There is no larger one.
      await world.at(id, 'member-put', id, newId(), 'p');
      expect((await told())[2]).toBe(String(largest));

      await world.at(id, 'guild-put', id, '5', 2, largest, 9_999_999_999, '', '{}', '{}');
      const userId = newId();
      expect((await world.accept(id, `v-${id}`, userId, '-', id))[0]).toBe('accepted');
      expect((await told())[2]).toBe(10_000_000_000);
      expect(await world.at(id, 'vanity-get', id, '1', 1, '', '-', '*')).toEqual(['is', `v-${id}`, 1, 1]);
      await world.at(id, 'member-delete', id, userId);
      expect((await told())[2]).toBe(9_999_999_999);
    });

    it('are born once, and anew when they come back', async () => {
      const guild = await world.guild();
      const born = async () => Number(await field(guild.id, 'born_seq'));
      const first = await born();
      expect(first).toBeGreaterThan(0);
      await world.putGuild(guild.id, newId());
      await world.at(guild.id, 'ban-put', guild.id, 'bans', '66', '{}');
      expect(await born()).toBe(first);
      await world.at(guild.id, 'guild-delete', guild.id, '9');
      const gone = await seqOf(guild.id);
      expect((await world.marks(guild.id))[`guild:${guild.id}`]).toBe(gone);
      await world.putGuild(guild.id, guild.ownerId);
      expect(await born()).toBe(gone + 1);
    });

    it('keep their bans and vanity when they are replaced', async () => {
      const guild = await world.guild({ flags: 2 });
      await world.at(
        guild.id,
        'vanity-set',
        guild.id,
        '1',
        1,
        '',
        `v-${guild.id}`,
        '7',
        9_000_000_000_000,
        '*',
      );
      await world.at(guild.id, 'ban-put', guild.id, 'ip-bans', '192.0.2.1', '{}');
      const kept = async () => {
        const { revision: _, ...rest } = {
          ...(await world.record(world.key(guild.id, `guild:${guild.id}`))),
        };
        return rest;
      };
      const before = await kept();
      expect(before).toMatchObject({ vanity_code: `v-${guild.id}`, vanity_token: '7', ban_kinds: '2' });
      await world.putGuild(guild.id, guild.ownerId, { flags: 2 });
      expect(await kept()).toEqual(before);
    });

    it('have their owner as a member, also a new one, and never for a time only', async () => {
      const guild = await world.guild();
      const heir = newId();
      await world.at(guild.id, 'member-put', guild.id, heir, 't');
      const index = world.temporaryKey(guild.id, heir);
      expect(await world.redis.smembers(index)).toEqual([`${partitionOfId(guild.id)} ${guild.id}`]);
      await world.putGuild(guild.id, heir);
      expect(await membership(guild.id, guild.ownerId)).toBe('p');
      expect(await membership(guild.id, heir)).toBe('p');
      expect(await world.redis.exists(index)).toBe(0);
    });

    it('lose their old roles when they are replaced', async () => {
      const guild = await world.guild({ roles: [['71', 32]] });
      await world.putGuild(guild.id, guild.ownerId, { roles: [['72', 32]] });
      expect(await world.redis.hkeys(world.key(guild.id, `guild:${guild.id}:roles`))).toEqual(['72']);
    });

    it('end everything with them: invites and vanity with events, members, bans', async () => {
      const guild = await world.guild({ flags: 2 });
      const code = await world.invite(guild);
      await world.at(
        guild.id,
        'vanity-set',
        guild.id,
        '1',
        1,
        '',
        'some-vanity',
        '1',
        9_000_000_000_000,
        '*',
      );
      await world.at(guild.id, 'ban-put', guild.id, 'bans', '66', '{}');
      const reply = await world.at(guild.id, 'guild-delete', guild.id, '9');
      await world.end(guild.id, `guild:${guild.id}`);
      expect(reply).toEqual(['deleted', 'some-vanity', '1', [guild.channelId]]);
      const [vanity, ended] = await world.events(guild.id, 2);
      expect(ended).toMatchObject({ type: 'INVITE_DELETE', code, reason: 'guild_deleted', by: '9' });
      expect(vanity).toMatchObject({ type: 'VANITY_UPDATE', old_code: 'some-vanity', new_code: '' });
      const left = await world.redis.keys(world.key(guild.id, `guild:${guild.id}*`));
      expect(left).toEqual([]);
      await world.putGuild(guild.id, guild.ownerId);
      expect(await world.at(guild.id, 'part-get', guild.id, 'bans', '66')).toEqual(['absent']);
    });

    it('show with a vanity the first text channel that @everyone may view', async () => {
      const id = newId();
      await world.putGuild(id, '5');
      const landing = async () => (await field(id, 'landing_channel_id'))?.replace('-', '');
      const put = (channelId: string, rule: string) =>
        world.at(id, 'channel-put', id, channelId, rule, '{}', '{}');
      expect(await landing()).toBe('');
      await put('30', '2 0');
      expect(await landing()).toBe('');
      await put('29', '0 5');
      expect(await landing()).toBe('29');
      await put('9', '0 5');
      expect(await landing()).toBe('9');
      await put('1000', '0 4');
      expect(await landing()).toBe('1000');
      await put('1000', `0 4 ${id}:0:0:1024`);
      expect(await landing()).toBe('9');
      await put('1000', `0 4 ${id}:0:0:1024 ${id}:1:1024:0`);
      expect(await landing()).toBe('9');
      await world.at(id, 'channel-delete', id, '9', '5');
      expect(await landing()).toBe('29');
      await world.putGuild(id, '5', { roles: [[id, 1]] });
      expect(await landing()).toBe('');
      await world.putGuild(id, '5', { roles: [[id, 8]] });
      expect(await landing()).toBe('1000');
    });
  });

  describe('channels', () => {
    it('end their own invites with them, and no others', async () => {
      const guild = await world.guild();
      const other = newId();
      await world.at(guild.id, 'channel-put', guild.id, other, '0 1', '{}', '{}');
      const ends = await world.invite(guild);
      const stays = await world.invite({ id: guild.id, channelId: other });
      expect(await world.at(guild.id, 'channel-delete', guild.id, guild.channelId, '9')).toEqual(['deleted']);
      await world.end(guild.id, `channel:${guild.id}:${guild.channelId}`);
      expect(await liveCodes(guild.id)).toEqual([stays]);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({ type: 'INVITE_DELETE', code: ends, reason: 'channel_deleted', by: '9' });
      expect(await world.at(guild.id, 'channel-delete', guild.id, guild.channelId, '9')).toEqual([
        'unknown_channel',
      ]);
    });

    it('need their guild', async () => {
      const id = newId();
      expect(await world.at(id, 'channel-put', id, '1', '0 0', '{}', '{}')).toEqual(['unknown_guild']);
      expect(await world.at(id, 'channel-delete', id, '1', '9')).toEqual(['unknown_guild']);
    });

    it('belong to one guild, until that one is known not to have them', async () => {
      const id = newId();
      expect(await world.at(id, 'channel-claim', id, '10', '')).toEqual(['claimed']);
      expect(await world.at(id, 'channel-claim', id, '10', '')).toEqual(['had']);
      expect(await world.at(id, 'channel-claim', id, '20', '')).toEqual(['held', '10']);
      expect(await world.at(id, 'channel-claim', id, '20', '30')).toEqual(['held', '10']);
      expect(await world.at(id, 'channel-claim', id, '20', '10')).toEqual(['claimed']);
      expect(await world.at(id, 'channel-release', id, '10')).toEqual(['kept']);
      expect(await world.at(id, 'channel-release', id, '20')).toEqual(['released']);
      expect(await world.at(id, 'channel-release', id, '20')).toEqual(['kept']);
    });

    it('are no group DMs, and the other way about', async () => {
      const groupDm = await world.groupDm([newId()]);
      expect(await world.at(groupDm.id, 'channel-claim', groupDm.id, '10', '')).toEqual(['group_dm']);
      const id = newId();
      await world.at(id, 'channel-claim', id, '10', '');
      expect(await world.at(id, 'group-dm-put', id, '1', '{}', '{}', '', '1')).toEqual(['held', '10']);
      expect(await world.at(id, 'group-dm-put', id, '1', '{}', '{}', '10', '1')).toEqual(['put']);
    });
  });

  describe('members', () => {
    it('are put, and removed with an event', async () => {
      const guild = await world.guild();
      const userId = newId();
      expect(await world.at(guild.id, 'member-put', guild.id, userId, 'p1,2')).toEqual(['put', 'p1,2']);
      expect(await world.at(guild.id, 'part-get', guild.id, 'members', userId)).toEqual(['found', 'p1,2']);
      expect(await world.at(guild.id, 'member-delete', guild.id, userId)).toEqual(['deleted']);
      expect(await world.at(guild.id, 'member-delete', guild.id, userId)).toEqual(['unknown_member']);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({
        type: 'MEMBER_REMOVE',
        user_id: userId,
        reason: 'removed',
        channel_id: '',
      });
    });

    it('move a told count when they come and go, and only then', async () => {
      const guild = await world.guild({ memberCount: 10 });
      const userId = newId();
      await world.at(guild.id, 'member-put', guild.id, userId, 'p');
      expect(await toldCount(guild.id)).toBe(11);
      await world.at(guild.id, 'member-put', guild.id, userId, 't');
      expect(await toldCount(guild.id)).toBe(11);
      await world.at(guild.id, 'member-delete', guild.id, userId);
      expect(await toldCount(guild.id)).toBe(10);
    });

    it('are marked when they are put, and their guild with them where it has a told count', async () => {
      for (const options of [{}, { memberCount: 10 }]) {
        const guild = await world.guild(options);
        const before = await world.marks(guild.id);
        const userId = newId();
        await world.at(guild.id, 'member-put', guild.id, userId, 't');
        const seq = await seqOf(guild.id);
        expect(await world.marks(guild.id)).toEqual({
          ...before,
          [`member:${guild.id}:${userId}`]: seq,
          ...('memberCount' in options ? { [`guild:${guild.id}`]: seq } : {}),
        });
      }
    });

    const ends = {
      'member-delete': (guildId: string, userId: string) =>
        world.at(guildId, 'member-delete', guildId, userId),
      'ban-put': (guildId: string, userId: string) =>
        world.at(guildId, 'ban-put', guildId, 'bans', userId, '{}'),
      disconnect: (guildId: string, userId: string) => world.at(guildId, 'disconnect', userId),
    };
    it.each(Object.entries(ends))(
      'that end by %s are told by the event alone, a told count by a mark',
      async (_, end) => {
        for (const options of [{}, { memberCount: 10 }]) {
          const guild = await world.guild(options);
          const userId = newId();
          await world.at(guild.id, 'member-put', guild.id, userId, 't');
          const { [`bans:${guild.id}:${userId}`]: none, ...before } = await world.marks(guild.id);
          expect(none).toBeUndefined();
          await end(guild.id, userId);
          const [event] = await world.events(guild.id, 1);
          expect(event).toMatchObject({
            type: 'MEMBER_REMOVE',
            user_id: userId,
            seq: String(await seqOf(guild.id)),
          });
          const { [`bans:${guild.id}:${userId}`]: ban, ...after } = await world.marks(guild.id);
          expect(ban === undefined).toBe(end !== ends['ban-put']);
          const seq = Number(event?.['seq']);
          expect(after).toEqual({
            ...before,
            ...('memberCount' in options ? { [`guild:${guild.id}`]: seq } : {}),
          });
        }
      },
    );

    it('are not the owner: he keeps his place when he is removed or banned', async () => {
      const guild = await world.guild();
      await world.at(guild.id, 'member-put', guild.id, guild.ownerId, 't1');
      expect(await membership(guild.id, guild.ownerId)).toBe('p1');
      expect(await world.at(guild.id, 'member-delete', guild.id, guild.ownerId)).toEqual(['deleted']);
      expect(await membership(guild.id, guild.ownerId)).toBe('p');
      await world.at(guild.id, 'ban-put', guild.id, 'bans', guild.ownerId, '{}');
      expect(await membership(guild.id, guild.ownerId)).toBe('p');
    });

    it('need their guild', async () => {
      const id = newId();
      expect(await world.at(id, 'member-put', id, '1', 'p')).toEqual(['unknown_guild']);
      expect(await world.at(id, 'member-delete', id, '1')).toEqual(['unknown_guild']);
      expect(await world.at(id, 'part-get', id, 'members', '1')).toEqual(['unknown_guild']);
    });

    it('that are temporary end with disconnect.lua, and only those', async () => {
      const guild = await world.guild({ memberCount: 5 });
      const userId = newId();
      const stays = newId();
      await world.at(guild.id, 'member-put', guild.id, userId, 't');
      await world.at(guild.id, 'member-put', guild.id, stays, 't');
      await world.at(guild.id, 'member-put', guild.id, stays, 'p');
      expect(await world.at(guild.id, 'disconnect', userId)).toEqual(['disconnected', [guild.id]]);
      expect(await world.at(guild.id, 'disconnect', userId)).toEqual(['disconnected', []]);
      expect(await world.at(guild.id, 'disconnect', stays)).toEqual(['disconnected', []]);
      expect(await membership(guild.id, userId)).toBeNull();
      expect(await membership(guild.id, stays)).toBe('p');
      expect(await toldCount(guild.id)).toBe(6);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({ type: 'MEMBER_REMOVE', user_id: userId, reason: 'disconnected' });
    });

    it('of a guild that was deleted and put again are not disconnected from it', async () => {
      const guild = await world.guild();
      const userId = newId();
      await world.at(guild.id, 'member-put', guild.id, userId, 't');
      await world.at(guild.id, 'guild-delete', guild.id, '9');
      await world.putGuild(guild.id, guild.ownerId);
      expect(await world.at(guild.id, 'disconnect', userId)).toEqual(['disconnected', []]);
    });
  });

  describe('bans', () => {
    it('remove the member with an event, and are lifted once', async () => {
      const guild = await world.guild({ memberCount: 10 });
      const userId = newId();
      await world.at(guild.id, 'member-put', guild.id, userId, 'p');
      expect(await world.at(guild.id, 'ban-put', guild.id, 'bans', userId, '{"r":1}')).toEqual(['put']);
      expect(await world.at(guild.id, 'part-get', guild.id, 'bans', userId)).toEqual(['found', '{"r":1}']);
      expect(await membership(guild.id, userId)).toBeNull();
      expect(await toldCount(guild.id)).toBe(10);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({ type: 'MEMBER_REMOVE', user_id: userId, reason: 'banned' });
      expect(await world.at(guild.id, 'ban-delete', guild.id, 'bans', userId)).toEqual(['deleted']);
      expect(await world.at(guild.id, 'ban-delete', guild.id, 'bans', userId)).toEqual(['unknown_ban']);
    });

    it('need their guild', async () => {
      const id = newId();
      expect(await world.at(id, 'ban-put', id, 'ip-bans', '192.0.2.1', '{}')).toEqual(['unknown_guild']);
      expect(await world.at(id, 'ban-delete', id, 'ip-bans', '192.0.2.1')).toEqual(['unknown_guild']);
    });
  });

  describe('group DMs and users', () => {
    it('are put, read and deleted, with their invites', async () => {
      const groupDm = await world.groupDm(['51', '52']);
      expect(await world.at(groupDm.id, 'group-dm-get', groupDm.id)).toEqual(['found', '{}', ['51', '52']]);
      const code = await world.invite(groupDm, { maxAge: 60 });
      const member = `${partitionOfId(groupDm.id)} ${code} - ${groupDm.id}`;
      const expiring = world.journalKey(groupDm.id, 'expiring');
      expect(await world.redis.zscore(expiring, member)).not.toBeNull();
      expect(await world.at(groupDm.id, 'group-dm-delete', groupDm.id, '9')).toEqual(['deleted']);
      expect((await world.marks(groupDm.id))[`group-dm:${groupDm.id}`]).toBe(await seqOf(groupDm.id));
      await world.end(groupDm.id, `group-dm:${groupDm.id}`);
      expect(await world.at(groupDm.id, 'group-dm-delete', groupDm.id, '9')).toEqual(['unknown_channel']);
      expect(await world.at(groupDm.id, 'group-dm-get', groupDm.id)).toEqual(['unknown_channel']);
      const [event] = await world.events(groupDm.id, 1);
      expect(event).toMatchObject({ code, reason: 'channel_deleted', guild_id: '', channel_id: groupDm.id });
      expect(await world.redis.zscore(expiring, member)).toBeNull();
      const left = await world.redis.keys(world.key(groupDm.id, `group-dm:${groupDm.id}*`));
      expect(left).toEqual([]);
    });

    it('users are stored as they are shown', async () => {
      const id = newId();
      expect(await world.at(id, 'user-get', id)).toEqual(['unknown_user']);
      expect(await world.at(id, 'user-put', id, '{"name":"é"}')).toEqual(['put']);
      expect(await world.redis.get(world.key(id, `user:${id}`))).toBe('{"name":"é"}');
      expect(await world.marks(id)).toEqual({ [`user:${id}`]: await seqOf(id) });
      const before = await world.everything();
      expect(await world.at(id, 'user-get', id)).toEqual(['found', '{"name":"é"}']);
      expect(await world.everything()).toEqual(before);
      expect(await world.at(id, 'user-delete', id)).toEqual(['deleted']);
      expect(await world.marks(id)).toEqual({ [`user:${id}`]: await seqOf(id) });
      expect(await world.at(id, 'user-get', id)).toEqual(['unknown_user']);
      expect(await world.at(id, 'user-delete', id)).toEqual(['unknown_user']);
    });
  });

  it('channels and bans are marked, and their guild is not', async () => {
    const guild = await world.guild();
    const { [`guild:${guild.id}`]: born } = await world.marks(guild.id);
    for (const [entity, ...call] of [
      [`channel:${guild.id}:${guild.channelId}`, 'channel-put', guild.channelId, '0 0', '{}', '{}'],
      [`channel:${guild.id}:${guild.channelId}`, 'channel-delete', guild.channelId, '9'],
      [`bans:${guild.id}:66`, 'ban-put', 'bans', '66', '{}'],
      [`bans:${guild.id}:66`, 'ban-delete', 'bans', '66'],
      [`ip-bans:${guild.id}:2001:db8:0:1::/64`, 'ban-put', 'ip-bans', '2001:db8:0:1::/64', '{}'],
      [`ip-bans:${guild.id}:2001:db8:0:1::/64`, 'ban-delete', 'ip-bans', '2001:db8:0:1::/64'],
    ] as const) {
      const [name, ...args] = call;
      await world.at(guild.id, name, guild.id, ...args);
      const marks = await world.marks(guild.id);
      expect([entity, marks[entity]]).toEqual([entity, await seqOf(guild.id)]);
      expect(marks[`guild:${guild.id}`]).toBe(born);
    }
  });

  describe('invite-put.lua', () => {
    const NOW = Date.now();
    const put = (
      guild: { readonly id: string; readonly channelId: string },
      code: string,
      {
        uses = 0,
        maxUses = 0,
        maxAge = 0,
        createdAtMs = NOW,
        limit = 1000,
        deadlineMs = 0,
        inviterId = '61',
      } = {},
    ) =>
      world.at(
        guild.id,
        'invite-put',
        code,
        guild.id === guild.channelId ? '' : guild.id,
        guild.channelId,
        inviterId,
        createdAtMs,
        maxAge,
        maxUses,
        uses,
        0,
        limit,
        deadlineMs,
      );

    it('makes the invite with its uses, and replaces it later without handing a use back', async () => {
      const guild = await world.guild();
      const code = codeIn(guild.id);
      expect(await put(guild, code, { uses: 3, maxUses: 5, maxAge: 600 })).toEqual(['put']);
      await world.accept(guild.id, code, newId());
      expect(await put(guild, code, { uses: 1, maxUses: 6 })).toEqual(['put']);
      const row = rowOf(await world.read(guild.id, code, ['', 0, '']));
      expect(row).toMatchObject({ uses: 4, version: 2, expiresAtMs: '', createdAtMs: NOW });
      expect(await world.redis.pttl(world.key(guild.id, `invite:${code}`))).toBe(-1);
      expect(await world.redis.zcard(world.key(guild.id, `guild:${guild.id}:expiring`))).toBe(0);
      const events = await world.events(guild.id, 3);
      expect(events.map((event) => event['type'])).toEqual([
        'INVITE_CREATE',
        'INVITE_ACCEPT',
        'INVITE_UPDATE',
      ]);
    });

    it('keeps the largest numbers there are, and the latest and the earliest day', async () => {
      const guild = await world.guild();
      const code = codeIn(guild.id);
      const uses = Number.MAX_SAFE_INTEGER - 1;
      const createdAtMs = Date.parse('9999-12-31T23:59:59.999Z');
      expect(await put(guild, code, { uses, createdAtMs, maxAge: 604_800 })).toEqual(['put']);
      const kept = async () => rowOf(await world.read(guild.id, code, ['', 0, '']));
      const expiresAtMs = String(createdAtMs + 604_800_000);
      expect(await kept()).toMatchObject({ uses, createdAtMs, expiresAtMs, inviterId: '61', version: 1 });
      expect((await world.accept(guild.id, code, newId()))[0]).toBe('accepted');
      expect(await kept()).toMatchObject({ uses: uses + 1, createdAtMs, expiresAtMs });
      const [joined] = await world.events(guild.id, 1);
      expect(joined).toMatchObject({ type: 'INVITE_ACCEPT', uses: String(uses + 1) });

      const other = codeIn(guild.id);
      expect(await put(guild, other, { uses: 9_999_999_999, createdAtMs: 0 })).toEqual(['put']);
      expect((await world.accept(guild.id, other, newId()))[0]).toBe('accepted');
      const row = rowOf(await world.read(guild.id, other, ['', 0, '']));
      expect(row).toMatchObject({ uses: 10_000_000_000, createdAtMs: 0, expiresAtMs: '', inviterId: '61' });
    });

    it('takes the moment for created_at where none is told', async () => {
      const guild = await world.guild();
      const code = codeIn(guild.id);
      const nowMs = Date.now() + 1_000_000;
      await world.atTime(
        nowMs,
        guild.id,
        'invite-put',
        code,
        guild.id,
        guild.channelId,
        '',
        '',
        60,
        0,
        0,
        0,
        9,
        0,
      );
      const row = rowOf(await world.read(guild.id, code, ['', 0, '']));
      expect(row).toMatchObject({ createdAtMs: nowMs, expiresAtMs: String(nowMs + 60_000) });
    });

    it('makes none that is over already', async () => {
      const guild = await world.guild();
      expect(await put(guild, codeIn(guild.id), { uses: 5, maxUses: 5 })).toEqual(['already_over']);
      expect(await put(guild, codeIn(guild.id), { uses: 4, maxUses: 5 })).toEqual(['put']);
      expect(await put(guild, codeIn(guild.id), { createdAtMs: NOW - 60_000, maxAge: 60 })).toEqual([
        'already_over',
      ]);
    });

    it('keeps to the limit, but lets what is there be replaced', async () => {
      const guild = await world.guild();
      const code = codeIn(guild.id);
      expect(await put(guild, code, { limit: 1 })).toEqual(['put']);
      expect(await put(guild, codeIn(guild.id), { limit: 1 })).toEqual(['max_invites']);
      expect(await put(guild, code, { limit: 1 })).toEqual(['put']);
    });

    it('takes no code of another guild, of a pointer, or of the own vanity', async () => {
      const guild = await world.guild();
      const code = codeIn(guild.id);
      await put(guild, code);
      await world.setField(world.codeKey(code), 'guild_id', '10');
      expect(await put(guild, code)).toEqual(['code_taken']);
      const pointed = codeIn(guild.id);
      await world.at(guild.id, 'pointer-claim', pointed, '10', '');
      expect(await put(guild, pointed)).toEqual(['code_taken']);
      await world.setField(world.key(guild.id, `guild:${guild.id}`), 'vanity_code', 'mine');
      expect(await put(guild, 'mine')).toEqual(['code_taken']);
    });

    it('needs a channel that can be invited to, and a claim that still holds', async () => {
      const guild = await world.guild({ rule: '4 0' });
      expect(await put(guild, codeIn(guild.id))).toEqual(['invalid_channel_type']);
      expect(await put({ id: guild.id, channelId: newId() }, codeIn(guild.id))).toEqual(['unknown_channel']);
      const nowhere = newId();
      expect(await put({ id: nowhere, channelId: nowhere }, codeIn(nowhere))).toEqual(['unknown_channel']);
      const other = await world.guild();
      expect(await put(other, codeIn(other.id), { deadlineMs: 1 })).toEqual(['claim_expired']);
      const groupDm = await world.groupDm([newId()]);
      expect(await put(groupDm, codeIn(groupDm.id))).toEqual(['put']);
    });
  });

  describe('sweep.lua', () => {
    it.each([
      [-1, 0],
      [0, 1],
      [1, 1],
    ])('%d ms from expires_at ends %d invites', async (offsetMs, ended) => {
      const guild = await world.guild();
      const code = await world.invite(guild, { maxAge: 60 });
      const expiresAtMs = Number((await world.record(world.codeKey(code)))?.['expires_at_ms']);
      await world.atTime(expiresAtMs + offsetMs, guild.id, 'sweep', 1000);
      const left = await world.redis.exists(world.key(guild.id, `invite:${code}`));
      expect(left).toBe(1 - ended);
      expect(await world.redis.zcard(world.key(guild.id, `guild:${guild.id}:invites`))).toBe(1 - ended);
    });

    it('announces each end once, also when the record has gone already', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild, { maxAge: 60 });
      await world.redis.del(world.key(guild.id, `invite:${code}`));
      const later = Date.now() + 120_000;
      await world.atTime(later, guild.id, 'sweep', 1000);
      await world.atTime(later, guild.id, 'sweep', 1000);
      const events = (await world.events(guild.id, 50)).filter((event) => event['code'] === code);
      expect(events.map((event) => [event['type'], event['reason'], event['channel_id']])).toEqual([
        ['INVITE_CREATE', undefined, guild.channelId],
        ['INVITE_DELETE', 'expired', guild.channelId],
      ]);
    });

    it('leaves alone what has the code by then', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild, { maxAge: 60 });
      await world.redis.del(world.key(guild.id, `invite:${code}`));
      await world.at(guild.id, 'pointer-claim', code, '10', '');
      await world.atTime(Date.now() + 120_000, guild.id, 'sweep', 1000);
      expect((await world.record(world.codeKey(code)))?.['target_id']).toBe('10');
    });

    it('does no more at once than it is told', async () => {
      const guild = await world.guild();
      for (let at = 0; at < 3; at += 1) await world.invite(guild, { maxAge: 60 });
      expect((await world.atTime(Date.now() + 120_000, guild.id, 'sweep', 2)).slice(0, 2)).toEqual([
        'swept',
        2,
      ]);
    });
  });

  it('no key of a script lies outside its partition', async () => {
    const guild = await world.guild();
    const keys = await world.redis.keys('*');
    expect(keys.filter((key) => !/^invited:\{\d{1,3}\}:/.test(key))).toEqual([]);
    // One journal for all partitions where a script may write to all of them.
    const journals = keys.filter((key) => /\}:(epoch|seq|events|dirty|expiring|temporary:\d+)$/.test(key));
    expect(journals.length).toBeGreaterThan(4);
    if (kind === 'single') expect(journals.filter((key) => !key.startsWith('invited:{0}:'))).toEqual([]);
    expect(partitionOfId(guild.id)).toBeLessThan(256);
  });
});

it('every script has its tests here', () => {
  const folder = resolve(import.meta.dirname);
  const tests = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const untested = [...readLibrary().scripts.keys()].filter((name) => !tests.includes(`'${name}'`));
  expect(untested).toEqual([]);
});
