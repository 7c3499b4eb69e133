// Bans of users and of addresses: what they end, whom they stop at an accept, and what a lifted one leaves.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../support/client.js';
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
  makeGroupDm,
  makeGuild,
  makeMember,
  memberCountOf,
  put,
  putGuild,
  startHost,
  type TestGuild,
  usesOf,
} from '../support/directory.js';
import {
  expectCommonHeaders,
  expectError,
  expectInvalid,
  expectNoContent,
} from '../support/expect-answer.js';
import { ipv4Address, ipv6Prefix, snowflake, snowflakes } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

async function invited(): Promise<{ readonly guild: TestGuild; readonly code: string }> {
  const guild = await makeGuild(host);
  return { guild, code: (await createInvite(host, guild.channelId, guild.ownerId)).code };
}

/** An accept that a gateway passes on from this address. */
const acceptFrom = (code: string, address: string, user = snowflake()): Promise<Answer> =>
  host.api.post(`/v1/invites/${code}`, {
    headers: {
      'X-Invited-Gateway-Key': host.server.gatewayKey,
      'X-Invited-User': user,
      'X-Invited-Client-IP': address,
    },
  });

const ipBanPath = (guildId: string, address: string) =>
  `/guilds/${guildId}/ip-bans/${encodeURIComponent(address)}`;

describe('a ban of a user', () => {
  it.each([
    ['no body', {}, null],
    ['{}', { json: {} }, null],
    ['null', { json: null }, null],
    ['a reason of null', { json: { reason: null } }, null],
    ['a reason', { json: { reason: 'späm 🎉 "x"' } }, 'späm 🎉 "x"'],
  ])('is put with %s, and can be read', async (_what, call, reason) => {
    const { guild } = await invited();
    const path = `/guilds/${guild.id}/bans/${snowflake()}`;
    const answer = await host.admin.put(`/internal/v1${path}`, asService(call));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.object()['reason'] ?? null).toBe(reason);
    expectCommonHeaders(answer);
    expect((await internalGet(host, path)).json()).toEqual(answer.json());
  });

  it('takes the latest reason', async () => {
    const { guild } = await invited();
    const path = `/guilds/${guild.id}/bans/5`;
    await put(host, path, { reason: 'first' });
    await put(host, path, { reason: 'second' });
    expect((await internalGet(host, path)).object()).toMatchObject({ reason: 'second' });
  });

  it.each([5, true, {}, ['x']])('is refused with the reason %j, and keeps the member', async (reason) => {
    const { guild } = await invited();
    const user = await makeMember(host, guild.id);
    const path = `/internal/v1/guilds/${guild.id}/bans/${user}`;
    expectInvalid(await host.admin.put(path, asService({ json: { reason } })), 'reason');
    expect(await isMember(host, guild.id, user)).toBe(true);
  });

  it('removes the member, once from the count, with a told base as well', async () => {
    const { guild, code } = await invited();
    const users = [await makeMember(host, guild.id), await makeMember(host, guild.id)];
    await ban(host, guild.id, users[0] ?? '');
    await ban(host, guild.id, users[0] ?? '');
    expectError(await internalGet(host, `/guilds/${guild.id}/members/${users[0]}`), 404, 'UNKNOWN_MEMBER');
    expect(await memberCountOf(host, code)).toBe(2);
    await putGuild(host, guild, { member_count: 70 });
    await ban(host, guild.id, users[1] ?? '');
    expect(await memberCountOf(host, code)).toBe(69);
  });

  it('of somebody who is no member changes no count', async () => {
    const { guild, code } = await invited();
    await ban(host, guild.id, snowflake());
    expect(await memberCountOf(host, code)).toBe(1);
  });

  it('ends a temporary membership, which no disconnect finds any more', async () => {
    const { guild } = await invited();
    const user = await makeMember(host, guild.id, { temporary: true });
    await ban(host, guild.id, user);
    const answer = await host.admin.post(`/internal/v1/users/${user}/disconnect`, asService());
    expect(answer.json()).toEqual({ removed: [] });
  });

  it('stops every accept of the guild, takes no use, and holds in no other guild', async () => {
    const { guild, code } = await invited();
    const elsewhere = await invited();
    const user = snowflake();
    await ban(host, guild.id, user);
    for (let time = 0; time < 3; time += 1) {
      expectError(await accept(host, code, user), 403, 'USER_BANNED_FROM_GUILD');
    }
    expect(await usesOf(host, code)).toBe(0);
    expect(await isMember(host, guild.id, user)).toBe(false);
    await join(host, elsewhere.code, user);
  });

  it('takes the rights of the member away at once', async () => {
    const { guild } = await invited();
    const user = await makeMember(host, guild.id);
    const own = await createInvite(host, guild.channelId, user);
    await ban(host, guild.id, user);
    const created = await host.api.post(`/v1/channels/${guild.channelId}/invites`, { as: user });
    expectError(created, 403, 'MISSING_PERMISSIONS');
    expectError(await host.api.delete(`/v1/invites/${own.code}`, { as: user }), 403, 'MISSING_PERMISSIONS');
    expect(await usesOf(host, own.code)).toBe(0);
  });

  it('is lifted once, which lets the user come back by a new use', async () => {
    const { guild, code } = await invited();
    const user = snowflake();
    await join(host, code, user);
    await ban(host, guild.id, user);
    const path = `/guilds/${guild.id}/bans/${user}`;
    expectNoContent(await internalDelete(host, path));
    expectError(await internalDelete(host, path), 404, 'UNKNOWN_BAN');
    expectError(await internalGet(host, path), 404, 'UNKNOWN_BAN');
    expect(await isMember(host, guild.id, user)).toBe(false);
    await join(host, code, user);
    expect(await usesOf(host, code)).toBe(2);
  });

  it('that comes while they accept leaves nobody in who is banned', async () => {
    const { guild, code } = await invited();
    const users = snowflakes(40);
    const [answers] = await Promise.all([
      Promise.all(users.map((user) => accept(host, code, user))),
      Promise.all(users.map((user) => ban(host, guild.id, user))),
    ]);
    const joined = answers.filter(({ status }) => status === 200).length;
    for (const answer of answers) {
      if (answer.status !== 200) expectError(answer, 403, 'USER_BANNED_FROM_GUILD');
    }
    expect(await Promise.all(users.map((user) => isMember(host, guild.id, user)))).toEqual(
      users.map(() => false),
    );
    expect(await usesOf(host, code)).toBe(joined);
    expect(await memberCountOf(host, code)).toBe(1);
  });
});

describe('a ban of an address', () => {
  it('can be put without a body or with a reason, read, and lifted once', async () => {
    const { guild, code } = await invited();
    const address = ipv4Address();
    const path = ipBanPath(guild.id, address);
    await put(host, path);
    const stored = await put(host, path, { reason: 'spam' });
    expect(stored).toMatchObject({ reason: 'spam' });
    expect((await internalGet(host, path)).json()).toEqual(stored);
    expectError(await acceptFrom(code, address), 403, 'USER_IP_BANNED_FROM_GUILD');
    expectNoContent(await internalDelete(host, path));
    expectError(await internalDelete(host, path), 404, 'UNKNOWN_BAN');
    expectError(await internalGet(host, path), 404, 'UNKNOWN_BAN');
    expect((await acceptFrom(code, address)).status).toBe(200);
  });

  it('is exact for IPv4', async () => {
    const { guild, code } = await invited();
    await banIp(host, guild.id, '198.51.100.20');
    for (const address of ['198.51.100.20', '::ffff:198.51.100.20', '::ffff:c633:6414']) {
      expectError(await acceptFrom(code, address), 403, 'USER_IP_BANNED_FROM_GUILD');
    }
    for (const address of [
      '198.51.100.19',
      '198.51.100.21',
      '198.51.101.20',
      '198.51.100.2',
      '198.51.100.200',
    ]) {
      expect((await acceptFrom(code, address)).status, address).toBe(200);
    }
    expect(await usesOf(host, code)).toBe(5);
  });

  it('is the /64 for IPv6, from its first address to its last and no further', async () => {
    const { guild, code } = await invited();
    await put(host, ipBanPath(guild.id, '2001:db8:aaaa:bbb1:1:2:3:4'));
    for (const address of [
      '2001:db8:aaaa:bbb1:1:2:3:4',
      '2001:db8:aaaa:bbb1::',
      '2001:db8:aaaa:bbb1:ffff:ffff:ffff:ffff',
      '2001:0DB8:AAAA:BBB1:0000:0000:0000:0001',
      '2001:db8:aaaa:bbb1::198.51.100.7',
    ]) {
      expectError(await acceptFrom(code, address), 403, 'USER_IP_BANNED_FROM_GUILD');
    }
    for (const address of [
      '2001:db8:aaaa:bbb0:ffff:ffff:ffff:ffff',
      '2001:db8:aaaa:bbb2::',
      '2001:db8:aaab:bbb1::',
      '::1',
    ]) {
      expect((await acceptFrom(code, address)).status, address).toBe(200);
    }
  });

  it('is one and the same, however the address is written', async () => {
    const { guild, code } = await invited();
    const prefix = ipv6Prefix();
    await put(host, ipBanPath(guild.id, `${prefix}::a`));
    const [, , third = '', fourth = ''] = prefix.split(':');
    const long = `2001:0DB8:${third.toUpperCase()}:${fourth.toUpperCase()}:0000:0000:0000:000A`;
    expect((await internalGet(host, ipBanPath(guild.id, long))).status).toBe(200);
    expectNoContent(await internalDelete(host, ipBanPath(guild.id, long)));
    expect((await acceptFrom(code, `${prefix}::a`)).status).toBe(200);
  });

  it('may have its colons as they stand in the path', async () => {
    const { guild, code } = await invited();
    const prefix = ipv6Prefix();
    await put(host, `/guilds/${guild.id}/ip-bans/${prefix}::1`);
    expectError(await acceptFrom(code, `${prefix}::2`), 403, 'USER_IP_BANNED_FROM_GUILD');
  });

  it.each([
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.-4',
    '1.2.3.4:80',
    '10.0.0.0/8',
    '2001:db8::/64',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4,5.6.7.8',
    '::g',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '[::1]',
    '*',
    'localhost',
    'null',
    '٣.1.1.1',
    '1',
    '16909060',
    '0x01020304',
    '127.1',
  ])('is refused for %j, which is no address', async (address) => {
    const { guild } = await invited();
    const path = `/internal/v1${ipBanPath(guild.id, address)}`;
    for (const method of ['PUT', 'DELETE']) {
      expectInvalid(await host.admin.request(method, path, asService()));
    }
  });

  it('of no address is told before the unknown guild', async () => {
    const path = `/internal/v1${ipBanPath(snowflake(), 'nowhere')}`;
    expectInvalid(await host.admin.put(path, asService()));
  });

  it('keeps members in, who are let in already, and takes no use', async () => {
    const { guild, code } = await invited();
    const address = ipv4Address();
    const user = snowflake();
    expect((await acceptFrom(code, address, user)).object()).toMatchObject({ new_member: true });
    await banIp(host, guild.id, address);
    expect(await isMember(host, guild.id, user)).toBe(true);
    expect((await acceptFrom(code, address, user)).object()).toMatchObject({ new_member: false });
    expectError(await acceptFrom(code, address), 403, 'USER_IP_BANNED_FROM_GUILD');
    expect(await usesOf(host, code)).toBe(1);
  });

  it('is told after the ban of the user, and before a full guild', async () => {
    const guild = await makeGuild(host, { max_members: 1 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const [address, user] = [ipv4Address(), snowflake()];
    await banIp(host, guild.id, address);
    await ban(host, guild.id, user);
    expectError(await acceptFrom(code, address, user), 403, 'USER_BANNED_FROM_GUILD');
    expectError(await acceptFrom(code, address), 403, 'USER_IP_BANNED_FROM_GUILD');
    expectError(await acceptFrom(code, ipv4Address()), 400, 'MAX_GUILD_MEMBERS');
  });

  it('is told after INVITES_DISABLED', async () => {
    const { guild, code } = await invited();
    const address = ipv4Address();
    await banIp(host, guild.id, address);
    await putGuild(host, guild, { features: ['INVITES_DISABLED'] });
    expectError(await acceptFrom(code, address), 403, 'INVITES_DISABLED');
  });

  it('holds in this guild alone, and in no group DM', async () => {
    const { guild } = await invited();
    const elsewhere = await invited();
    const dm = await makeGroupDm(host);
    const address = ipv4Address();
    await banIp(host, guild.id, address);
    expect((await acceptFrom(elsewhere.code, address)).status).toBe(200);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    expect((await acceptFrom(code, address)).status).toBe(200);
  });

  it('stops nobody from reading', async () => {
    const { guild, code } = await invited();
    const address = ipv4Address();
    await banIp(host, guild.id, address);
    const headers = { 'X-Invited-Gateway-Key': host.server.gatewayKey, 'X-Invited-Client-IP': address };
    expect((await host.api.get(`/v1/invites/${code}`, { headers })).status).toBe(200);
  });

  it('holds for the peer of a direct request, and X-Forwarded-For of nobody trusted hides nothing', async () => {
    const { guild, code } = await invited();
    await banIp(host, guild.id, '127.0.0.1');
    expectError(await accept(host, code, snowflake()), 403, 'USER_IP_BANNED_FROM_GUILD');
    const forwarded = await host.api.post(`/v1/invites/${code}`, {
      as: snowflake(),
      headers: { 'X-Forwarded-For': ipv4Address() },
    });
    expectError(forwarded, 403, 'USER_IP_BANNED_FROM_GUILD');
    expect((await acceptFrom(code, ipv4Address())).status).toBe(200);
  });
});
