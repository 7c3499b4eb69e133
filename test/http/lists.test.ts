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
import { expectCommonHeaders, expectError, expectInvalid } from '../support/expect-answer.js';
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

describe('pages', () => {
  const NEXT = /^<(\/[^>]+)>; rel="next"$/;
  const get = (at: string, as: string) => host.api.get(at, { as });
  const codesOf = (answer: Awaited<ReturnType<typeof get>>) => answer.list().map((invite) => invite['code']);
  const several = async (channelId: string, as: string, count: number) => {
    const codes: string[] = [];
    for (let made = 0; made < count; made += 1) codes.unshift((await createInvite(host, channelId, as)).code);
    return codes;
  };
  /** Follows the links to their end; what each page held. */
  const follow = async (at: string, as: string) => {
    const pages: unknown[][] = [];
    let next: string | undefined = at;
    while (next !== undefined && pages.length < 50) {
      const answer = await get(next, as);
      expect(answer.status, answer.text).toBe(200);
      pages.push(codesOf(answer));
      const link = answer.headers['link'];
      next = link === undefined ? undefined : NEXT.exec(String(link))?.[1];
      if (link !== undefined) expect(next).toMatch(/\?limit=\d+&after=\d+_[A-Za-z0-9-]+$/);
    }
    return pages;
  };

  it.each([
    [1, [1, 1, 1, 1, 1]],
    [2, [2, 2, 1]],
    [5, [5]],
    [1000, [5]],
  ])('of %d, by their links, of guilds, channels and group DMs', async (limit, lengths) => {
    const guild = await makeGuild(host);
    const dm = await makeGroupDm(host);
    const [ofGuild, ofDm] = [
      await several(guild.channelId, guild.ownerId, 5),
      await several(dm.id, dm.ownerId, 5),
    ];
    for (const [at, as, codes] of [
      [guildPath(guild.id), guild.ownerId, ofGuild],
      [channelPath(guild.channelId), guild.ownerId, ofGuild],
      [channelPath(dm.id), dm.ownerId, ofDm],
      [`/v1/guilds/${guild.id}/invites`, guild.ownerId, ofGuild],
    ] as const) {
      const pages = await follow(`${at}?limit=${limit}`, as);
      expect(pages.map(({ length }) => length)).toEqual(lengths);
      expect(pages.flat()).toEqual(codes);
    }
  });

  it('without a limit are one, with no link, also behind a live code', async () => {
    const guild = await makeGuild(host);
    const codes = await several(guild.channelId, guild.ownerId, 4);
    for (const [query, expected] of [
      ['', codes],
      ['?', codes],
      ['?other=1', codes],
      [`?after=${codes[1]}`, codes.slice(2)],
      [`?after=${codes[3]}`, []],
    ] as const) {
      const answer = await get(guildPath(guild.id) + query, guild.ownerId);
      expect(codesOf(answer)).toEqual(expected);
      expect(answer.headers['link']).toBeUndefined();
    }
  });

  it('go on though the invite that the link names has ended, and pass nobody over', async () => {
    const guild = await makeGuild(host);
    const codes = await several(guild.channelId, guild.ownerId, 6);
    const first = await get(`${guildPath(guild.id)}?limit=2`, guild.ownerId);
    const next = NEXT.exec(String(first.headers['link']))?.[1] ?? '';
    await host.api.delete(`/api/v1/invites/${codes[1]}`, asService());
    await createInvite(host, guild.channelId, guild.ownerId);
    expect((await follow(next, guild.ownerId)).flat()).toEqual(codes.slice(2));
  });

  it('of imported invites of one moment hold each once', async () => {
    const guild = await makeGuild(host);
    const codes = Array.from({ length: 25 }, () => unusedCode());
    await importLines(
      host,
      codes.map((code) => inviteLine(guild.channelId, { code })),
    );
    const found = await follow(`${guildPath(guild.id)}?limit=4`, guild.ownerId);
    expect(found.flat().sort()).toEqual([...codes].sort());
    expect(found).toHaveLength(7);
  });

  it.each([
    ['?limit=0', 'limit', 'OUT_OF_RANGE'],
    ['?limit=1001', 'limit', 'OUT_OF_RANGE'],
    ['?limit=-1', 'limit', 'INVALID_TYPE'],
    ['?limit=', 'limit', 'INVALID_TYPE'],
    ['?limit=ten', 'limit', 'INVALID_TYPE'],
    ['?after=', 'after', 'INVALID_VALUE'],
    ['?after=abcdefgh', 'after', 'INVALID_VALUE'],
    ['?after=5_', 'after', 'INVALID_VALUE'],
    ['?after=_abc', 'after', 'INVALID_VALUE'],
    ['?after=x_abc', 'after', 'INVALID_VALUE'],
    ['?after=5_a_b', 'after', 'INVALID_VALUE'],
    ['?after=a%20b', 'after', 'INVALID_VALUE'],
  ])('%s is 400', async (query, path, code) => {
    const guild = await makeGuild(host);
    await createInvite(host, guild.channelId, guild.ownerId);
    for (const at of [guildPath(guild.id), channelPath(guild.channelId)]) {
      expectInvalid(await get(at + query, guild.ownerId), path, code);
    }
  });

  it('do not go on behind an invite of another guild, nor for who may not read the list', async () => {
    const [one, two] = [await makeGuild(host), await makeGuild(host)];
    const { code } = await createInvite(host, two.channelId, two.ownerId);
    const at = `${guildPath(one.id)}?after=${code}`;
    expectInvalid(await get(at, one.ownerId), 'after');
    expectError(await get(at, snowflake()), 403, 'MISSING_PERMISSIONS');
  });
});
