// Channels in the directory: whose they are, what a PUT changes at once, and what goes with a deletion.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  bits,
  createInvite,
  type Host,
  internalDelete,
  internalGet,
  join,
  makeChannel,
  makeGuild,
  makeMember,
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

const INVITES_MAX = 5;

let host: Host;
beforeAll(async () => {
  // A limit within reach, to see that what a deleted channel held no longer counts towards it.
  host = await startHost({ INVITED_MAX_INVITES_PER_GUILD: String(INVITES_MAX) });
});
afterAll(() => host.stop());

const tryPut = (path: string, body: unknown) =>
  host.admin.put(`/internal/v1${path}`, asService({ json: body }));
const tryCreate = (channelId: string, as: string) =>
  host.api.post(`/v1/channels/${channelId}/invites`, { as });

describe('a PUT of a channel', () => {
  it('answers with what is stored and the common headers', async () => {
    const guild = await makeGuild(host);
    const id = snowflake();
    const body = { name: 'néw 🎉', type: 5, position: 9, permission_overwrites: [] };
    const answer = await tryPut(`/guilds/${guild.id}/channels/${id}`, body);
    expect(answer.status).toBe(200);
    expect(answer.object()).toMatchObject({ id, ...body });
    expectCommonHeaders(answer);
    expect((await internalGet(host, `/guilds/${guild.id}/channels/${id}`)).json()).toEqual(answer.json());
  });

  it('replaces the record: what is left out is at its default again', async () => {
    const guild = await makeGuild(host);
    const path = `/guilds/${guild.id}/channels/${snowflake()}`;
    const bare = await put(host, path, { name: 'c' });
    const overwrite = { id: '5', type: 0, allow: '1', deny: '0' };
    await put(host, path, { name: 'd', type: 2, position: 7, permission_overwrites: [overwrite] });
    const nulls = { name: 'c', type: null, position: null, permission_overwrites: null };
    expect(await put(host, path, nulls)).toEqual(bare);
    expect((await internalGet(host, path)).json()).toEqual(bare);
  });

  it('shows in its invites at once', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await makeChannel(host, guild.id, { id: guild.channelId, name: 'renamed', type: 2 });
    expect((await host.api.get(`/v1/invites/${code}`)).object()['channel']).toEqual({
      id: guild.channelId,
      name: 'renamed',
      type: 2,
    });
  });

  it('keeps the invites and their uses', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, code, snowflake());
    await makeChannel(host, guild.id, { id: guild.channelId, name: 'renamed' });
    const list = (await host.api.get(`/v1/channels/${guild.channelId}/invites`, asService())).list();
    expect(list).toMatchObject([{ code, uses: 1 }]);
  });

  it('opens and closes the channel by its overwrites at once', async () => {
    const guild = await makeGuild(host);
    const member = await makeMember(host, guild.id);
    const tell = (...permission_overwrites: Parameters<typeof overwrite>[]) =>
      makeChannel(host, guild.id, {
        id: guild.channelId,
        permission_overwrites: permission_overwrites.map((of) => overwrite(...of)),
      });
    const overwrite = (id: string, type: 0 | 1, allow: string, deny: string) => ({ id, type, allow, deny });
    await tell([guild.id, 0, '0', bits('CREATE_INSTANT_INVITE')]);
    expectError(await tryCreate(guild.channelId, member), 403, 'MISSING_PERMISSIONS');
    await tell(
      [guild.id, 0, '0', bits('CREATE_INSTANT_INVITE')],
      [member, 1, bits('CREATE_INSTANT_INVITE'), '0'],
    );
    expect((await tryCreate(guild.channelId, member)).status).toBe(200);
    await tell([member, 1, '0', bits('VIEW_CHANNEL')]);
    expectError(await tryCreate(guild.channelId, member), 403, 'MISSING_PERMISSIONS');
    await tell();
    expect((await tryCreate(guild.channelId, member)).status).toBe(200);
  });

  it('that makes it a category ends creating in it, and back again begins it', async () => {
    const guild = await makeGuild(host);
    await makeChannel(host, guild.id, { id: guild.channelId, type: 4 });
    expectError(await tryCreate(guild.channelId, guild.ownerId), 400, 'INVALID_CHANNEL_TYPE');
    await makeChannel(host, guild.id, { id: guild.channelId, type: 0 });
    expect((await tryCreate(guild.channelId, guild.ownerId)).status).toBe(200);
  });

  it.each<readonly [string, unknown, string]>([
    ['no name', {}, 'name'],
    ['a name of null', { name: null }, 'name'],
    ['a name that is a number', { name: 5 }, 'name'],
    ['a type that is a string', { name: 'c', type: '0' }, 'type'],
    ['a type with decimals', { name: 'c', type: 0.5 }, 'type'],
    ['a type that is a bool', { name: 'c', type: false }, 'type'],
    ['a position that is a string', { name: 'c', position: '1' }, 'position'],
    ['a position with decimals', { name: 'c', position: 1.5 }, 'position'],
    ['a position beyond the safe integers', { name: 'c', position: 2 ** 53 }, 'position'],
    ['overwrites that are an object', { name: 'c', permission_overwrites: {} }, 'permission_overwrites'],
    ['overwrites that are a string', { name: 'c', permission_overwrites: '[]' }, 'permission_overwrites'],
  ])('is refused for %s, and stores nothing', async (_what, body, path) => {
    const guild = await makeGuild(host);
    const at = `/guilds/${guild.id}/channels/${snowflake()}`;
    expectInvalid(await tryPut(at, body), path);
    expectError(await internalGet(host, at), 404, 'UNKNOWN_CHANNEL');
  });

  it.each([
    ['is null', null],
    ['has no id', { type: 0, allow: '0', deny: '0' }],
    ['has an id that is a number', { id: 5, type: 0, allow: '0', deny: '0' }],
    ['has no type', { id: '5', allow: '0', deny: '0' }],
    ['has a type that is a string', { id: '5', type: '0', allow: '0', deny: '0' }],
    ['has the type -1', { id: '5', type: -1, allow: '0', deny: '0' }],
    ['allows a number', { id: '5', type: 0, allow: 1, deny: '0' }],
    ['denies less than 0', { id: '5', type: 0, allow: '0', deny: '-1' }],
    ['denies words', { id: '5', type: 0, allow: '0', deny: 'VIEW_CHANNEL' }],
  ])('is refused for an overwrite that %s, and changes nothing', async (_what, overwrite) => {
    const guild = await makeGuild(host);
    const at = `/guilds/${guild.id}/channels/${guild.channelId}`;
    const before = (await internalGet(host, at)).json();
    const answer = await tryPut(at, { name: 'changed', permission_overwrites: [overwrite] });
    expectInvalid(answer);
    expect(answer.text).toContain('"path":"permission_overwrites');
    expect((await internalGet(host, at)).json()).toEqual(before);
  });
});

describe('a channel of one guild', () => {
  it('is unknown in the path of another, which changes nothing', async () => {
    const [own, other] = [await makeGuild(host), await makeGuild(host)];
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const wrong = `/guilds/${other.id}/channels/${own.channelId}`;
    expectError(await internalGet(host, wrong), 404, 'UNKNOWN_CHANNEL');
    expectError(await internalDelete(host, wrong), 404, 'UNKNOWN_CHANNEL');
    expect((await host.api.get(`/v1/invites/${code}`)).object()).toMatchObject({
      guild_id: own.id,
      channel_id: own.channelId,
    });
    expect((await internalGet(host, `/guilds/${own.id}/channels/${own.channelId}`)).status).toBe(200);
  });

  it('is no group DM', async () => {
    const guild = await makeGuild(host);
    expectError(await internalGet(host, `/group-dms/${guild.channelId}`), 404, 'UNKNOWN_CHANNEL');
    expectError(await internalDelete(host, `/group-dms/${guild.channelId}`), 404, 'UNKNOWN_CHANNEL');
    expect((await tryCreate(guild.channelId, guild.ownerId)).status).toBe(200);
  });
});

describe('a deletion', () => {
  it('answers 204 once, and 404 from then on', async () => {
    const guild = await makeGuild(host);
    const at = `/guilds/${guild.id}/channels/${guild.channelId}`;
    const first = await internalDelete(host, at);
    expectNoContent(first);
    expectError(await internalDelete(host, at), 404, 'UNKNOWN_CHANNEL');
    expectError(await internalGet(host, at), 404, 'UNKNOWN_CHANNEL');
  });

  it('succeeds exactly once for 30 requests at once', async () => {
    const guild = await makeGuild(host);
    const at = `/guilds/${guild.id}/channels/${guild.channelId}`;
    const answers = await Promise.all(Array.from({ length: 30 }, () => internalDelete(host, at)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(29).fill(404)]);
  });

  it('ends the invites of this channel, for each verb alike, and of no other', async () => {
    const guild = await makeGuild(host);
    const other = await makeChannel(host, guild.id);
    const gone = await createInvite(host, guild.channelId, guild.ownerId);
    const kept = await createInvite(host, other, guild.ownerId);
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    expectError(await host.api.get(`/v1/invites/${gone.code}`), 404, 'UNKNOWN_INVITE');
    expectError(await accept(host, gone.code, snowflake()), 404, 'UNKNOWN_INVITE');
    expectError(await host.api.delete(`/v1/invites/${gone.code}`, asService()), 404, 'UNKNOWN_INVITE');
    const list = (await host.api.get(`/v1/guilds/${guild.id}/invites`, { as: guild.ownerId })).list();
    expect(list.map(({ code }) => code)).toEqual([kept.code]);
    await join(host, kept.code, snowflake());
  });

  it('makes its lists and creating in it unknown', async () => {
    const guild = await makeGuild(host);
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    const path = `/v1/channels/${guild.channelId}/invites`;
    expectError(await host.api.get(path, { as: guild.ownerId }), 404, 'UNKNOWN_CHANNEL');
    expectError(await host.api.post(path, asService()), 404, 'UNKNOWN_CHANNEL');
  });

  it('is not undone by the channel that is put again', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    await makeChannel(host, guild.id, { id: guild.channelId });
    expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
    const list = await host.api.get(`/v1/channels/${guild.channelId}/invites`, { as: guild.ownerId });
    expect(list.json()).toEqual([]);
  });

  it('gives back what its invites took of the limit of the guild', async () => {
    const guild = await makeGuild(host);
    const other = await makeChannel(host, guild.id);
    for (let made = 0; made < INVITES_MAX; made += 1) {
      expect((await tryCreate(guild.channelId, guild.ownerId)).status).toBe(200);
    }
    expectError(await tryCreate(other, guild.ownerId), 400, 'MAX_INVITES');
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    for (let made = 0; made < INVITES_MAX; made += 1) {
      expect((await tryCreate(other, guild.ownerId)).status).toBe(200);
    }
    expectError(await tryCreate(other, guild.ownerId), 400, 'MAX_INVITES');
  });

  it('while invites are made leaves none of them alive', async () => {
    for (let round = 0; round < 5; round += 1) {
      const guild = await makeGuild(host);
      const creates = Array.from({ length: INVITES_MAX }, () => tryCreate(guild.channelId, guild.ownerId));
      const removal = internalDelete(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
      const made = (await Promise.all(creates)).filter(({ status }) => status === 200);
      expectNoContent(await removal);
      for (const answer of made) {
        const gone = await host.api.get(`/v1/invites/${String(answer.object()['code'])}`);
        expectError(gone, 404, 'UNKNOWN_INVITE');
      }
      const list = await host.api.get(`/v1/guilds/${guild.id}/invites`, { as: guild.ownerId });
      expect(list.json()).toEqual([]);
    }
  });
});
