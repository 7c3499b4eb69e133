// Users in the directory: their names go into invites at once, and their memberships need no record.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asService,
  createInvite,
  type Host,
  internalDelete,
  internalGet,
  isMember,
  join,
  makeGuild,
  makeMember,
  makeUser,
  put,
  remove,
  startHost,
} from '../support/directory.js';
import {
  expectCommonHeaders,
  expectError,
  expectInvalid,
  expectNoContent,
} from '../support/expect-answer.js';
import { snowflake } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const tryPut = (id: string, body?: unknown) =>
  host.admin.put(`/internal/v1/users/${id}`, asService(body === undefined ? {} : { json: body }));

describe('a PUT of a user', () => {
  it('answers with what is stored and the common headers', async () => {
    const id = snowflake();
    const body = { username: 'ada', discriminator: 9999, avatar_hash: 'a1b2' };
    const answer = await tryPut(id, body);
    expect(answer.status).toBe(200);
    expect(answer.object()).toMatchObject({ id, ...body });
    expectCommonHeaders(answer);
    expect((await internalGet(host, `/users/${id}`)).json()).toEqual(answer.json());
    expect((await tryPut(id, body)).json()).toEqual(answer.json());
  });

  it('replaces the record: what is left out is at its default again', async () => {
    const path = `/users/${snowflake()}`;
    const bare = await put(host, path, { username: 'ada' });
    await put(host, path, { username: 'bob', discriminator: 7, avatar_hash: 'x' });
    expect(await put(host, path, { username: 'ada', discriminator: null, avatar_hash: null })).toEqual(bare);
    expect((await internalGet(host, path)).json()).toEqual(bare);
  });

  it.each([
    'a',
    'Ünï çödé',
    '名前 🎉 👩‍👩‍👧',
    '"\\\'<script>&amp;</script>\u0001\t\n',
    '\u2028\u2029\u0000',
    'x'.repeat(1_000),
    '__proto__',
    'null',
    '5',
  ])('keeps the name %j to the letter', async (username) => {
    const id = await makeUser(host, { username });
    expect((await internalGet(host, `/users/${id}`)).object()).toMatchObject({ username });
    const guild = await makeGuild(host, { owner_id: id });
    const { code } = await createInvite(host, guild.channelId, id);
    expect((await host.api.get(`/v1/invites/${code}`)).object()['inviter']).toMatchObject({ id, username });
  });

  it.each<readonly [string, unknown, string]>([
    ['no name', {}, 'username'],
    ['a name of null', { username: null }, 'username'],
    ['a name that is a number', { username: 5 }, 'username'],
    ['a name that is a list', { username: ['a'] }, 'username'],
    ['a discriminator that is a string', { username: 'a', discriminator: '0001' }, 'discriminator'],
    ['a discriminator with decimals', { username: 'a', discriminator: 1.5 }, 'discriminator'],
    ['a discriminator that is a bool', { username: 'a', discriminator: true }, 'discriminator'],
    ['a discriminator below 0', { username: 'a', discriminator: -1 }, 'discriminator'],
    ['an avatar that is a number', { username: 'a', avatar_hash: 5 }, 'avatar_hash'],
  ])('is refused for %s, and changes nothing', async (_what, body, path) => {
    const id = snowflake();
    expectInvalid(await tryPut(id, body), path);
    expectError(await internalGet(host, `/users/${id}`), 404, 'UNKNOWN_USER');
    const stored = await put(host, `/users/${id}`, { username: 'kept', discriminator: 3 });
    expectInvalid(await tryPut(id, body), path);
    expect((await internalGet(host, `/users/${id}`)).json()).toEqual(stored);
  });

  it('is refused without a body', async () => {
    expectInvalid(await tryPut(snowflake()), 'username');
  });

  it('shows in the invites of the user at once, in the lists as well', async () => {
    const id = snowflake();
    const guild = await makeGuild(host, { owner_id: id });
    const { code } = await createInvite(host, guild.channelId, id);
    const inviters = async (): Promise<readonly unknown[]> => {
      const read = await host.api.get(`/v1/invites/${code}`);
      const lists = [`/v1/guilds/${guild.id}/invites`, `/v1/channels/${guild.channelId}/invites`];
      const listed = await Promise.all(lists.map((path) => host.api.get(path, { as: id })));
      return [read.object()['inviter'], ...listed.map((list) => list.list()[0]?.['inviter'])];
    };
    expect(await inviters()).toEqual([null, null, null]);
    for (const username of ['first', 'second']) {
      await makeUser(host, { id, username, discriminator: 5, avatar_hash: 'h' });
      const inviter = { id, username, discriminator: 5, avatar_hash: 'h' };
      expect(await inviters()).toEqual([inviter, inviter, inviter]);
    }
    await remove(host, `/users/${id}`);
    expect(await inviters()).toEqual([null, null, null]);
    expect((await host.api.get(`/v1/invites/${code}`)).object()['inviter_id']).toBe(id);
  });
});

describe('a deletion', () => {
  it('answers 204 once, and 404 from then on', async () => {
    const id = await makeUser(host);
    expectNoContent(await internalDelete(host, `/users/${id}`));
    expectError(await internalDelete(host, `/users/${id}`), 404, 'UNKNOWN_USER');
    expectError(await internalGet(host, `/users/${id}`), 404, 'UNKNOWN_USER');
  });

  it('succeeds exactly once for 30 requests at once', async () => {
    const id = await makeUser(host);
    const answers = await Promise.all(Array.from({ length: 30 }, () => internalDelete(host, `/users/${id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(29).fill(404)]);
  });

  it('keeps memberships, ownership and invites', async () => {
    const [owner, member] = [await makeUser(host), await makeUser(host)];
    const guild = await makeGuild(host, { owner_id: owner });
    await makeMember(host, guild.id, { id: member });
    const { code } = await createInvite(host, guild.channelId, member);
    await remove(host, `/users/${owner}`);
    await remove(host, `/users/${member}`);
    expect(await isMember(host, guild.id, member)).toBe(true);
    expect(await isMember(host, guild.id, owner)).toBe(true);
    await join(host, code, snowflake());
    expectNoContent(await host.api.delete(`/v1/invites/${code}`, { as: member }));
  });
});
