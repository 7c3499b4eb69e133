// Members in the directory: who counts, what a PUT makes of a membership, and what a removal leaves.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  bits,
  createInvite,
  type Host,
  internalDelete,
  internalGet,
  isMember,
  join,
  makeGuild,
  makeMember,
  memberCountOf,
  put,
  putGuild,
  remove,
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
import { LARGEST_ID, snowflake, snowflakes } from '../support/ids.js';

let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host);
});
afterAll(() => host.stop());

const pathOf = (of: TestGuild, userId: string) => `/guilds/${of.id}/members/${userId}`;
const memberOf = async (of: TestGuild, userId: string) =>
  (await internalGet(host, pathOf(of, userId))).object();
const disconnect = async (userId: string) =>
  (await host.admin.post(`/internal/v1/users/${userId}/disconnect`, asService())).json();

/** A guild of its own with an invite, for the tests that count. */
async function counted(): Promise<{ readonly own: TestGuild; readonly code: string }> {
  const own = await makeGuild(host);
  return { own, code: (await createInvite(host, own.channelId, own.ownerId)).code };
}

describe('a PUT of a member', () => {
  it.each([
    ['no body', {}],
    ['{}', { json: {} }],
    ['null', { json: null }],
    ['nulls', { json: { roles: null, temporary: null } }],
    ['unknown keys', { json: { nick: 'x', user_id: '7' } }],
  ])('takes all defaults from %s', async (_what, call) => {
    const user = snowflake();
    const answer = await host.admin.put(`/internal/v1${pathOf(guild, user)}`, asService(call));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.object()).toMatchObject({ roles: [], temporary: false });
    expectCommonHeaders(answer);
    expect(await memberOf(guild, user)).toEqual(answer.json());
  });

  it.each(['0', '1', LARGEST_ID])('takes the user id %s', async (user) => {
    const { own, code } = await counted();
    await makeMember(host, own.id, { id: user });
    expect(await isMember(host, own.id, user)).toBe(true);
    expect((await accept(host, code, user)).object()).toMatchObject({ new_member: false });
  });

  it.each<readonly [string, unknown, string]>([
    ['roles that are a string', { roles: '5' }, 'roles'],
    ['roles that are an object', { roles: {} }, 'roles'],
    ['a temporary that is a string', { temporary: 'true' }, 'temporary'],
    ['a temporary of 0', { temporary: 0 }, 'temporary'],
  ])('is refused for %s, and makes nobody a member', async (_what, json, path) => {
    const user = snowflake();
    expectInvalid(await host.admin.put(`/internal/v1${pathOf(guild, user)}`, asService({ json })), path);
    expectError(await internalGet(host, pathOf(guild, user)), 404, 'UNKNOWN_MEMBER');
  });

  it.each([[[5]], [['05']], [[null]], [['5', 'x']], [[['5']]]])(
    'is refused for the roles %j, and changes nothing',
    async (roles) => {
      const user = await makeMember(host, guild.id, { roles: ['9'] });
      const answer = await host.admin.put(
        `/internal/v1${pathOf(guild, user)}`,
        asService({ json: { roles } }),
      );
      expectInvalid(answer);
      expect(answer.text).toContain('"path":"roles');
      expect(await memberOf(guild, user)).toMatchObject({ roles: ['9'] });
    },
  );

  it('gives the permissions of its roles at once, and takes them away', async () => {
    const role = snowflake();
    const own = await makeGuild(host);
    await putGuild(host, own, { roles: [{ id: role, permissions: bits('MANAGE_GUILD') }] });
    const user = await makeMember(host, own.id);
    const list = () => host.api.get(`/v1/guilds/${own.id}/invites`, { as: user });
    expectError(await list(), 403, 'MISSING_PERMISSIONS');
    await makeMember(host, own.id, { id: user, roles: [snowflake(), role] });
    expect((await list()).status).toBe(200);
    await makeMember(host, own.id, { id: user, roles: [] });
    expectError(await list(), 403, 'MISSING_PERMISSIONS');
  });

  it('makes members in one guild alone', async () => {
    const [first, second] = [await makeGuild(host), await makeGuild(host)];
    const user = await makeMember(host, first.id);
    expect(await isMember(host, second.id, user)).toBe(false);
    expectError(await internalDelete(host, pathOf(second, user)), 404, 'UNKNOWN_MEMBER');
    expect(await isMember(host, first.id, user)).toBe(true);
  });
});

describe('a temporary membership', () => {
  it('is what a temporary invite makes, without roles', async () => {
    const own = await makeGuild(host);
    const invite = await createInvite(host, own.channelId, own.ownerId, { temporary: true });
    const user = snowflake();
    await join(host, invite.code, user);
    expect(await memberOf(own, user)).toMatchObject({ roles: [], temporary: true });
  });

  it.each([
    ['no body', undefined],
    ['{}', {}],
    ['temporary false', { temporary: false }],
    ['a role', { roles: ['5'] }],
    ['a role, and temporary true', { roles: ['5'], temporary: true }],
  ])('becomes permanent by a PUT with %s', async (_what, body) => {
    const own = await makeGuild(host);
    const user = await makeMember(host, own.id, { temporary: true });
    expect(await memberOf(own, user)).toMatchObject({ temporary: true });
    expect(await put(host, pathOf(own, user), body)).toMatchObject({ temporary: false });
    expect(await disconnect(user)).toEqual({ removed: [] });
    expect(await isMember(host, own.id, user)).toBe(true);
  });

  it('stays temporary by a PUT that says so again', async () => {
    const own = await makeGuild(host);
    const user = await makeMember(host, own.id, { temporary: true });
    await makeMember(host, own.id, { id: user, temporary: true });
    expect(await disconnect(user)).toEqual({ removed: [own.id] });
  });

  it('stays temporary when the user comes by a permanent invite, which takes no use', async () => {
    const { own, code } = await counted();
    const user = await makeMember(host, own.id, { temporary: true });
    expect((await accept(host, code, user)).object()).toMatchObject({ new_member: false });
    expect(await usesOf(host, code)).toBe(0);
    expect(await memberOf(own, user)).toMatchObject({ temporary: true });
    expect(await disconnect(user)).toEqual({ removed: [own.id] });
  });

  it('is not made of a permanent one by a temporary invite', async () => {
    const own = await makeGuild(host);
    const invite = await createInvite(host, own.channelId, own.ownerId, { temporary: true });
    const user = await makeMember(host, own.id);
    expect((await accept(host, invite.code, user)).object()).toMatchObject({ new_member: false });
    expect(await memberOf(own, user)).toMatchObject({ temporary: false });
    expect(await disconnect(user)).toEqual({ removed: [] });
  });

  it('that was removed and is put again as permanent does not end by a disconnect', async () => {
    const own = await makeGuild(host);
    const user = await makeMember(host, own.id, { temporary: true });
    await remove(host, pathOf(own, user));
    await makeMember(host, own.id, { id: user });
    expect(await disconnect(user)).toEqual({ removed: [] });
    expect(await isMember(host, own.id, user)).toBe(true);
  });
});

describe('a removal', () => {
  it('answers 204 once, and 404 from then on', async () => {
    const user = await makeMember(host, guild.id);
    expectNoContent(await internalDelete(host, pathOf(guild, user)));
    expectError(await internalDelete(host, pathOf(guild, user)), 404, 'UNKNOWN_MEMBER');
    expectError(await internalGet(host, pathOf(guild, user)), 404, 'UNKNOWN_MEMBER');
  });

  it('takes the rights away at once, and lets the user come back by a new use', async () => {
    const { own, code } = await counted();
    const user = snowflake();
    await join(host, code, user);
    await remove(host, pathOf(own, user));
    const created = await host.api.post(`/v1/channels/${own.channelId}/invites`, { as: user });
    expectError(created, 403, 'MISSING_PERMISSIONS');
    expect(await usesOf(host, code)).toBe(1);
    await join(host, code, user);
    expect(await usesOf(host, code)).toBe(2);
  });

  it('forgets the roles of who comes back by an invite', async () => {
    const { own, code } = await counted();
    const user = await makeMember(host, own.id, { roles: ['5'] });
    await remove(host, pathOf(own, user));
    await join(host, code, user);
    expect(await memberOf(own, user)).toMatchObject({ roles: [], temporary: false });
  });

  it('makes room in a full guild', async () => {
    const own = await makeGuild(host, { max_members: 2 });
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const user = await makeMember(host, own.id);
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GUILD_MEMBERS');
    await remove(host, pathOf(own, user));
    await join(host, code, snowflake());
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GUILD_MEMBERS');
  });

  it('never takes the owner out', async () => {
    const { own, code } = await counted();
    await internalDelete(host, pathOf(own, own.ownerId));
    expect(await isMember(host, own.id, own.ownerId)).toBe(true);
    expect(await memberCountOf(host, code)).toBe(1);
    expect((await accept(host, code, own.ownerId)).object()).toMatchObject({ new_member: false });
    expect((await host.api.get(`/v1/guilds/${own.id}/invites`, { as: own.ownerId })).status).toBe(200);
  });
});

describe('the count', () => {
  it('takes one member once, however many PUTs come at once', async () => {
    const { own, code } = await counted();
    const user = snowflake();
    await Promise.all(Array.from({ length: 50 }, () => makeMember(host, own.id, { id: user })));
    expect(await memberCountOf(host, code)).toBe(2);
  });

  it('takes 50 members who are put at once', async () => {
    const { own, code } = await counted();
    await Promise.all(snowflakes(50).map((id) => makeMember(host, own.id, { id })));
    expect(await memberCountOf(host, code)).toBe(51);
  });

  it('loses one member once, however many removals come at once', async () => {
    const { own, code } = await counted();
    const user = await makeMember(host, own.id);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => internalDelete(host, pathOf(own, user))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(29).fill(404)]);
    expect(await memberCountOf(host, code)).toBe(1);
  });

  it('takes somebody once who is put and accepts at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { own, code } = await counted();
      const user = snowflake();
      const [answer] = await Promise.all([
        accept(host, code, user),
        makeMember(host, own.id, { id: user, roles: ['5'] }),
      ]);
      expect(await memberCountOf(host, code)).toBe(2);
      expect(await usesOf(host, code)).toBe(answer.object()['new_member'] === true ? 1 : 0);
      expect(await memberOf(own, user)).toMatchObject({ roles: ['5'], temporary: false });
    }
  });

  it('is right after 60 mixed changes at once', async () => {
    const { own, code } = await counted();
    const [stay, leave, come] = [snowflakes(20), snowflakes(20), snowflakes(20)];
    await Promise.all([...stay, ...leave].map((id) => makeMember(host, own.id, { id })));
    await Promise.all([
      ...stay.map((id) => makeMember(host, own.id, { id, roles: ['5'] })),
      ...leave.map((id) => remove(host, pathOf(own, id))),
      ...come.map((id) => join(host, code, id)),
    ]);
    expect(await memberCountOf(host, code)).toBe(41);
    expect(await usesOf(host, code)).toBe(20);
  });

  it('moves a told base by the same steps, and no PUT of a known member moves it', async () => {
    const own = await makeGuild(host, { member_count: 100 });
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const user = snowflake();
    await join(host, code, user);
    await makeMember(host, own.id, { id: user, roles: ['5'] });
    expect(await memberCountOf(host, code)).toBe(101);
    await remove(host, pathOf(own, user));
    expectError(await internalDelete(host, pathOf(own, user)), 404, 'UNKNOWN_MEMBER');
    expect(await memberCountOf(host, code)).toBe(100);
  });
});
