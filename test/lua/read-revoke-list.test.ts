import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { codeIn, MANAGE_CHANNELS, MANAGE_GUILD, newId, type Reply, rowOf, World, worlds } from './world.js';

const NOBODY = ['', 0, ''] as const;
const SERVICE = ['1', 1, ''] as const;

describe.each(worlds)('reading, revoking and listing on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  const read = (id: string, code: string, caller: readonly (string | number)[], followed = '') =>
    world.read(id, code, caller, followed);
  const revoke = (id: string, code: string, caller: readonly (string | number)[]) =>
    world.at(id, 'revoke', code, '', ...caller, '*');
  const list = (guildId: string, channelId: string, caller: readonly (string | number)[]) =>
    world.at(guildId || channelId, 'list', guildId, channelId, ...caller, '', '');
  const codes = (reply: Reply) => (reply[1] as readonly Reply[]).map((row) => row[5]);

  describe('read.lua', () => {
    it('shows the invite to nobody, and its metadata to its creator and to managers', async () => {
      const guild = await world.guild();
      const creator = newId();
      const member = newId();
      await world.at(guild.id, 'member-put', guild.id, creator, 'p');
      await world.at(guild.id, 'member-put', guild.id, member, 'p');
      const code = await world.invite(guild, { inviterId: creator });
      const maySee = async (caller: readonly (string | number)[]) => {
        const reply = await read(guild.id, code, caller);
        expect(reply[0]).toBe('found');
        return reply[2];
      };
      expect(await maySee(NOBODY)).toBe(0);
      expect(await maySee([member, 0, ''])).toBe(0);
      expect(await maySee([newId(), 0, ''])).toBe(0);
      expect(await maySee([creator, 0, ''])).toBe(1);
      expect(await maySee([guild.ownerId, 0, ''])).toBe(1);
      expect(await maySee([newId(), 0, MANAGE_GUILD])).toBe(1);
      expect(await maySee([newId(), 0, MANAGE_CHANNELS | 1024])).toBe(1);
      expect(await maySee([newId(), 0, MANAGE_CHANNELS])).toBe(0);
      expect(await maySee(SERVICE)).toBe(1);
      await world.at(guild.id, 'member-delete', guild.id, creator);
      expect(await maySee([creator, 0, ''])).toBe(0);
    });

    it.each([
      [-1, 'found'],
      [0, 'unknown'],
      [1, 'unknown'],
    ])('at %d ms from expires_at answers %s', async (offsetMs, status) => {
      const guild = await world.guild();
      const code = await world.invite(guild, { maxAge: 60 });
      const expiresAtMs = Number((await world.record(world.codeKey(code)))?.['expires_at_ms']);
      const reply = await world.readAt(expiresAtMs + offsetMs, guild.id, code);
      expect(reply[0]).toBe(status);
    });

    it('changes nothing', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild);
      const left = async () => [
        await world.entries(guild.id),
        await world.marks(guild.id),
        await world.record(world.codeKey(code)),
        await world.record(world.key(guild.id, `guild:${guild.id}`)),
      ];
      const before = await left();
      await read(guild.id, code, NOBODY);
      expect(await read(guild.id, codeIn(guild.id), NOBODY)).toEqual(['unknown']);
      expect(await left()).toEqual(before);
    });
  });

  describe('revoke.lua', () => {
    it('ends the invite once, with its event', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild, { maxAge: 60 });
      const member = `${partitionOfId(guild.id)} ${code} ${guild.id} ${guild.channelId}`;
      const expiring = world.journalKey(guild.id, 'expiring');
      expect(await world.redis.zscore(expiring, member)).not.toBeNull();
      const [entries, marks] = [await world.entries(guild.id), await world.marks(guild.id)];
      expect(await revoke(guild.id, code, [guild.ownerId, 0, ''])).toEqual(['revoked']);
      expect(await revoke(guild.id, code, [guild.ownerId, 0, ''])).toEqual(['unknown']);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({ type: 'INVITE_DELETE', code, reason: 'revoked', by: guild.ownerId });
      expect(await world.redis.zcard(world.key(guild.id, `guild:${guild.id}:expiring`))).toBe(0);
      expect(await world.redis.zscore(expiring, member)).toBeNull();
      expect(await world.entries(guild.id)).toBe(entries + 1);
      // The copy learns of the end from its event.
      expect(await world.marks(guild.id)).toEqual(marks);
    });

    it('is for the creator while he is in, and for managers', async () => {
      const guild = await world.guild();
      const creator = newId();
      const code = await world.invite(guild, { inviterId: creator });
      expect(await revoke(guild.id, code, [creator, 0, ''])).toEqual(['missing_permissions']);
      await world.at(guild.id, 'member-put', guild.id, creator, 'p');
      expect(await revoke(guild.id, code, [creator, 0, ''])).toEqual(['revoked']);
    });

    it('in a group DM is for its owner and for the creator while he is in', async () => {
      const groupDm = await world.groupDm([newId(), '31', '32']);
      const [first, second] = [
        await world.invite(groupDm, { inviterId: '31' }),
        await world.invite(groupDm, { inviterId: '31' }),
      ];
      expect(await revoke(groupDm.id, first, ['32', 0, ''])).toEqual(['missing_permissions']);
      expect(await revoke(groupDm.id, first, [newId(), 0, MANAGE_GUILD])).toEqual(['missing_permissions']);
      expect(await revoke(groupDm.id, first, ['31', 0, ''])).toEqual(['revoked']);
      expect(await revoke(groupDm.id, second, [groupDm.ownerId, 0, ''])).toEqual(['revoked']);
    });
  });

  describe('list.lua', () => {
    it('lists live invites, newest first, of a guild and of a channel', async () => {
      const guild = await world.guild();
      const elsewhere = newId();
      await world.at(guild.id, 'channel-put', guild.id, elsewhere, '0 1', '{}', '{}');
      const first = await world.invite(guild);
      const second = await world.invite({ id: guild.id, channelId: elsewhere });
      const expired = await world.invite(guild, { maxAge: 60 });
      await world.setField(world.codeKey(expired), 'expires_at_ms', 1);
      const third = await world.invite(guild);
      const owner = [guild.ownerId, 0, ''];
      expect(codes(await list(guild.id, '', owner))).toEqual([third, second, first]);
      expect(codes(await list(guild.id, guild.channelId, owner))).toEqual([third, first]);
    });

    it('passes over a code whose invite has gone, also where a pointer has it by now', async () => {
      const guild = await world.guild();
      const stays = await world.invite(guild);
      for (const taken of [false, true]) {
        const gone = await world.invite(guild, { maxAge: 60 });
        await world.redis.del(world.codeKey(gone));
        if (taken) await world.at(guild.id, 'pointer-claim', gone, newId(), '');
      }
      const owner = [guild.ownerId, 0, ''];
      expect(codes(await list(guild.id, '', owner))).toEqual([stays]);
      expect(codes(await list(guild.id, guild.channelId, owner))).toEqual([stays]);
    });

    it('asks for MANAGE_GUILD, or MANAGE_CHANNELS in the channel', async () => {
      const guild = await world.guild();
      const answer = async (channelId: string, claimed: number) =>
        (await list(guild.id, channelId, [newId(), 0, claimed]))[0];
      expect(await answer('', MANAGE_GUILD)).toBe('listed');
      expect(await answer('', MANAGE_CHANNELS | 1024)).toBe('missing_permissions');
      expect(await answer(guild.channelId, MANAGE_CHANNELS | 1024)).toBe('listed');
      expect(await answer(guild.channelId, MANAGE_GUILD | 1024)).toBe('missing_permissions');
    });

    it('tells unknown guilds and channels apart', async () => {
      const guild = await world.guild();
      expect(await list(newId(), '', SERVICE)).toEqual(['unknown_guild']);
      expect(await list(guild.id, newId(), SERVICE)).toEqual(['unknown_channel']);
      expect(await list('', newId(), SERVICE)).toEqual(['unknown_channel']);
    });

    it('of a group DM is for its owner, and unknown to who is not in it', async () => {
      const groupDm = await world.groupDm([newId(), '41']);
      const code = await world.invite(groupDm);
      expect(codes(await list('', groupDm.id, [groupDm.ownerId, 0, '']))).toEqual([code]);
      expect(await list('', groupDm.id, ['41', 0, ''])).toEqual(['missing_permissions']);
      expect(await list('', groupDm.id, [newId(), 0, ''])).toEqual(['unknown_channel']);
    });
  });

  it('a row has its 18 fields', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    const reply = await read(guild.id, code, NOBODY);
    expect(reply[1]).toHaveLength(18);
    expect(rowOf(reply).code).toBe(code);
  });

  it('channel-home.lua tells where a channel lives', async () => {
    const guild = await world.guild();
    const groupDm = await world.groupDm([newId()]);
    const channelId = newId();
    await world.at(channelId, 'channel-claim', channelId, guild.id, '');
    expect(await world.at(channelId, 'channel-home', channelId)).toEqual(['guild', guild.id]);
    expect(await world.at(groupDm.id, 'channel-home', groupDm.id)).toEqual(['group_dm']);
    const nowhere = newId();
    expect(await world.at(nowhere, 'channel-home', nowhere)).toEqual(['unknown']);
  });
});
