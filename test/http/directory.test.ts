// The directory over HTTP: what is put comes back, is deleted once, and is refused where it must be.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  ban,
  banIp,
  createInvite,
  type Host,
  internalDelete,
  internalGet,
  isMember,
  join,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  memberCountOf,
  put,
  putGuild,
  remove,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectError, expectInvalid, expectNoContent } from '../support/expect-answer.js';
import { ipv4Address, ipv6Prefix, snowflake, snowflakes, unusedVanity } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const tryPut = (path: string, body: unknown) =>
  host.admin.put(`/internal/v1${path}`, asService({ json: body }));

describe('what is told', () => {
  const [guildId, channelId, userId] = [snowflake(), snowflake(), snowflake()];

  it.each([
    [
      'a guild with all fields',
      `/guilds/${guildId}`,
      {
        name: 'Ünïcode <b>',
        owner_id: userId,
        icon_hash: 'a',
        banner_hash: 'b',
        splash_hash: 'c',
        features: ['X', 'VANITY_URL'],
        roles: [
          { id: guildId, permissions: '1024' },
          { id: '5', permissions: '18446744073709551615' },
        ],
        max_members: 7,
        member_count: 3,
        presence_count: 2,
      },
      { id: guildId },
    ],
    [
      'a channel',
      `/guilds/${guildId}/channels/${channelId}`,
      {
        name: 'c',
        type: 2,
        position: 3,
        permission_overwrites: [{ id: '5', type: 1, allow: '1', deny: '1024' }],
      },
      { id: channelId, guild_id: guildId },
    ],
    ['a member', `/guilds/${guildId}/members/${snowflake()}`, { roles: ['5', '6'], temporary: false }, {}],
    ['a temporary member', `/guilds/${guildId}/members/${snowflake()}`, { roles: [], temporary: true }, {}],
    ['a ban', `/guilds/${guildId}/bans/${snowflake()}`, { reason: 'spam' }, {}],
    [
      'a ban of an address',
      `/guilds/${guildId}/ip-bans/192.0.2.7`,
      { reason: null },
      { address: '192.0.2.7' },
    ],
    ['a user', `/users/${userId}`, { username: 'ada', discriminator: 7, avatar_hash: 'h' }, { id: userId }],
  ])('comes back and is deleted once: %s', async (_, path, body, more) => {
    const stored = await put(host, path, body);
    expect(stored).toMatchObject({ ...body, ...more });
    expect(await put(host, path, body)).toEqual(stored);
    expect((await internalGet(host, path)).json()).toEqual(stored);
    if (path === `/guilds/${guildId}`) return;
    expectNoContent(await internalDelete(host, path));
    expect((await internalGet(host, path)).status).toBe(404);
    expect((await internalDelete(host, path)).status).toBe(404);
  });

  it('has its defaults, also for null', async () => {
    const id = snowflake();
    const body = {
      name: 'g',
      owner_id: '5',
      icon_hash: null,
      features: null,
      roles: null,
      max_members: null,
    };
    expect(await put(host, `/guilds/${id}`, body)).toEqual({
      id,
      name: 'g',
      owner_id: '5',
      icon_hash: null,
      banner_hash: null,
      splash_hash: null,
      features: [],
      roles: [],
      max_members: 1_000_000,
      member_count: null,
      presence_count: null,
    });
    expect(await put(host, `/guilds/${id}/channels/${snowflake()}`, { name: 'c' })).toMatchObject({
      type: 0,
      position: 0,
      permission_overwrites: [],
    });
    expect(await put(host, `/guilds/${id}/members/6`)).toMatchObject({ roles: [], temporary: false });
    expect(await put(host, `/users/${snowflake()}`, { username: 'u' })).toMatchObject({
      discriminator: 0,
      avatar_hash: null,
    });
  });

  it.each([
    ['/guilds/1', {}, 'name', 'REQUIRED'],
    ['/guilds/1', { name: 'g', owner_id: 5 }, 'owner_id', 'INVALID_ID'],
    ['/guilds/1', { name: 'g', owner_id: '5', max_members: 1.5 }, 'max_members', 'INVALID_TYPE'],
    ['/guilds/1', { name: 'g', owner_id: '5', member_count: -1 }, 'member_count', 'OUT_OF_RANGE'],
    [
      '/guilds/1',
      { name: 'g', owner_id: '5', roles: [{ id: '1', permissions: 8 }] },
      'roles.0.permissions',
      'INVALID_PERMISSIONS',
    ],
    ['/guilds/1', { name: 'g', owner_id: '5', features: [1] }, 'features.0', 'INVALID_TYPE'],
    [
      '/guilds/1/channels/2',
      { name: 'c', permission_overwrites: [{ id: '1', type: 2 }] },
      'permission_overwrites.0.type',
      'INVALID_VALUE',
    ],
    ['/guilds/1/members/2', { roles: ['x'] }, 'roles.0', 'INVALID_ID'],
    ['/guilds/1/members/2', { temporary: 1 }, 'temporary', 'INVALID_TYPE'],
    ['/guilds/1/bans/2', { reason: 5 }, 'reason', 'INVALID_TYPE'],
    ['/guilds/1/ip-bans/nowhere', {}, 'address', 'INVALID_ADDRESS'],
    ['/guilds/1/ip-bans/10.0.0.0%2F8', {}, 'address', 'INVALID_ADDRESS'],
    ['/group-dms/3', { owner_id: '1', recipients: ['2'] }, 'recipients', undefined],
    ['/group-dms/3', { owner_id: '1', recipients: snowflakes(51) }, 'recipients', 'TOO_MANY'],
    ['/users/4', { username: 5 }, 'username', 'INVALID_TYPE'],
    ['/users/x', { username: 'u' }, 'user_id', 'INVALID_ID'],
  ])('is refused field by field: %s %j', async (path, body, at, code) => {
    expectInvalid(await tryPut(path, body), at, code);
  });

  it('needs its guild', async () => {
    const unknown = snowflake();
    for (const part of ['channels/5', 'members/5', 'bans/5', 'ip-bans/192.0.2.1']) {
      const path = `/guilds/${unknown}/${part}`;
      expectError(await tryPut(path, { name: 'c' }), 404, 'UNKNOWN_GUILD');
      expectError(await internalGet(host, path), 404, 'UNKNOWN_GUILD');
      expectError(await internalDelete(host, path), 404, 'UNKNOWN_GUILD');
    }
  });

  it.each([
    ['channels/5', 'UNKNOWN_CHANNEL'],
    ['members/5', 'UNKNOWN_MEMBER'],
    ['bans/5', 'UNKNOWN_BAN'],
    ['ip-bans/192.0.2.1', 'UNKNOWN_BAN'],
  ])('is missed by its name: %s is %s', async (part, code) => {
    const guild = await makeGuild(host);
    expectError(await internalGet(host, `/guilds/${guild.id}/${part}`), 404, code);
    expectError(await internalDelete(host, `/guilds/${guild.id}/${part}`), 404, code);
  });

  it('is missed by its name: guilds, group DMs, users', async () => {
    const id = snowflake();
    expectError(await internalGet(host, `/guilds/${id}`), 404, 'UNKNOWN_GUILD');
    expectError(await internalDelete(host, `/group-dms/${id}`), 404, 'UNKNOWN_CHANNEL');
    expectError(await internalGet(host, `/users/${id}`), 404, 'UNKNOWN_USER');
  });
});

describe('a channel', () => {
  it('belongs to one guild until it is deleted there', async () => {
    const [first, second] = [await makeGuild(host), await makeGuild(host)];
    const id = await makeChannel(host, first.id);
    expectInvalid(
      await tryPut(`/guilds/${second.id}/channels/${id}`, { name: 'c' }),
      'channel_id',
      'ID_TAKEN',
    );
    expectInvalid(
      await tryPut(`/group-dms/${id}`, { owner_id: '1', recipients: ['1'] }),
      'channel_id',
      'ID_TAKEN',
    );
    await remove(host, `/guilds/${first.id}`);
    await put(host, `/guilds/${second.id}/channels/${id}`, { name: 'c' });
    const invite = await createInvite(host, id, second.ownerId);
    expect(invite).toMatchObject({ guild_id: second.id, channel_id: id });
  });

  it('takes its invites with it', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    expectError(
      await host.api.post(`/v1/channels/${guild.channelId}/invites`, { as: guild.ownerId }),
      404,
      'UNKNOWN_CHANNEL',
    );
  });
});

describe('members', () => {
  it('are the owner from the first moment, and he stays', async () => {
    const guild = await makeGuild(host);
    expect(await isMember(host, guild.id, guild.ownerId)).toBe(true);
    await ban(host, guild.id, guild.ownerId);
    expect(await isMember(host, guild.id, guild.ownerId)).toBe(true);
  });

  it('with a role are permanent, whatever else is told', async () => {
    const guild = await makeGuild(host);
    const path = `/guilds/${guild.id}/members/7`;
    expect(await put(host, path, { temporary: true })).toMatchObject({ temporary: true });
    expect(await put(host, path, { temporary: true, roles: ['9'] })).toMatchObject({ temporary: false });
    await put(host, path, { temporary: true });
    expect(await put(host, path, {})).toMatchObject({ temporary: false });
  });

  it('that are temporary end when the user disconnects, in all guilds, and no others', async () => {
    const userId = snowflake();
    const guilds = await Promise.all([makeGuild(host), makeGuild(host), makeGuild(host)]);
    const [first, second, third] = guilds;
    for (const guild of [first, second]) {
      const { code } = await createInvite(host, guild.channelId, guild.ownerId, { temporary: true });
      await join(host, code, userId);
    }
    const { code } = await createInvite(host, third.channelId, third.ownerId);
    await join(host, code, userId);
    await put(host, `/guilds/${second.id}/members/${userId}`, { roles: ['5'] });
    const answer = await host.admin.post(`/internal/v1/users/${userId}/disconnect`, asService());
    expect(answer.json()).toEqual({ removed: [first.id] });
    expect(await Promise.all(guilds.map(({ id }) => isMember(host, id, userId)))).toEqual([
      false,
      true,
      true,
    ]);
    const again = await host.admin.post(`/internal/v1/users/${userId}/disconnect`, asService());
    expect(again.json()).toEqual({ removed: [] });
    const stranger = await host.admin.post(`/internal/v1/users/${snowflake()}/disconnect`, asService());
    expect(stranger.json()).toEqual({ removed: [] });
  });

  it('who are banned leave, can not come back, and can when the ban is lifted', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const userId = await makeMember(host, guild.id);
    expect(await memberCountOf(host, code)).toBe(2);
    await ban(host, guild.id, userId);
    expect(await memberCountOf(host, code)).toBe(1);
    expectError(await accept(host, code, userId), 403, 'USER_BANNED_FROM_GUILD');
    await remove(host, `/guilds/${guild.id}/bans/${userId}`);
    await join(host, code, userId);
  });
});

describe('banned addresses', () => {
  const from = (code: string, address: string) =>
    host.api.post(`/v1/invites/${code}`, {
      headers: {
        'X-Invited-Gateway-Key': host.server.gatewayKey,
        'X-Invited-User': snowflake(),
        'X-Invited-Client-IP': address,
      },
    });

  it.each(['nonsense', '1.2.3.4, 5.6.7.8', '1.2.3.4:80', '[::1]', 'fe80::1%eth0'])(
    'are not escaped by a gateway that tells %s',
    async (told) => {
      const guild = await makeGuild(host);
      const { code } = await createInvite(host, guild.channelId, guild.ownerId);
      expectInvalid(await from(code, told), 'X-Invited-Client-IP', 'INVALID_ADDRESS');
      expect(await memberCountOf(host, code)).toBe(1);
    },
  );

  it('are those of the connection where the gateway tells nothing', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await banIp(host, guild.id, '127.0.0.1');
    expectError(await from(code, ''), 403, 'USER_IP_BANNED_FROM_GUILD');
  });

  it('are IPv4 exactly, and IPv6 by /64', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const v4 = ipv4Address();
    const prefix = ipv6Prefix();
    await banIp(host, guild.id, v4);
    await banIp(host, guild.id, `${prefix}::1`);
    expectError(await from(code, v4), 403, 'USER_IP_BANNED_FROM_GUILD');
    expectError(await from(code, `::ffff:${v4}`), 403, 'USER_IP_BANNED_FROM_GUILD');
    expectError(await from(code, `${prefix}:ffff::9`), 403, 'USER_IP_BANNED_FROM_GUILD');
    expect((await from(code, '198.51.100.250')).status).toBe(200);
    expect((await from(code, '2001:db8:ffff:ffff::1')).status).toBe(200);
    await remove(host, `/guilds/${guild.id}/ip-bans/${encodeURIComponent(`${prefix}::77`)}`);
    expect((await from(code, `${prefix}::1`)).status).toBe(200);
  });
});

describe('group DMs', () => {
  it('come back with their recipients in order, without repeats', async () => {
    const id = snowflake();
    const stored = await put(host, `/group-dms/${id}`, { owner_id: '3', recipients: ['2', '3', '2', '1'] });
    expect(stored).toEqual({ id, name: null, owner_id: '3', recipients: ['2', '3', '1'] });
    expect((await internalGet(host, `/group-dms/${id}`)).json()).toEqual({
      ...stored,
      recipients: expect.any(Array),
    });
  });

  it('end with their invites', async () => {
    const dm = await makeGroupDm(host, []);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    await remove(host, `/group-dms/${dm.id}`);
    expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
  });
});

describe('a guild that is deleted', () => {
  it('and put again has none of its old members, bans, channels, invites or vanity', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const member = await makeMember(host, guild.id);
    await ban(host, guild.id, '77');
    const vanity = unusedVanity();
    await setVanity(host, guild, vanity);
    await remove(host, `/guilds/${guild.id}`);
    expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    expectError(await host.api.get(`/v1/invites/${vanity}`), 404, 'UNKNOWN_INVITE');
    await putGuild(host, guild, {});
    expect(await isMember(host, guild.id, member)).toBe(false);
    expectError(await internalGet(host, `/guilds/${guild.id}/bans/77`), 404, 'UNKNOWN_BAN');
    expectError(
      await internalGet(host, `/guilds/${guild.id}/channels/${guild.channelId}`),
      404,
      'UNKNOWN_CHANNEL',
    );
    expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    const other = await makeGuild(host, { features: ['VANITY_URL'] });
    await setVanity(host, other, vanity);
  });
});

describe('health', () => {
  it.each(['/healthz', '/readyz'])(
    '%s answers anyone on the admin listener, and nobody on the public one',
    async (path) => {
      expect((await host.admin.get(path)).status).toBe(200);
      expect((await host.admin.head(path)).status).toBe(200);
      expectError(await host.api.get(path), 404, 'NOT_FOUND');
      expectError(await host.admin.post(path), 405, 'METHOD_NOT_ALLOWED');
    },
  );
});
