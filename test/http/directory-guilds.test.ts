// Guilds in the directory: what a PUT replaces and leaves alone, what is refused, and what goes with a deletion.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  ban,
  banIp,
  bits,
  createInvite,
  type Host,
  internalDelete,
  internalGet,
  isMember,
  join,
  makeChannel,
  makeGuild,
  makeMember,
  memberCountOf,
  put,
  putGuild,
  remove,
  setVanity,
  startHost,
  usesOf,
} from '../support/directory.js';
import {
  expectCommonHeaders,
  expectError,
  expectInvalid,
  expectNoContent,
} from '../support/expect-answer.js';
import { ipv4Address, snowflake, snowflakes, unusedVanity } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const tryPut = (id: string, body: unknown) =>
  host.admin.put(`/internal/v1/guilds/${id}`, asService({ json: body }));
const guildOf = async (id: string) => (await internalGet(host, `/guilds/${id}`)).object();

describe('a PUT of a guild', () => {
  it('answers with the common headers, 200 for a new guild and for one that is there', async () => {
    const id = snowflake();
    for (const name of ['new', 'changed']) {
      const answer = await tryPut(id, { name, owner_id: '5' });
      expect(answer.status).toBe(200);
      expect(answer.object()).toMatchObject({ id, name, owner_id: '5' });
      expectCommonHeaders(answer);
    }
  });

  it('replaces the record: what is left out is at its default again', async () => {
    const id = snowflake();
    const owner_id = snowflake();
    const bare = await put(host, `/guilds/${id}`, { name: 'g', owner_id });
    await put(host, `/guilds/${id}`, {
      name: 'other',
      owner_id,
      icon_hash: 'i',
      banner_hash: 'b',
      splash_hash: 's',
      features: ['VANITY_URL'],
      roles: [{ id, permissions: '8' }],
      max_members: 5,
      member_count: 4,
      presence_count: 3,
    });
    expect(await put(host, `/guilds/${id}`, { name: 'g', owner_id })).toEqual(bare);
    expect(await guildOf(id)).toEqual(bare);
  });

  it('keeps the largest numbers there are, whatever is changed beside them', async () => {
    const largest = Number.MAX_SAFE_INTEGER;
    const numbers = { max_members: largest, member_count: largest - 1, presence_count: largest };
    const guild = await makeGuild(host, numbers);
    await ban(host, guild.id, snowflake());
    await makeChannel(host, guild.id);
    expect(await guildOf(guild.id)).toMatchObject(numbers);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, code, snowflake());
    expect(await guildOf(guild.id)).toMatchObject({ ...numbers, member_count: largest });
    expect(await memberCountOf(host, code)).toBe(largest);
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GUILD_MEMBERS');
  });

  it('leaves channels, members, bans, invites and the vanity alone', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const member = await makeMember(host, guild.id);
    const [banned, address, vanity] = [snowflake(), ipv4Address(), unusedVanity()];
    await ban(host, guild.id, banned);
    await banIp(host, guild.id, address);
    await setVanity(host, guild, vanity);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, code, snowflake());

    await putGuild(host, guild, { name: 'renamed', features: ['VANITY_URL'] });
    expect(await isMember(host, guild.id, member)).toBe(true);
    const kept = [`channels/${guild.channelId}`, `bans/${banned}`, `ip-bans/${address}`];
    for (const part of kept) {
      expect((await internalGet(host, `/guilds/${guild.id}/${part}`)).status, part).toBe(200);
    }
    expect(await usesOf(host, code)).toBe(1);
    expect(await memberCountOf(host, code)).toBe(3);
    expect((await host.api.get(`/v1/invites/${vanity}`)).object()).toMatchObject({
      guild: { id: guild.id, name: 'renamed' },
    });
  });

  it('ignores keys that it does not know, an id in the body among them', async () => {
    const id = snowflake();
    const stored = await put(host, `/guilds/${id}`, {
      id: '7',
      guild_id: '8',
      name: 'g',
      owner_id: '5',
      x: {},
    });
    expect(stored).toMatchObject({ id, name: 'g' });
    expect(Object.keys(stored)).not.toContain('x');
  });

  it('makes a new owner a member who has all permissions at once', async () => {
    const guild = await makeGuild(host);
    const owner_id = snowflake();
    await putGuild(host, guild, { owner_id });
    expect(await isMember(host, guild.id, owner_id)).toBe(true);
    expect((await host.api.get(`/v1/guilds/${guild.id}/invites`, { as: owner_id })).status).toBe(200);
  });

  it('replaces the roles: what is left out gives nothing any more, @everyone its defaults again', async () => {
    const guild = await makeGuild(host);
    const role = snowflake();
    const member = await makeMember(host, guild.id, { roles: [role] });
    const list = () => host.api.get(`/v1/guilds/${guild.id}/invites`, { as: member });
    const create = () => host.api.post(`/v1/channels/${guild.channelId}/invites`, { as: member });
    await putGuild(host, guild, {
      roles: [
        { id: guild.id, permissions: bits('VIEW_CHANNEL') },
        { id: role, permissions: bits('MANAGE_GUILD') },
      ],
    });
    expect((await list()).status).toBe(200);
    expectError(await create(), 403, 'MISSING_PERMISSIONS');
    await putGuild(host, guild, { roles: [] });
    expectError(await list(), 403, 'MISSING_PERMISSIONS');
    expect((await create()).status).toBe(200);
  });

  it('takes as many roles as 16 KiB hold', async () => {
    const id = snowflake();
    const roles = snowflakes(250).map((role) => ({ id: role, permissions: bits('MANAGE_GUILD') }));
    expect(await put(host, `/guilds/${id}`, { name: 'g', owner_id: '5', roles })).toMatchObject({ roles });
    expect(await guildOf(id)).toMatchObject({ roles });
  });

  it('is whole at every moment, whoever writes at the same time', async () => {
    const id = snowflake();
    const record = (n: number) => ({ name: `n${n}`, owner_id: '5', icon_hash: `i${n}`, features: [`F${n}`] });
    await put(host, `/guilds/${id}`, record(0));
    const [read] = await Promise.all([
      Promise.all(Array.from({ length: 40 }, () => guildOf(id))),
      Promise.all(Array.from({ length: 40 }, (_, n) => put(host, `/guilds/${id}`, record(n + 1)))),
    ]);
    for (const seen of [...read, await guildOf(id)]) {
      expect(seen).toMatchObject(record(Number(String(seen['name']).slice(1))));
    }
  });

  it('that raises the maximum lets people in, and one that lowers it keeps who is in', async () => {
    const guild = await makeGuild(host, { max_members: 2 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const [first, second, third] = [snowflake(), snowflake(), snowflake()];
    await join(host, code, first);
    expectError(await accept(host, code, second), 400, 'MAX_GUILD_MEMBERS');
    await putGuild(host, guild, { max_members: 3 });
    await join(host, code, second);
    await putGuild(host, guild, { max_members: 1 });
    expect(await isMember(host, guild.id, second)).toBe(true);
    expectError(await accept(host, code, third), 400, 'MAX_GUILD_MEMBERS');
    await putGuild(host, guild, {});
    await join(host, code, third);
  });

  it('turns INVITES_DISABLED on and off at once', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await putGuild(host, guild, { features: ['INVITES_DISABLED'] });
    expectError(await accept(host, code, snowflake()), 403, 'INVITES_DISABLED');
    await putGuild(host, guild, { features: [] });
    await join(host, code, snowflake());
  });
});

describe('a PUT that is refused', () => {
  const good = { name: 'g', owner_id: '5' };

  it.each<readonly [string, unknown, string]>([
    ['no name', { owner_id: '5' }, 'name'],
    ['a name of null', { ...good, name: null }, 'name'],
    ['a name that is a number', { ...good, name: 5 }, 'name'],
    ['a name that is a list', { ...good, name: ['g'] }, 'name'],
    ['no owner', { name: 'g' }, 'owner_id'],
    ['an owner of null', { ...good, owner_id: null }, 'owner_id'],
    ['an owner with a leading zero', { ...good, owner_id: '05' }, 'owner_id'],
    ['an owner beyond 2^63 - 1', { ...good, owner_id: '9223372036854775808' }, 'owner_id'],
    ['an icon that is a number', { ...good, icon_hash: 5 }, 'icon_hash'],
    ['a banner that is a bool', { ...good, banner_hash: true }, 'banner_hash'],
    ['a splash that is an object', { ...good, splash_hash: {} }, 'splash_hash'],
    ['features that are a string', { ...good, features: 'VANITY_URL' }, 'features'],
    ['features that are an object', { ...good, features: { 0: 'VANITY_URL' } }, 'features'],
    ['roles that are an object', { ...good, roles: {} }, 'roles'],
    ['a maximum that is a string', { ...good, max_members: '5' }, 'max_members'],
    ['a maximum below 0', { ...good, max_members: -1 }, 'max_members'],
    ['a count with decimals', { ...good, member_count: 1.5 }, 'member_count'],
    ['a count that is a string', { ...good, member_count: '5' }, 'member_count'],
    ['a count beyond the safe integers', { ...good, member_count: 2 ** 53 }, 'member_count'],
    ['a presence below 0', { ...good, presence_count: -1 }, 'presence_count'],
    ['a presence that is a bool', { ...good, presence_count: true }, 'presence_count'],
  ])('has %s', async (_what, body, path) => {
    expectInvalid(await tryPut(snowflake(), body), path);
  });

  it.each([
    ['is null', null],
    ['has no id', { permissions: '1' }],
    ['has an id that is a number', { id: 5, permissions: '1' }],
    ['has an id that is none', { id: '05', permissions: '1' }],
    ['has permissions below 0', { id: '5', permissions: '-1' }],
    ['has permissions in hexadecimal', { id: '5', permissions: '0x8' }],
    ['has permissions with decimals', { id: '5', permissions: '1.0' }],
    ['has permissions that are empty', { id: '5', permissions: '' }],
  ])('has a role that %s', async (_what, role) => {
    const answer = await tryPut(snowflake(), { ...good, roles: [{ id: '6', permissions: '1' }, role] });
    expectInvalid(answer);
    expect(answer.text).toContain('"path":"roles');
  });

  it('names each field that is wrong', async () => {
    const answer = await tryPut(snowflake(), { name: 5, owner_id: 'x', max_members: 'y' });
    expectInvalid(answer);
    const errors = answer.object()['errors'] as readonly { readonly path: string }[];
    expect(errors.map(({ path }) => path).sort()).toEqual(['max_members', 'name', 'owner_id']);
  });

  it('stores nothing and changes nothing', async () => {
    const id = snowflake();
    expectInvalid(await tryPut(id, { ...good, max_members: 'y' }));
    expectError(await internalGet(host, `/guilds/${id}`), 404, 'UNKNOWN_GUILD');
    const stored = await put(host, `/guilds/${id}`, good);
    expectInvalid(await tryPut(id, { name: 'changed', owner_id: '6', roles: [{}] }));
    expectError(await tryPut(id, { ...good, name: 'x'.repeat(16_385) }), 413, 'PAYLOAD_TOO_LARGE');
    expect(await guildOf(id)).toEqual(stored);
  });

  it('has no body at all', async () => {
    expectInvalid(await host.admin.put(`/internal/v1/guilds/${snowflake()}`, asService()));
  });
});

describe('a deletion', () => {
  it('answers 204 once, and 404 from then on', async () => {
    const guild = await makeGuild(host);
    expectNoContent(await internalDelete(host, `/guilds/${guild.id}`));
    expectError(await internalDelete(host, `/guilds/${guild.id}`), 404, 'UNKNOWN_GUILD');
    expectError(await internalGet(host, `/guilds/${guild.id}`), 404, 'UNKNOWN_GUILD');
  });

  it('succeeds exactly once for 30 requests at once', async () => {
    const guild = await makeGuild(host);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => internalDelete(host, `/guilds/${guild.id}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(29).fill(404)]);
  });

  it('ends every invite of every channel, for each verb alike', async () => {
    const guild = await makeGuild(host);
    const channels = [guild.channelId, await makeChannel(host, guild.id), await makeChannel(host, guild.id)];
    const codes: string[] = [];
    for (const channel of [...channels, ...channels]) {
      codes.push((await createInvite(host, channel, guild.ownerId)).code);
    }
    await remove(host, `/guilds/${guild.id}`);
    for (const code of codes) {
      expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
      expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
      expectError(await host.api.delete(`/v1/invites/${code}`, asService()), 404, 'UNKNOWN_INVITE');
    }
    for (const channel of channels) {
      for (const method of ['GET', 'POST']) {
        const path = `/v1/channels/${channel}/invites`;
        expectError(await host.api.request(method, path, asService()), 404, 'UNKNOWN_CHANNEL');
      }
    }
    for (const part of ['invites', 'vanity-url']) {
      expectError(await host.api.get(`/v1/guilds/${guild.id}/${part}`, asService()), 404, 'UNKNOWN_GUILD');
    }
  });

  it('ends 1,000 invites at once', async () => {
    const guild = await makeGuild(host);
    const codes: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      const made = Array.from({ length: 100 }, () => createInvite(host, guild.channelId, guild.ownerId));
      codes.push(...(await Promise.all(made)).map(({ code }) => code));
    }
    await remove(host, `/guilds/${guild.id}`);
    const answers = await Promise.all(codes.map((code) => host.api.get(`/v1/invites/${code}`)));
    expect(answers.filter(({ status }) => status !== 404)).toEqual([]);
  });

  it('leaves the other guilds of its members and owner alone', async () => {
    const [owner_id, user] = [snowflake(), snowflake()];
    const [gone, kept] = [await makeGuild(host, { owner_id }), await makeGuild(host, { owner_id })];
    const { code } = await createInvite(host, kept.channelId, owner_id);
    for (const { id } of [gone, kept]) await makeMember(host, id, { id: user });
    await remove(host, `/guilds/${gone.id}`);
    expect(await isMember(host, kept.id, user)).toBe(true);
    expect(await memberCountOf(host, code)).toBe(2);
    expect((await host.api.get(`/v1/guilds/${kept.id}/invites`, { as: owner_id })).list()).toHaveLength(1);
  });

  it('is not undone by the guild that is put again with the same channel', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'], member_count: 50 });
    const [user, banned, address, vanity] = [snowflake(), snowflake(), ipv4Address(), unusedVanity()];
    await setVanity(host, guild, vanity);
    const temporary = await createInvite(host, guild.channelId, guild.ownerId, { temporary: true });
    await join(host, temporary.code, user);
    await ban(host, guild.id, banned);
    await banIp(host, guild.id, address);
    await remove(host, `/guilds/${guild.id}`);

    await putGuild(host, guild, { features: ['VANITY_URL'] });
    await makeChannel(host, guild.id, { id: guild.channelId });
    expectError(await host.api.get(`/v1/invites/${temporary.code}`), 404, 'UNKNOWN_INVITE');
    for (const at of [`channels/${guild.channelId}`, `guilds/${guild.id}`]) {
      expect((await host.api.get(`/v1/${at}/invites`, { as: guild.ownerId })).json()).toEqual([]);
    }
    const vanityUrl = `/v1/guilds/${guild.id}/vanity-url`;
    expect((await host.api.get(vanityUrl, { as: guild.ownerId })).json()).toEqual({ code: null, uses: 0 });
    expectError(await host.api.get(`/v1/invites/${vanity}`), 404, 'UNKNOWN_INVITE');

    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expect(await memberCountOf(host, code)).toBe(1);
    const ended = await host.admin.post(`/internal/v1/users/${user}/disconnect`, asService());
    expect(ended.json()).toEqual({ removed: [] });
    await join(host, code, user);
    await join(host, code, banned);
    const headers = {
      'X-Invited-Gateway-Key': host.server.gatewayKey,
      'X-Invited-User': snowflake(),
      'X-Invited-Client-IP': address,
    };
    expect((await host.api.post(`/v1/invites/${code}`, { headers })).status).toBe(200);
    expect(await memberCountOf(host, code)).toBe(4);
  });

  it('while people accept leaves nobody in the guild that is put again', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const users = snowflakes(40);
    const accepts = users.map((user) => accept(host, code, user));
    const removal = internalDelete(host, `/guilds/${guild.id}`);
    for (const answer of await Promise.all(accepts)) {
      if (answer.status !== 200) expectError(answer, 404, 'UNKNOWN_INVITE');
    }
    expectNoContent(await removal);
    await putGuild(host, guild, {});
    expect(await Promise.all(users.map((user) => isMember(host, guild.id, user)))).toEqual(
      users.map(() => false),
    );
  });
});
