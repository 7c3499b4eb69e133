// GET of an invite by its code: both forms to the byte, who gets which, and what the two parameters add.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  bits,
  CHANNEL_TYPE,
  createInvite,
  decodeInvite,
  type Host,
  importLines,
  inviteLine,
  join,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  makeUser,
  memberCountOf,
  putGuild,
  remove,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectCommonHeaders, expectError, ISO_TIME } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedCode, unusedVanity } from '../support/ids.js';
import { until } from '../support/until.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const METADATA_ONLY = ['max_age', 'max_uses', 'paused', 'uses'];

describe('a guild invite', () => {
  it('is told whole in its plain form, to somebody without a token', async () => {
    const inviter = await makeUser(host, {
      username: 'fluxeruser',
      discriminator: 1234,
      avatar_hash: 'a1b2',
    });
    const guild = await makeGuild(host, {
      name: 'Fluxer Community',
      owner_id: inviter,
      icon_hash: 'a1b2',
      features: ['VANITY_URL', 'SOMETHING_NEW'],
    });
    const invite = await createInvite(host, guild.channelId, inviter, { max_age: 3600, temporary: true });

    const answer = await host.api.get(`/api/v1/invites/${invite.code}`);

    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      code: invite.code,
      type: 0,
      guild: {
        id: guild.id,
        name: 'Fluxer Community',
        icon_hash: 'a1b2',
        banner_hash: null,
        splash_hash: null,
        features: ['VANITY_URL', 'SOMETHING_NEW'],
      },
      guild_id: guild.id,
      channel: { id: guild.channelId, name: 'general', type: 0 },
      channel_id: guild.channelId,
      inviter: { id: inviter, username: 'fluxeruser', discriminator: 1234, avatar_hash: 'a1b2' },
      inviter_id: inviter,
      created_at: invite.created_at,
      temporary: true,
      version: 1,
    });
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect(answer.headers['etag']).toBe('"1"');
    expectCommonHeaders(answer);
  });

  it('is told whole in its metadata form, with both parameters, to its creator', async () => {
    const guild = await makeGuild(host, { banner_hash: 'b', splash_hash: 's', presence_count: 7 });
    const creator = await makeMember(host, guild.id);
    const invite = await createInvite(host, guild.channelId, creator, { max_age: 600, max_uses: 5 });
    await join(host, invite.code, snowflake());

    const answer = await host.api.get(
      `/api/v1/invites/${invite.code}?with_expiration=true&with_counts=true`,
      {
        as: creator,
      },
    );

    expect(answer.json()).toEqual({
      code: invite.code,
      type: 0,
      guild: {
        id: guild.id,
        name: 'Test Guild',
        icon_hash: null,
        banner_hash: 'b',
        splash_hash: 's',
        features: [],
      },
      guild_id: guild.id,
      channel: { id: guild.channelId, name: 'general', type: 0 },
      channel_id: guild.channelId,
      inviter: null,
      inviter_id: creator,
      created_at: invite.created_at,
      expires_at: new Date(Date.parse(invite.created_at) + 600_000).toISOString(),
      uses: 1,
      max_uses: 5,
      max_age: 600,
      temporary: false,
      paused: false,
      approximate_member_count: 3,
      approximate_presence_count: 7,
      version: 1,
    });
  });

  it('has times with milliseconds and Z', async () => {
    const guild = await makeGuild(host);
    const before = Date.now();
    const invite = await createInvite(host, guild.channelId, guild.ownerId);
    expect(invite.created_at).toMatch(ISO_TIME);
    expect(Date.parse(invite.created_at)).toBeGreaterThanOrEqual(before - 1_000);
    expect(Date.parse(invite.created_at)).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it('follows the names of its guild, channel and inviter', async () => {
    const inviter = await makeUser(host, { username: 'before' });
    const guild = await makeGuild(host, { owner_id: inviter });
    const invite = await createInvite(host, guild.channelId, inviter);
    await makeUser(host, { id: inviter, username: 'after', discriminator: 0 });
    await putGuild(host, guild, { name: 'New Name' });
    await makeChannel(host, guild.id, { id: guild.channelId, name: 'new-name' });

    expect((await host.api.get(`/api/v1/invites/${invite.code}`)).json()).toMatchObject({
      guild: { name: 'New Name' },
      channel: { name: 'new-name' },
      inviter: { id: inviter, username: 'after', discriminator: 0, avatar_hash: null },
    });
  });

  it('has no inviter any more, but the id, when the directory forgets the user', async () => {
    const inviter = await makeUser(host);
    const guild = await makeGuild(host, { owner_id: inviter });
    const invite = await createInvite(host, guild.channelId, inviter);
    await remove(host, `/users/${inviter}`);
    expect((await host.api.get(`/api/v1/invites/${invite.code}`)).json()).toMatchObject({
      inviter: null,
      inviter_id: inviter,
    });
  });

  it('tells names of any script and with quotes, unchanged', async () => {
    const name = '"Åse\\ </script> 𝒢uild 🦊 \u202e‮\u2028"';
    const guild = await makeGuild(host, { name });
    const invite = await createInvite(host, guild.channelId, guild.ownerId);
    expect((await host.api.get(`/api/v1/invites/${invite.code}`)).json()).toMatchObject({ guild: { name } });
  });
});

describe('a group DM invite', () => {
  it('is told whole in its plain form', async () => {
    const known = await makeUser(host, { username: 'known' });
    const dm = await makeGroupDm(host, [known], { name: 'Friends' });
    const invite = await createInvite(host, dm.id, known);

    const answer = await host.api.get(`/api/v1/invites/${invite.code}?with_counts=1&with_expiration=1`);

    expect(answer.json()).toEqual({
      code: invite.code,
      type: 1,
      guild: null,
      guild_id: null,
      channel: {
        id: dm.id,
        name: 'Friends',
        type: CHANNEL_TYPE.groupDm,
        recipients: expect.toSatisfy(
          (recipients: unknown) =>
            Array.isArray(recipients) &&
            recipients.length === 2 &&
            recipients.some((one) => JSON.stringify(one) === '{"username":null}') &&
            recipients.some((one) => JSON.stringify(one) === '{"username":"known"}'),
        ),
      },
      channel_id: dm.id,
      inviter: { id: known, username: 'known', discriminator: 1, avatar_hash: null },
      inviter_id: known,
      created_at: invite.created_at,
      expires_at: null,
      temporary: false,
      approximate_member_count: 2,
      approximate_presence_count: 0,
      version: 1,
    });
    expect(answer.headers['etag']).toBe('"1"');
  });

  it('may have no name', async () => {
    const dm = await makeGroupDm(host);
    const invite = await createInvite(host, dm.id, dm.ownerId);
    expect((await host.api.get(`/api/v1/invites/${invite.code}`)).json()).toMatchObject({
      channel: { id: dm.id, name: null },
    });
  });

  it('gives metadata to its creator and the group owner, and to no other recipient', async () => {
    const [creator = '', other = ''] = snowflakes(2);
    const dm = await makeGroupDm(host, [creator, other]);
    const { code } = await createInvite(host, dm.id, creator);
    const keysFor = async (as: string): Promise<string[]> =>
      Object.keys(decodeInvite(await host.api.get(`/api/v1/invites/${code}`, { as })));
    expect(await keysFor(creator)).toEqual(expect.arrayContaining(METADATA_ONLY));
    expect(await keysFor(dm.ownerId)).toEqual(expect.arrayContaining(METADATA_ONLY));
    expect(await keysFor(other)).not.toContain('uses');
    expect(await keysFor(snowflake())).not.toContain('uses');
  });
});

describe('who gets metadata', () => {
  it.each([
    ['the creator, without any permission', true, async (_: string, creator: string) => ({ as: creator })],
    ['the owner', true, async (_: string, __: string, owner: string) => ({ as: owner })],
    ['a service', true, async () => asService()],
    [
      'a stranger whose gateway claims MANAGE_GUILD',
      true,
      async () => ({ as: snowflake(), permissions: bits('MANAGE_GUILD') }),
    ],
    [
      'a stranger whose gateway claims MANAGE_CHANNELS and VIEW_CHANNEL',
      true,
      async () => ({ as: snowflake(), permissions: bits('MANAGE_CHANNELS', 'VIEW_CHANNEL') }),
    ],
    ['a plain member', false, async (guildId: string) => ({ as: await makeMember(host, guildId) })],
    ['a stranger', false, async () => ({ as: snowflake() })],
    ['nobody', false, async () => ({})],
    ['a bot without permissions', false, async () => ({ as: snowflake(), role: 'bot' as const })],
  ])('%s: %s', async (_name, hasMetadata, callOf) => {
    const guild = await makeGuild(host);
    const creator = await makeMember(host, guild.id);
    const { code } = await createInvite(host, guild.channelId, creator);
    const call = await callOf(guild.id, creator, guild.ownerId);
    const keys = Object.keys(decodeInvite(await host.api.get(`/api/v1/invites/${code}`, call)));
    for (const key of METADATA_ONLY) expect(keys.includes(key), key).toBe(hasMetadata);
  });

  it.each([
    ['MANAGE_GUILD', ['MANAGE_GUILD'] as const, true],
    ['MANAGE_CHANNELS', ['MANAGE_CHANNELS'] as const, true],
    ['ADMINISTRATOR', ['ADMINISTRATOR'] as const, true],
    ['CREATE_INSTANT_INVITE', ['CREATE_INSTANT_INVITE'] as const, false],
  ])('a member with a role of %s: %s', async (_name, permissions, _expected) => {
    const role = { id: snowflake(), permissions: bits(...permissions) };
    const guild = await makeGuild(host, { roles: [role] });
    const member = await makeMember(host, guild.id, { roles: [role.id] });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const invite = decodeInvite(await host.api.get(`/api/v1/invites/${code}`, { as: member }));
    expect('uses' in invite).toBe(_expected);
  });

  it('not a creator who is no longer a member', async () => {
    const guild = await makeGuild(host);
    const creator = await makeMember(host, guild.id);
    const { code } = await createInvite(host, guild.channelId, creator);
    await remove(host, `/guilds/${guild.id}/members/${creator}`);
    const invite = decodeInvite(await host.api.get(`/api/v1/invites/${code}`, { as: creator }));
    expect(Object.keys(invite)).not.toContain('uses');
  });
});

describe('the parameters', () => {
  it.each([
    ['with_expiration=true', true],
    ['with_expiration=1', true],
    ['with_expiration=TRUE', false],
    ['with_expiration=yes', false],
    ['with_expiration=false', false],
    ['with_expiration=0', false],
    ['with_expiration=', false],
    ['with_expiration', false],
    ['with_counts=true', false],
  ])('%s: expires_at is %s', async (query, has) => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_age: 60 });
    expect('expires_at' in decodeInvite(await host.api.get(`/api/v1/invites/${code}?${query}`))).toBe(has);
  });

  it.each([
    ['with_counts=true', true],
    ['with_counts=1', true],
    ['with_counts=on', false],
    ['with_counts=2', false],
    ['with_expiration=true', false],
    ['unknown=1&with_counts=1&x', true],
  ])('%s: counts are %s', async (query, has) => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const invite = decodeInvite(await host.api.get(`/api/v1/invites/${code}?${query}`));
    expect('approximate_member_count' in invite).toBe(has);
    expect('approximate_presence_count' in invite).toBe(has);
  });
});

describe('the member count', () => {
  it('counts the owner alone in a new guild', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expect(await memberCountOf(host, code)).toBe(1);
  });

  it('counts an owner once who is put as a member too', async () => {
    const guild = await makeGuild(host);
    await makeMember(host, guild.id, { id: guild.ownerId });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expect(await memberCountOf(host, code)).toBe(1);
  });

  it('grows by one for a member however often it is put', async () => {
    const guild = await makeGuild(host);
    const member = await makeMember(host, guild.id);
    await makeMember(host, guild.id, { id: member });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expect(await memberCountOf(host, code)).toBe(2);
  });

  it('moves from a told base with each join and removal, until it is told anew', async () => {
    const guild = await makeGuild(host, { member_count: 12450, presence_count: 3890 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const [first = '', second = '', third = ''] = snowflakes(3);
    expect(await memberCountOf(host, code)).toBe(12450);
    await join(host, code, first);
    await join(host, code, second);
    await join(host, code, third);
    expect(await memberCountOf(host, code)).toBe(12453);
    await accept(host, code, third);
    expect(await memberCountOf(host, code)).toBe(12453);
    await remove(host, `/guilds/${guild.id}/members/${first}`);
    expect(await memberCountOf(host, code)).toBe(12452);
    await host.admin.put(`/internal/v1/guilds/${guild.id}/bans/${second}`, asService());
    expect(await memberCountOf(host, code)).toBe(12451);
    await host.admin.put(`/internal/v1/guilds/${guild.id}/bans/${snowflake()}`, asService());
    expect(await memberCountOf(host, code)).toBe(12451);
    await putGuild(host, guild, { member_count: 50 });
    expect(await memberCountOf(host, code)).toBe(50);
  });

  it('is the number of known members again when it is no longer told', async () => {
    const guild = await makeGuild(host, { member_count: 500 });
    await makeMember(host, guild.id);
    await putGuild(host, guild, { member_count: null });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expect(await memberCountOf(host, code)).toBe(2);
  });

  it('has a presence of 0 unless told', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const invite = decodeInvite(await host.api.get(`/api/v1/invites/${code}?with_counts=true`));
    expect(invite['approximate_presence_count']).toBe(0);
  });
});

describe('codes', () => {
  it('are found in lower case when they are not found as they stand', async () => {
    const guild = await makeGuild(host);
    const code = unusedVanity(8);
    await importLines(host, [inviteLine(guild.channelId, { code })]);
    const answer = await host.api.get(`/api/v1/invites/${code.toUpperCase()}`);
    expect(decodeInvite(answer).code).toBe(code);
  });

  it('are found as they stand first', async () => {
    const guild = await makeGuild(host);
    const code = unusedVanity(8);
    await importLines(host, [
      inviteLine(guild.channelId, { code, max_uses: 1 }),
      inviteLine(guild.channelId, { code: code.toUpperCase(), max_uses: 2 }),
    ]);
    const read = async (asked: string) =>
      decodeInvite(await host.api.get(`/api/v1/invites/${asked}`, asService()));
    expect(await read(code.toUpperCase())).toMatchObject({ code: code.toUpperCase(), max_uses: 2 });
    expect(await read(code)).toMatchObject({ code, max_uses: 1 });
  });

  it('are not found in upper case', async () => {
    const guild = await makeGuild(host);
    const code = unusedVanity(8).toUpperCase();
    await importLines(host, [inviteLine(guild.channelId, { code })]);
    expectError(await host.api.get(`/api/v1/invites/${code.toLowerCase()}`), 404, 'UNKNOWN_INVITE');
    expect((await host.api.get(`/api/v1/invites/${code}`)).status).toBe(200);
  });

  it.each([
    ['of 64 characters', unusedCode(64)],
    ['of 65 characters', unusedCode(65)],
    ['of 4,000 characters', unusedCode(4_000)],
    ['of one character', '-'],
    ['with a dot', 'abc.def'],
    ['with an underscore', 'abc_def'],
    ['with an encoded space', 'abc%20def'],
    ['with an encoded slash', 'abc%2Fdef'],
    ['with an encoded zero byte', 'abc%00def'],
    ['with encoded dots', '%2e%2e'],
    ['with half an escape', 'abc%4'],
    ['with no UTF-8', '%ff%fe'],
    ['with letters of another script', '%D0%B0bcdefgh'],
    ['with an asterisk', '*'],
    ['with braces', '%7Babc%7D'],
    ['unknown', unusedCode()],
  ])('%s are just unknown', async (_name, code) => {
    const answer = await host.api.get(`/api/v1/invites/${code}`);
    expectError(answer, 404, 'UNKNOWN_INVITE');
    expect(answer.text).toBe((await host.api.get(`/api/v1/invites/${unusedCode()}`)).text);
  });
});

describe('an invite that is no more', () => {
  it('gives the same answer whether it was never there, expired, revoked or used up', async () => {
    const guild = await makeGuild(host);
    const make = (fields: object) => createInvite(host, guild.channelId, guild.ownerId, fields);
    const expired = await make({ max_age: 1 });
    const revoked = await make({});
    const usedUp = await make({ max_uses: 1 });
    expect((await host.api.delete(`/api/v1/invites/${revoked.code}`, { as: guild.ownerId })).status).toBe(
      204,
    );
    await join(host, usedUp.code, snowflake());
    const get = (code: string) => host.api.get(`/api/v1/invites/${code}`);
    await until('the invite expires', async () => (await get(expired.code)).status === 404);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expired.created_at) + 1_000);

    const unknown = await get(unusedCode());
    expectError(unknown, 404, 'UNKNOWN_INVITE');
    for (const code of [expired.code, revoked.code, usedUp.code]) {
      for (const call of [{}, { as: snowflake() }, { as: guild.ownerId }, asService()]) {
        const answer = await host.api.get(`/api/v1/invites/${code}`, call);
        expect(answer.status).toBe(404);
        expect(answer.text).toBe(unknown.text);
        expect(Object.keys(answer.headers).sort()).toEqual(Object.keys(unknown.headers).sort());
      }
    }
  });
});

describe('a vanity invite', () => {
  it('is told whole in its plain form', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const code = unusedVanity();
    await setVanity(host, guild, code);
    const answer = await host.api.get(
      `/api/v1/invites/${code.toUpperCase()}?with_expiration=1&with_counts=1`,
    );
    expect(answer.json()).toEqual({
      code,
      type: 0,
      guild: {
        id: guild.id,
        name: guild.name,
        icon_hash: null,
        banner_hash: null,
        splash_hash: null,
        features: ['VANITY_URL'],
      },
      guild_id: guild.id,
      channel: { id: guild.channelId, name: 'general', type: 0 },
      channel_id: guild.channelId,
      inviter: null,
      inviter_id: null,
      created_at: expect.stringMatching(ISO_TIME),
      expires_at: null,
      temporary: false,
      approximate_member_count: 1,
      approximate_presence_count: 0,
      version: expect.any(Number),
    });
  });

  it('is told with metadata to those with MANAGE_GUILD alone', async () => {
    const manage = { id: snowflake(), permissions: bits('MANAGE_GUILD') };
    const guild = await makeGuild(host, { features: ['VANITY_URL'], roles: [manage] });
    const code = unusedVanity();
    await setVanity(host, guild, code);
    await join(host, code, snowflake());
    const manager = await makeMember(host, guild.id, { roles: [manage.id] });
    for (const as of [guild.ownerId, manager]) {
      expect(decodeInvite(await host.api.get(`/api/v1/invites/${code}`, { as }))).toMatchObject({
        uses: 1,
        max_uses: 0,
        max_age: 0,
        paused: false,
      });
    }
    const member = await makeMember(host, guild.id);
    expect(decodeInvite(await host.api.get(`/api/v1/invites/${code}`, { as: member }))).not.toHaveProperty(
      'uses',
    );
  });
});
