// The two lists of live invites: what is in them, in which order, and who may read them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asService,
  bits,
  createInvite,
  type Host,
  importLines,
  inviteLine,
  join,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  remove,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectCommonHeaders, expectError } from '../support/expect-answer.js';
import { LARGEST_ID, snowflake, unusedCode, unusedVanity } from '../support/ids.js';
import { until } from '../support/until.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const guildPath = (id: string) => `/api/v1/guilds/${id}/invites`;
const channelPath = (id: string) => `/api/v1/channels/${id}/invites`;

describe('what is in them', () => {
  it('an empty array where there is none', async () => {
    const guild = await makeGuild(host);
    const dm = await makeGroupDm(host);
    for (const [path, as] of [
      [guildPath(guild.id), guild.ownerId],
      [channelPath(guild.channelId), guild.ownerId],
      [channelPath(dm.id), dm.ownerId],
    ] as const) {
      const answer = await host.api.get(path, { as });
      expect({ status: answer.status, body: answer.json() }).toEqual({ status: 200, body: [] });
      expectCommonHeaders(answer);
    }
  });

  it('whole invites in their metadata form, as they were created', async () => {
    const guild = await makeGuild(host, { presence_count: 4 });
    const other = await makeChannel(host, guild.id, { name: 'other' });
    const member = await makeMember(host, guild.id);
    const one = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 3 });
    const two = await createInvite(host, other, member, { max_age: 60, temporary: true });
    await join(host, one.code, snowflake());

    const ofGuild = await host.api.get(guildPath(guild.id), { as: guild.ownerId });
    expect(ofGuild.list()).toHaveLength(2);
    expect(ofGuild.json()).toEqual(expect.arrayContaining([{ ...one, uses: 1 }, two]));
    const ofChannel = await host.api.get(channelPath(other), { as: guild.ownerId });
    expect(ofChannel.json()).toEqual([two]);
  });

  it('the newest first', async () => {
    const guild = await makeGuild(host);
    const made = [5, 1, 9, 3, 7].map((minute) =>
      inviteLine(guild.channelId, {
        code: unusedCode(),
        created_at: `2026-03-01T10:0${minute}:00.000Z`,
        minute,
      }),
    );
    await importLines(host, made);
    const expected = [...made]
      .sort((a, b) => Number(b['minute']) - Number(a['minute']))
      .map((line) => line['code']);
    const newest = await createInvite(host, guild.channelId, guild.ownerId);
    for (const path of [guildPath(guild.id), channelPath(guild.channelId)]) {
      const list = await host.api.get(path, { as: guild.ownerId });
      expect(list.list().map((invite) => invite['code'])).toEqual([newest.code, ...expected]);
    }
  });

  it('no vanity, and nothing that is revoked, used up or expired', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    await setVanity(host, guild, unusedVanity());
    const make = (fields: object = {}) => createInvite(host, guild.channelId, guild.ownerId, fields);
    const live = await make({ max_uses: 2 });
    const revoked = await make();
    const usedUp = await make({ max_uses: 1 });
    const expiring = await make({ max_age: 1 });
    await host.api.delete(`/api/v1/invites/${revoked.code}`, { as: guild.ownerId });
    await join(host, usedUp.code, snowflake());
    await join(host, live.code, snowflake());
    for (const path of [guildPath(guild.id), channelPath(guild.channelId)]) {
      const codes = await until('the expired one leaves the list', async () => {
        const list = (await host.api.get(path, { as: guild.ownerId })).list().map((one) => one['code']);
        return list.includes(expiring.code) ? null : list;
      });
      expect(codes).toEqual([live.code]);
    }
  });

  it('1,000 invites at once', async () => {
    const guild = await makeGuild(host);
    const codes = Array.from({ length: 1_000 }, () => unusedCode());
    const result = await importLines(
      host,
      codes.map((code) => inviteLine(guild.channelId, { code })),
    );
    expect(result).toEqual({ applied: 1_000, failed: [], failed_total: 0 });
    const list = await host.api.get(guildPath(guild.id), { as: guild.ownerId });
    expect(
      list
        .list()
        .map((invite) => invite['code'])
        .sort(),
    ).toEqual([...codes].sort());
  });

  it('no invites of other guilds, channels or group DMs', async () => {
    const [one, two, dm] = [await makeGuild(host), await makeGuild(host), await makeGroupDm(host)];
    const ofOne = await createInvite(host, one.channelId, one.ownerId);
    await createInvite(host, two.channelId, two.ownerId);
    const ofDm = await createInvite(host, dm.id, dm.ownerId);
    expect((await host.api.get(guildPath(one.id), { as: one.ownerId })).json()).toEqual([ofOne]);
    expect((await host.api.get(channelPath(dm.id), { as: dm.ownerId })).json()).toEqual([ofDm]);
  });
});

describe('who may read the list of a guild', () => {
  it.each([
    ['MANAGE_GUILD', 200],
    ['ADMINISTRATOR', 200],
    ['MANAGE_CHANNELS', 403],
    ['CREATE_INSTANT_INVITE', 403],
  ] as const)('a member with a role of %s: %i', async (permission, status) => {
    const role = { id: snowflake(), permissions: bits(permission) };
    const guild = await makeGuild(host, { roles: [role] });
    const member = await makeMember(host, guild.id, { roles: [role.id] });
    expect((await host.api.get(guildPath(guild.id), { as: member })).status).toBe(status);
  });

  it('the owner, a service, a stranger with MANAGE_GUILD claimed, and nobody else', async () => {
    const guild = await makeGuild(host);
    const get = (call: object) => host.api.get(guildPath(guild.id), call);
    expect((await get({ as: guild.ownerId })).status).toBe(200);
    expect((await get(asService())).status).toBe(200);
    expect((await get({ as: snowflake(), permissions: bits('MANAGE_GUILD') })).status).toBe(200);
    expectError(await get({ as: snowflake() }), 403, 'MISSING_PERMISSIONS');
    expectError(await get({}), 401, 'UNAUTHORIZED');
  });

  it.each(['0', LARGEST_ID, snowflake()])('of %s that nobody knows: 404, to a service too', async (id) => {
    expectError(await host.api.get(guildPath(id), { as: snowflake() }), 404, 'UNKNOWN_GUILD');
    expectError(await host.api.get(guildPath(id), asService()), 404, 'UNKNOWN_GUILD');
  });
});

describe('who may read the list of a channel', () => {
  it.each([
    ['MANAGE_CHANNELS', 200],
    ['ADMINISTRATOR', 200],
    ['MANAGE_GUILD', 403],
    ['CREATE_INSTANT_INVITE', 403],
  ] as const)('a member with a role of %s: %i', async (permission, status) => {
    const role = { id: snowflake(), permissions: bits(permission) };
    const guild = await makeGuild(host, { roles: [role] });
    const member = await makeMember(host, guild.id, { roles: [role.id] });
    expect((await host.api.get(channelPath(guild.channelId), { as: member })).status).toBe(status);
  });

  it('not the creator of an invite in it by that alone', async () => {
    const guild = await makeGuild(host);
    const creator = await makeMember(host, guild.id);
    await createInvite(host, guild.channelId, creator);
    const answer = await host.api.get(channelPath(guild.channelId), { as: creator });
    expectError(answer, 403, 'MISSING_PERMISSIONS');
  });

  it('MANAGE_CHANNELS in one channel opens that one alone', async () => {
    const guild = await makeGuild(host);
    const member = await makeMember(host, guild.id);
    const managed = await makeChannel(host, guild.id, {
      permission_overwrites: [{ id: member, type: 1, allow: bits('MANAGE_CHANNELS'), deny: '0' }],
    });
    expect((await host.api.get(channelPath(managed), { as: member })).status).toBe(200);
    expect((await host.api.get(channelPath(guild.channelId), { as: member })).status).toBe(403);
  });

  it('of a group DM its owner and a service, 403 to a recipient, 404 to anybody outside', async () => {
    const recipient = snowflake();
    const dm = await makeGroupDm(host, [recipient]);
    const get = (call: object) => host.api.get(channelPath(dm.id), call);
    expect((await get({ as: dm.ownerId })).status).toBe(200);
    expect((await get(asService())).status).toBe(200);
    expectError(await get({ as: recipient }), 403, 'MISSING_PERMISSIONS');
    expectError(await get({ as: recipient, permissions: bits('ADMINISTRATOR') }), 403, 'MISSING_PERMISSIONS');
    expectError(await get({ as: snowflake() }), 404, 'UNKNOWN_CHANNEL');
    expectError(await get({ as: snowflake(), permissions: bits('ADMINISTRATOR') }), 404, 'UNKNOWN_CHANNEL');
    expectError(await get({}), 401, 'UNAUTHORIZED');
  });

  it('of one that nobody knows or that was deleted: 404', async () => {
    const guild = await makeGuild(host);
    expectError(await host.api.get(channelPath(snowflake()), asService()), 404, 'UNKNOWN_CHANNEL');
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    expectError(
      await host.api.get(channelPath(guild.channelId), { as: guild.ownerId }),
      404,
      'UNKNOWN_CHANNEL',
    );
  });
});
