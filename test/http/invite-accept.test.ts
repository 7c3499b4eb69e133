// Accepting: the answer, the checks in their order, what each of them leaves alone, and the count of uses.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  ban,
  createInvite,
  type Host,
  importLines,
  inviteLine,
  isMember,
  join,
  makeGroupDm,
  makeGuild,
  makeMember,
  makeUser,
  memberCountOf,
  putGuild,
  remove,
  setVanity,
  startHost,
  usesOf,
} from '../support/directory.js';
import { expectCommonHeaders, expectError } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedCode, unusedVanity } from '../support/ids.js';
import { until } from '../support/until.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

describe('the answer', () => {
  it('is the plain invite with its expiry and new_member', async () => {
    const inviter = await makeUser(host, { username: 'inviter' });
    const guild = await makeGuild(host, { owner_id: inviter });
    const invite = await createInvite(host, guild.channelId, inviter, { max_age: 300, max_uses: 9 });
    const user = snowflake();

    const first = await accept(host, invite.code, user);
    const plain = {
      code: invite.code,
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
      inviter: { id: inviter, username: 'inviter', discriminator: 1, avatar_hash: null },
      inviter_id: inviter,
      created_at: invite.created_at,
      expires_at: new Date(Date.parse(invite.created_at) + 300_000).toISOString(),
      temporary: false,
      version: 1,
    };
    expect(first.status).toBe(200);
    expect(first.json()).toEqual({ ...plain, new_member: true });
    expect(first.headers['etag']).toBe('"1"');
    expectCommonHeaders(first);

    const second = await accept(host, invite.code, user);
    expect(second.status).toBe(200);
    expect(second.json()).toEqual({ ...plain, new_member: false });
  });

  it('is the same kind for a group DM', async () => {
    const dm = await makeGroupDm(host, [], { name: 'Two' });
    const invite = await createInvite(host, dm.id, dm.ownerId);
    const answer = await accept(host, invite.code, snowflake());
    expect(answer.json()).toMatchObject({
      code: invite.code,
      type: 1,
      guild: null,
      guild_id: null,
      channel_id: dm.id,
      expires_at: null,
      new_member: true,
    });
    expect(Object.keys(answer.object())).not.toContain('uses');
  });

  it('ignores the body, whatever it is', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    for (const body of ['', '{}', 'null', '{"max_uses":0}', 'no json', '[', '\u00ff', 'x'.repeat(16_384)]) {
      const answer = await host.api.post(`/api/v1/invites/${code}`, { as: snowflake(), body });
      expect(answer.status, body.slice(0, 20)).toBe(200);
    }
  });

  it('is 413 for a body over 16 KiB, and no use is taken', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const user = snowflake();
    const answer = await host.api.post(`/api/v1/invites/${code}`, { as: user, body: 'x'.repeat(16_385) });
    expectError(answer, 413, 'PAYLOAD_TOO_LARGE');
    expect(await usesOf(host, code)).toBe(0);
    expect(await isMember(host, guild.id, user)).toBe(false);
  });
});

describe('what it does', () => {
  it('makes the user a permanent member without roles', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const user = snowflake();
    await join(host, code, user);
    const member = await host.admin.get(`/internal/v1/guilds/${guild.id}/members/${user}`, asService());
    expect(member.json()).toMatchObject({ roles: [], temporary: false });
  });

  it('adds the user to the recipients of a group DM, once', async () => {
    const dm = await makeGroupDm(host);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    const user = snowflake();
    await join(host, code, user);
    expect((await accept(host, code, user)).object()['new_member']).toBe(false);
    const stored = await host.admin.get(`/internal/v1/group-dms/${dm.id}`, asService());
    expect([...(stored.object()['recipients'] as string[])].sort()).toEqual([dm.ownerId, user].sort());
    expect(await usesOf(host, code)).toBe(1);
    expect(await memberCountOf(host, code)).toBe(2);
  });

  it('takes exactly one use for each new member and none for anybody else', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const member = await makeMember(host, guild.id);
    const [first = '', second = ''] = snowflakes(2);
    for (const user of [member, guild.ownerId]) {
      expect((await accept(host, code, user)).json()).toMatchObject({ new_member: false });
    }
    expect(await usesOf(host, code)).toBe(0);
    await join(host, code, first);
    await join(host, code, second);
    await accept(host, code, first);
    expect(await usesOf(host, code)).toBe(2);
    expect(await memberCountOf(host, code)).toBe(4);
  });

  it('takes a new use from somebody who left and comes back', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 2 });
    const user = snowflake();
    await join(host, code, user);
    await remove(host, `/guilds/${guild.id}/members/${user}`);
    expect(await usesOf(host, code)).toBe(1);
    await join(host, code, user);
    expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
  });

  it('does not change the version', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, code, snowflake());
    expect((await host.api.get(`/api/v1/invites/${code}`)).json()).toMatchObject({ version: 1 });
  });

  it('lets the last use in and nobody after it', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 3 });
    await join(host, code, snowflake());
    await join(host, code, snowflake());
    expect(await usesOf(host, code)).toBe(2);
    const last = snowflake();
    await join(host, code, last);
    expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
    expectError(await accept(host, code, last), 404, 'UNKNOWN_INVITE');
    expectError(await host.api.get(`/api/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    expect(await memberCountOf(host, (await createInvite(host, guild.channelId, guild.ownerId)).code)).toBe(
      4,
    );
  });

  it.each([1, 100])('holds a cap of %i to the last use', async (cap) => {
    const guild = await makeGuild(host);
    const code = unusedCode();
    await importLines(host, [inviteLine(guild.channelId, { code, max_uses: cap, uses: cap - 1 })]);
    await join(host, code, snowflake());
    expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
  });

  it('has no cap at 0', async () => {
    const guild = await makeGuild(host);
    const code = unusedCode();
    await importLines(host, [inviteLine(guild.channelId, { code, max_uses: 0, uses: 5_000 })]);
    await join(host, code, snowflake());
    expect(await usesOf(host, code)).toBe(5_001);
  });

  it('takes a code in upper case for the same one in lower case', async () => {
    const guild = await makeGuild(host);
    const code = unusedVanity(8);
    await importLines(host, [inviteLine(guild.channelId, { code })]);
    const answer = await accept(host, code.toUpperCase(), snowflake());
    expect(answer.json()).toMatchObject({ code, new_member: true });
    expect(await usesOf(host, code)).toBe(1);
  });

  it('counts for the vanity code that was used', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const code = unusedVanity();
    await setVanity(host, guild, code);
    const answer = await accept(host, code.toUpperCase(), snowflake());
    expect(answer.json()).toMatchObject({
      code,
      inviter: null,
      inviter_id: null,
      expires_at: null,
      new_member: true,
    });
    const vanity = await host.api.get(`/api/v1/guilds/${guild.id}/vanity-url`, { as: guild.ownerId });
    expect(vanity.json()).toEqual({ code, uses: 1 });
  });
});

describe('the order of the checks', () => {
  it('1: an invite that is no more is unknown to everyone alike, with one and the same body', async () => {
    const guild = await makeGuild(host);
    const make = (fields: object) => createInvite(host, guild.channelId, guild.ownerId, fields);
    const expired = await make({ max_age: 1 });
    const revoked = await make({});
    const usedUp = await make({ max_uses: 1 });
    const [member, banned, stranger] = [await makeMember(host, guild.id), snowflake(), snowflake()];
    await ban(host, guild.id, banned);
    await host.api.delete(`/api/v1/invites/${revoked.code}`, { as: guild.ownerId });
    await join(host, usedUp.code, snowflake());
    await until('it expires', async () => (await accept(host, expired.code, member)).status === 404);
    await putGuild(host, guild, { features: ['INVITES_DISABLED'], max_members: 1 });

    const unknown = await accept(host, unusedCode(), stranger);
    expectError(unknown, 404, 'UNKNOWN_INVITE');
    for (const code of [expired.code, revoked.code, usedUp.code]) {
      for (const user of [member, banned, stranger, guild.ownerId]) {
        const answer = await accept(host, code, user);
        expect({ status: answer.status, text: answer.text }).toEqual({ status: 404, text: unknown.text });
      }
    }
  });

  it('2: INVITES_DISABLED comes before membership, ban and a full guild, and takes no use', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const member = await makeMember(host, guild.id);
    const banned = snowflake();
    await ban(host, guild.id, banned);
    await putGuild(host, guild, { features: ['INVITES_DISABLED'], max_members: 1 });
    for (const user of [member, banned, guild.ownerId, snowflake()]) {
      expectError(await accept(host, code, user), 403, 'INVITES_DISABLED');
    }
    expect(await usesOf(host, code)).toBe(0);
    await putGuild(host, guild, {});
    await join(host, code, snowflake());
  });

  it('2: INVITES_DISABLED holds for a vanity code as well', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL', 'INVITES_DISABLED'] });
    const code = unusedVanity();
    await setVanity(host, guild, code);
    expectError(await accept(host, code, snowflake()), 403, 'INVITES_DISABLED');
  });

  it('3: who is in already gets 200 even when the guild is full', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const member = await makeMember(host, guild.id);
    await putGuild(host, guild, { max_members: 1 });
    expect((await accept(host, code, member)).json()).toMatchObject({ new_member: false });
    expect((await accept(host, code, guild.ownerId)).json()).toMatchObject({ new_member: false });
  });

  it('4: a ban comes before a full guild', async () => {
    const guild = await makeGuild(host, { max_members: 1 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const user = snowflake();
    await ban(host, guild.id, user);
    expectError(await accept(host, code, user), 403, 'USER_BANNED_FROM_GUILD');
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GUILD_MEMBERS');
    expect(await usesOf(host, code)).toBe(0);
  });

  it('5: a guild takes members up to its maximum and no further, the owner counted', async () => {
    const guild = await makeGuild(host, { max_members: 3 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const first = snowflake();
    await join(host, code, first);
    await join(host, code, snowflake());
    const late = snowflake();
    expectError(await accept(host, code, late), 400, 'MAX_GUILD_MEMBERS');
    expect(await usesOf(host, code)).toBe(2);
    expect(await isMember(host, guild.id, late)).toBe(false);
    await remove(host, `/guilds/${guild.id}/members/${first}`);
    await join(host, code, late);
  });

  it('5: full is judged by a told member count', async () => {
    const guild = await makeGuild(host, { max_members: 500, member_count: 499 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, code, snowflake());
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GUILD_MEMBERS');
    await putGuild(host, guild, { max_members: 500, member_count: 10 });
    await join(host, code, snowflake());
  });

  it('5: the default maximum is 1,000,000', async () => {
    const guild = await makeGuild(host, { member_count: 999_999 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, code, snowflake());
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GUILD_MEMBERS');
  });

  it('5: a group DM holds 50', async () => {
    const dm = await makeGroupDm(host, snowflakes(48));
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    await join(host, code, snowflake());
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GROUP_DM_RECIPIENTS');
    expect((await accept(host, code, dm.ownerId)).json()).toMatchObject({ new_member: false });
    expect(await usesOf(host, code)).toBe(1);
  });
});

describe('at the same moment', () => {
  it('100 accepts by one user make one member and take one use', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 100 });
    const user = snowflake();
    const answers = await Promise.all(Array.from({ length: 100 }, () => accept(host, code, user)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(100).fill(200));
    expect(answers.filter((answer) => answer.object()['new_member'] === true)).toHaveLength(1);
    expect(await usesOf(host, code)).toBe(1);
    expect(await memberCountOf(host, code)).toBe(2);
  });

  it('100 accepts by one user on a cap of 1 make one member', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 1 });
    const user = snowflake();
    const answers = await Promise.all(Array.from({ length: 100 }, () => accept(host, code, user)));
    const joined = answers.filter((answer) => answer.status === 200);
    expect(joined).toHaveLength(1);
    expect(joined[0]?.object()['new_member']).toBe(true);
    expect(answers.filter((answer) => answer.status === 404)).toHaveLength(99);
  });

  it('one user over two invites of one guild takes one use of both together', async () => {
    const guild = await makeGuild(host);
    const one = await createInvite(host, guild.channelId, guild.ownerId);
    const two = await createInvite(host, guild.channelId, guild.ownerId);
    const user = snowflake();
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => accept(host, (index % 2 === 0 ? one : two).code, user)),
    );
    expect(Number(await usesOf(host, one.code)) + Number(await usesOf(host, two.code))).toBe(1);
  });

  it('60 users at a guild with 4 places left fill it exactly', async () => {
    const guild = await makeGuild(host, { max_members: 5 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const answers = await Promise.all(snowflakes(60).map((user) => accept(host, code, user)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(4);
    expect(answers.filter((answer) => answer.status === 400)).toHaveLength(56);
    expect(await usesOf(host, code)).toBe(4);
    expect(await memberCountOf(host, code)).toBe(5);
  });

  it('20 users at a group DM with one place left fill it exactly', async () => {
    const dm = await makeGroupDm(host, snowflakes(48));
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    const answers = await Promise.all(snowflakes(20).map((user) => accept(host, code, user)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 400)).toHaveLength(19);
    expect(await memberCountOf(host, code)).toBe(50);
  });

  it('nobody gets in who asks after the answer to a revocation', async () => {
    const guild = await makeGuild(host);
    for (let round = 0; round < 5; round += 1) {
      const { code } = await createInvite(host, guild.channelId, guild.ownerId);
      const before = snowflakes(20).map((user) => accept(host, code, user));
      await host.api.delete(`/api/v1/invites/${code}`, { as: guild.ownerId });
      const after = await Promise.all(snowflakes(10).map((user) => accept(host, code, user)));
      expect(after.map((answer) => answer.status)).toEqual(Array(10).fill(404));
      for (const answer of await Promise.all(before)) expect([200, 404]).toContain(answer.status);
    }
  });
});

describe('who may', () => {
  it('not somebody without a token, whether the code is known or not', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const answer = await host.api.post(`/api/v1/invites/${code}`);
    expectError(answer, 401, 'UNAUTHORIZED');
    expect((await host.api.post(`/api/v1/invites/${unusedCode()}`)).text).toBe(answer.text);
  });

  it.each(['bot', 'service'] as const)('not a %s, whether the code is known or not', async (role) => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    for (const asked of [code, unusedCode()]) {
      const answer = await host.api.post(`/api/v1/invites/${asked}`, { as: snowflake(), role });
      expectError(answer, 403, 'ACCESS_DENIED');
    }
    expect(await usesOf(host, code)).toBe(0);
  });
});
