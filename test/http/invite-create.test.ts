// Creating: the answer, the settings and their ranges, `unique`, and who may.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  bits,
  CHANNEL_TYPE,
  createInvite,
  decodeInvite,
  type Host,
  internalDelete,
  join,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  makeUser,
  putGuild,
  remove,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectCommonHeaders, expectError, expectInvalid, ISO_TIME } from '../support/expect-answer.js';
import { LARGEST_ID, snowflake, snowflakes } from '../support/ids.js';
import { until } from '../support/until.js';

let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host);
});
afterAll(() => host.stop());

const create = (channelId: string, call: Parameters<Host['api']['post']>[1]) =>
  host.api.post(`/api/v1/channels/${channelId}/invites`, call);

describe('the answer', () => {
  it('is the whole invite in its metadata form, with all defaults', async () => {
    const inviter = await makeUser(host, { username: 'maker', discriminator: 7, avatar_hash: 'x' });
    await makeMember(host, guild.id, { id: inviter });
    const answer = await create(guild.channelId, { as: inviter, json: {} });
    expect(answer.status).toBe(200);
    const invite = decodeInvite(answer);
    expect(invite).toEqual({
      code: expect.stringMatching(/^[A-Za-z0-9]{8}$/),
      type: 0,
      guild: {
        id: guild.id,
        name: guild.name,
        icon_hash: null,
        banner_hash: null,
        splash_hash: null,
        features: [],
      },
      guild_id: guild.id,
      channel: { id: guild.channelId, name: 'general', type: 0 },
      channel_id: guild.channelId,
      inviter: { id: inviter, username: 'maker', discriminator: 7, avatar_hash: 'x' },
      inviter_id: inviter,
      created_at: expect.stringMatching(ISO_TIME),
      expires_at: new Date(Date.parse(invite.created_at) + 86_400_000).toISOString(),
      uses: 0,
      max_uses: 0,
      max_age: 86_400,
      temporary: false,
      paused: false,
      version: 1,
    });
    expect(answer.headers['etag']).toBe('"1"');
    expectCommonHeaders(answer);
  });

  it('is the same kind for a group DM', async () => {
    const dm = await makeGroupDm(host);
    const invite = decodeInvite(await create(dm.id, { as: dm.ownerId, json: { max_age: 60, max_uses: 2 } }));
    expect(invite).toEqual({
      code: expect.stringMatching(/^[A-Za-z0-9]{8}$/),
      type: 1,
      guild: null,
      guild_id: null,
      channel: { id: dm.id, name: null, type: CHANNEL_TYPE.groupDm, recipients: [{ username: null }] },
      channel_id: dm.id,
      inviter: null,
      inviter_id: dm.ownerId,
      created_at: expect.stringMatching(ISO_TIME),
      expires_at: new Date(Date.parse(invite.created_at) + 60_000).toISOString(),
      uses: 0,
      max_uses: 2,
      max_age: 60,
      temporary: false,
      paused: false,
      version: 1,
    });
  });

  it('is what a GET by the creator gives afterwards', async () => {
    const created = await createInvite(host, guild.channelId, guild.ownerId, { max_age: 100, max_uses: 3 });
    const read = await host.api.get(`/api/v1/invites/${created.code}?with_expiration=true`, {
      as: guild.ownerId,
    });
    expect(read.json()).toEqual(created);
  });
});

describe('the settings', () => {
  it.each([
    [{ max_age: 0 }, { max_age: 0, expires_at: null }],
    [{ max_age: 1 }, { max_age: 1 }],
    [{ max_age: 604_800 }, { max_age: 604_800 }],
    [{ max_uses: 0 }, { max_uses: 0 }],
    [{ max_uses: 1 }, { max_uses: 1 }],
    [{ max_uses: 100 }, { max_uses: 100 }],
    [{ temporary: true }, { temporary: true }],
    [{ temporary: false }, { temporary: false }],
    [
      { max_age: null, max_uses: null, temporary: null, unique: null },
      { max_age: 86_400, max_uses: 0, temporary: false },
    ],
    [
      { unknown: 1, code: 'mine', uses: 5, inviter_id: '1', version: 9 },
      { uses: 0, version: 1, max_age: 86_400 },
    ],
  ])('%j are taken', async (json, expected) => {
    const invite = decodeInvite(await create(guild.channelId, { as: guild.ownerId, json }));
    expect(invite).toMatchObject(expected);
    expect(invite.code).not.toBe('mine');
    expect(invite['inviter_id']).toBe(guild.ownerId);
    if (invite['max_age'] !== 0) {
      expect(invite['expires_at']).toBe(
        new Date(Date.parse(invite.created_at) + Number(invite['max_age']) * 1_000).toISOString(),
      );
    }
  });

  it.each([
    ['max_age', [-1, 604_801, 1.5, '5', '', true, [], {}, 1e21]],
    ['max_uses', [-1, 101, 0.5, '5', false, [1], {}, 1e21]],
    ['temporary', ['true', 0, 1, [], {}]],
    ['unique', ['false', 0, 1, [], {}]],
  ] as const)('%s out of its range or type is refused with its path', async (field, values) => {
    for (const value of values) {
      const answer = await create(guild.channelId, { as: guild.ownerId, json: { [field]: value } });
      expectInvalid(answer, field);
    }
  });

  it('refused ones make no invite', async () => {
    const own = await makeGuild(host);
    await create(own.channelId, { as: own.ownerId, json: { max_uses: 101 } });
    await create(own.channelId, { as: own.ownerId, json: { max_age: -1 } });
    const list = await host.api.get(`/api/v1/guilds/${own.id}/invites`, { as: own.ownerId });
    expect(list.json()).toEqual([]);
  });

  it.each([
    ['no body', undefined, undefined],
    ['no body, but a Content-Type', undefined, 'application/json'],
    ['{} as text', '{}', 'text/plain'],
    ['{} without a Content-Type', '{}', undefined],
    ['null', 'null', 'application/json'],
    ['settings as a form', '{"max_uses":0}', 'application/x-www-form-urlencoded'],
  ])('are all defaults for %s', async (_name, body, contentType) => {
    const answer = await create(guild.channelId, {
      as: guild.ownerId,
      ...(body === undefined ? {} : { body }),
      ...(contentType === undefined ? {} : { headers: { 'Content-Type': contentType } }),
    });
    expect(decodeInvite(answer)).toMatchObject({ max_age: 86_400, max_uses: 0, temporary: false });
  });

  it('end the invite exactly max_age after its creation', async () => {
    const invite = await createInvite(host, guild.channelId, guild.ownerId, { max_age: 1 });
    const path = `/api/v1/invites/${invite.code}`;
    await until('it expires', async () => (await host.api.get(path)).status === 404);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(String(invite['expires_at'])));
    expectError(await accept(host, invite.code, snowflake()), 404, 'UNKNOWN_INVITE');
  });
});

describe('unique', () => {
  const json = { max_age: 600, max_uses: 4, temporary: true, unique: false };

  it('true or left out always makes a new one', async () => {
    const own = await makeGuild(host);
    const settings = { max_age: 600, max_uses: 4 };
    const first = await createInvite(host, own.channelId, own.ownerId, settings);
    const second = await createInvite(host, own.channelId, own.ownerId, { ...settings, unique: true });
    const third = await createInvite(host, own.channelId, own.ownerId, settings);
    expect(new Set([first.code, second.code, third.code]).size).toBe(3);
  });

  it('false gives the own live invite again, with its uses, in its metadata form', async () => {
    const own = await makeGuild(host);
    const first = decodeInvite(await create(own.channelId, { as: own.ownerId, json }));
    await join(host, first.code, snowflake());
    const second = await create(own.channelId, { as: own.ownerId, json });
    expect(second.status).toBe(200);
    expect(second.json()).toEqual({ ...first, uses: 1 });
    expect(second.headers['etag']).toBe('"1"');
  });

  it('false gives an invite that was made with unique true', async () => {
    const own = await makeGuild(host);
    const first = await createInvite(host, own.channelId, own.ownerId);
    expect((await createInvite(host, own.channelId, own.ownerId, { unique: false })).code).toBe(first.code);
  });

  it('false makes a new one where any setting, the channel or the caller differs', async () => {
    const own = await makeGuild(host);
    const otherChannel = await makeChannel(host, own.id);
    const otherMember = await makeMember(host, own.id);
    const codes = [
      await create(own.channelId, { as: own.ownerId, json }),
      await create(own.channelId, { as: own.ownerId, json: { ...json, max_age: 601 } }),
      await create(own.channelId, { as: own.ownerId, json: { ...json, max_uses: 5 } }),
      await create(own.channelId, { as: own.ownerId, json: { ...json, temporary: false } }),
      await create(otherChannel, { as: own.ownerId, json }),
      await create(own.channelId, { as: otherMember, json }),
    ].map((answer) => decodeInvite(answer).code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('false makes a new one where the match was revoked, used up or has expired', async () => {
    const own = await makeGuild(host);
    const make = (fields: object) =>
      createInvite(host, own.channelId, own.ownerId, { unique: false, ...fields });
    const revoked = await make({ max_age: 600 });
    await host.api.delete(`/api/v1/invites/${revoked.code}`, { as: own.ownerId });
    expect((await make({ max_age: 600 })).code).not.toBe(revoked.code);

    const usedUp = await make({ max_uses: 1 });
    await join(host, usedUp.code, snowflake());
    expect((await make({ max_uses: 1 })).code).not.toBe(usedUp.code);

    const expiring = await make({ max_age: 1 });
    await until(
      'it expires',
      async () => (await host.api.get(`/api/v1/invites/${expiring.code}`)).status === 404,
    );
    expect((await make({ max_age: 1 })).code).not.toBe(expiring.code);
  });

  it('false gives the newest match', async () => {
    const own = await makeGuild(host);
    const older = await createInvite(host, own.channelId, own.ownerId);
    await until('another millisecond', () => Date.now() > Date.parse(older.created_at) + 2);
    const newer = await createInvite(host, own.channelId, own.ownerId);
    const again = () => createInvite(host, own.channelId, own.ownerId, { unique: false });
    expect((await again()).code).toBe(newer.code);
    await host.api.delete(`/api/v1/invites/${newer.code}`, { as: own.ownerId });
    expect((await again()).code).toBe(older.code);
  });

  it('false makes one invite for 50 requests at once', async () => {
    const own = await makeGuild(host);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => create(own.channelId, { as: own.ownerId, json })),
    );
    expect(new Set(answers.map((answer) => decodeInvite(answer).code)).size).toBe(1);
  });
});

describe('who may', () => {
  it('the owner, a member by default, a bot with the permission, and a service', async () => {
    const member = await makeMember(host, guild.id);
    const bot = await makeMember(host, guild.id);
    const sub = snowflake();
    const inviterOf = async (call: Parameters<Host['api']['post']>[1]) =>
      decodeInvite(await create(guild.channelId, call))['inviter_id'];
    expect(await inviterOf({ as: guild.ownerId })).toBe(guild.ownerId);
    expect(await inviterOf({ as: member })).toBe(member);
    expect(await inviterOf({ as: bot, role: 'bot' })).toBe(bot);
    expect(await inviterOf({ as: sub, role: 'service' })).toBe(sub);
    const claimed = { as: sub, permissions: bits('CREATE_INSTANT_INVITE', 'VIEW_CHANNEL') };
    expect(await inviterOf(claimed)).toBe(sub);
  });

  it('not somebody without a token', async () => {
    expectError(await create(guild.channelId, {}), 401, 'UNAUTHORIZED');
  });

  it('not somebody who is no member', async () => {
    expectError(await create(guild.channelId, { as: snowflake() }), 403, 'MISSING_PERMISSIONS');
  });

  it('every recipient of a group DM, and nobody outside it, whatever they claim', async () => {
    const recipient = snowflake();
    const dm = await makeGroupDm(host, [recipient]);
    for (const call of [
      { as: dm.ownerId },
      { as: recipient },
      { as: recipient, permissions: '0' },
      asService(),
    ]) {
      expect((await create(dm.id, call)).status).toBe(200);
    }
    expectError(await create(dm.id, { as: snowflake() }), 404, 'UNKNOWN_CHANNEL');
    const claimed = { as: snowflake(), permissions: bits('ADMINISTRATOR') };
    expectError(await create(dm.id, claimed), 404, 'UNKNOWN_CHANNEL');
  });

  it('a user who accepted into a group DM, and no longer one who was taken out of it', async () => {
    const dm = await makeGroupDm(host);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    const user = snowflake();
    expectError(await create(dm.id, { as: user }), 404, 'UNKNOWN_CHANNEL');
    await join(host, code, user);
    expect((await create(dm.id, { as: user })).status).toBe(200);
    await host.admin.put(
      `/internal/v1/group-dms/${dm.id}`,
      asService({ json: { name: null, owner_id: dm.ownerId, recipients: [dm.ownerId] } }),
    );
    expectError(await create(dm.id, { as: user }), 404, 'UNKNOWN_CHANNEL');
  });
});

describe('the channel', () => {
  it.each([0, 1, 2, 3, 5, 13, 15])('of type %i can be invited to', async (type) => {
    const channel = await makeChannel(host, guild.id, { type });
    expect(decodeInvite(await create(channel, { as: guild.ownerId }))).toMatchObject({
      channel: { id: channel, type },
    });
  });

  it('cannot be a category, which is judged after the permission', async () => {
    const category = await makeChannel(host, guild.id, { type: CHANNEL_TYPE.category });
    expectError(await create(category, { as: guild.ownerId }), 400, 'INVALID_CHANNEL_TYPE');
    expectError(await create(category, asService()), 400, 'INVALID_CHANNEL_TYPE');
    expectError(await create(category, { as: snowflake() }), 403, 'MISSING_PERMISSIONS');
  });

  it.each(['0', LARGEST_ID, snowflake()])(
    '%s that nobody knows is UNKNOWN_CHANNEL, to a service too',
    async (id) => {
      expectError(await create(id, { as: snowflake() }), 404, 'UNKNOWN_CHANNEL');
      expectError(await create(id, asService()), 404, 'UNKNOWN_CHANNEL');
    },
  );

  it('is unknown once it or its guild is deleted', async () => {
    const own = await makeGuild(host);
    const second = await makeChannel(host, own.id);
    await remove(host, `/guilds/${own.id}/channels/${second}`);
    expectError(await create(second, { as: own.ownerId }), 404, 'UNKNOWN_CHANNEL');
    expect((await internalDelete(host, `/guilds/${own.id}`)).status).toBe(204);
    expectError(await create(own.channelId, { as: own.ownerId }), 404, 'UNKNOWN_CHANNEL');
  });

  it('takes invites while INVITES_DISABLED', async () => {
    const own = await makeGuild(host);
    await putGuild(host, own, { features: ['INVITES_DISABLED'] });
    expect((await create(own.channelId, { as: own.ownerId })).status).toBe(200);
  });
});

describe('many at once', () => {
  it('exactly 1,000 of 1,001 creates in one guild succeed, each with a code of its own', async () => {
    const own = await makeGuild(host);
    const channels = [own.channelId, await makeChannel(host, own.id), await makeChannel(host, own.id)];
    const answers = await Promise.all(
      snowflakes(1_001).map((sub, index) =>
        create(channels[index % 3] ?? '', { as: sub, role: 'service', json: { max_age: 0 } }),
      ),
    );
    const made = answers.filter((answer) => answer.status === 200);
    expect(made).toHaveLength(1_000);
    expect(new Set(made.map((answer) => decodeInvite(answer).code)).size).toBe(1_000);
    for (const refused of answers.filter((answer) => answer.status !== 200)) {
      expectError(refused, 400, 'MAX_INVITES');
    }
    const list = await host.api.get(`/api/v1/guilds/${own.id}/invites`, { as: own.ownerId });
    expect(list.list()).toHaveLength(1_000);

    const first = made[0];
    if (first === undefined) throw new Error('none was made');
    const { code } = decodeInvite(first);
    expect((await host.api.delete(`/api/v1/invites/${code}`, { as: own.ownerId })).status).toBe(204);
    expect((await create(own.channelId, { as: own.ownerId })).status).toBe(200);
    expectError(await create(own.channelId, { as: own.ownerId }), 400, 'MAX_INVITES');
  });
});
