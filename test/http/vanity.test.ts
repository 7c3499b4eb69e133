// The vanity of a guild: what a code may be, who may set it, what it does, and that it has one owner at every moment.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Call } from '../support/client.js';
import {
  accept,
  asService,
  bits,
  CHANNEL_TYPE,
  createInvite,
  decodeInvite,
  type GuildFields,
  type Host,
  importLines,
  inviteLine,
  join,
  makeChannel,
  makeGuild,
  makeMember,
  type PERMISSION,
  putGuild,
  remove,
  setVanity,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectCommonHeaders, expectError, expectInvalid, ISO_TIME } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedVanity } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost({ INVITED_RESERVED_VANITY: 'our-own-word,second-word' });
});
afterAll(() => host.stop());

const makeVanityGuild = (fields: GuildFields = {}): Promise<TestGuild> =>
  makeGuild(host, { features: ['VANITY_URL'], ...fields });

const get = (guildId: string, call: Call): Promise<Answer> =>
  host.api.get(`/api/v1/guilds/${guildId}/vanity-url`, call);

const patch = (guild: TestGuild, code: unknown): Promise<Answer> =>
  host.api.patch(`/api/v1/guilds/${guild.id}/vanity-url`, { as: guild.ownerId, json: { code } });

async function vanityOf(guild: TestGuild): Promise<unknown> {
  const answer = await get(guild.id, { as: guild.ownerId });
  expect(answer.status, answer.text).toBe(200);
  return answer.json();
}

/** The guild that a code leads to, null when it leads nowhere. */
async function guildOf(code: string): Promise<unknown> {
  const answer = await host.api.get(`/api/v1/invites/${code}`);
  if (answer.status === 404) return null;
  return decodeInvite(answer)['guild_id'];
}

describe('the answers', () => {
  it('are null and 0 for a guild without a vanity, with or without the feature', async () => {
    for (const guild of [await makeGuild(host), await makeVanityGuild()]) {
      const answer = await get(guild.id, { as: guild.ownerId });
      expect({ status: answer.status, body: answer.json() }).toEqual({
        status: 200,
        body: { code: null, uses: 0 },
      });
      expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
      expectCommonHeaders(answer);
    }
  });

  it('are the code and its uses, from PATCH and from GET, on both base paths', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    const path = `/v1/guilds/${guild.id}/vanity-url`;
    const set = await host.api.patch(path, { as: guild.ownerId, json: { code } });
    expect({ status: set.status, body: set.json() }).toEqual({ status: 200, body: { code, uses: 0 } });
    expectCommonHeaders(set);
    await join(host, code, snowflake());
    expect(await vanityOf(guild)).toEqual({ code, uses: 1 });
    expect((await host.api.get(path, { as: guild.ownerId })).json()).toEqual({ code, uses: 1 });
  });

  it('carry one ETag, which a change alone changes', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    const tagOf = async (answer: Answer | Promise<Answer>) => (await answer).headers['etag'];
    const first = await tagOf(patch(guild, code));
    expect(first).toMatch(/^"[^"]+"$/);
    expect(await tagOf(get(guild.id, { as: guild.ownerId }))).toBe(first);
    expect(await tagOf(patch(guild, code))).toBe(first);
    await join(host, code, snowflake());
    expect(await tagOf(get(guild.id, { as: guild.ownerId }))).toBe(first);
    const second = await tagOf(patch(guild, unusedVanity()));
    expect(second).toMatch(/^"[^"]+"$/);
    expect(second).not.toBe(first);
  });
});

/** As many digits as the code has characters; the same ones for the same code. */
function digitsOf(code: string): string {
  return [...code].map((letter) => letter.charCodeAt(0) % 10).join('');
}

describe('what is made of the input', () => {
  it.each([
    ['capitals', (code: string) => code.toUpperCase(), (code: string) => code],
    ['space around it', (code: string) => `  ${code}  `, (code: string) => code],
    ['one space in it', (code: string) => `${code} x`, (code: string) => `${code}-x`],
    ['many spaces in it', (code: string) => `${code}    x`, (code: string) => `${code}-x`],
    ['many hyphens in it', (code: string) => `${code}----x`, (code: string) => `${code}-x`],
    ['spaces and hyphens mixed', (code: string) => `${code} - -- x`, (code: string) => `${code}-x`],
    ['single hyphens', (code: string) => `x-${code}-x`, (code: string) => `x-${code}-x`],
    ['digits alone', (code: string) => digitsOf(code), (code: string) => digitsOf(code)],
  ])('%s', async (_name, inputOf, codeOf) => {
    const guild = await makeVanityGuild();
    const base = unusedVanity(20);
    const answer = await patch(guild, inputOf(base));
    expect({ status: answer.status, body: answer.json() }).toEqual({
      status: 200,
      body: { code: codeOf(base), uses: 0 },
    });
    expect(await guildOf(codeOf(base))).toBe(guild.id);
  });

  it('is judged by its length afterwards', async () => {
    const guild = await makeVanityGuild();
    const base = unusedVanity(30);
    expect((await patch(guild, `   ${base}     x   `)).json()).toEqual({ code: `${base}-x`, uses: 0 });
    expectInvalid(await patch(guild, '  a  '), 'code', 'VANITY_URL_CODE_LENGTH_INVALID');
  });
});

describe('a length', () => {
  it.each([3, 4, 31, 32])('of %i is taken', async (length) => {
    const guild = await makeVanityGuild();
    // Three characters are few: another run on the same Redis may have had them.
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const code = unusedVanity(length);
      const answer = await patch(guild, code);
      if (answer.status === 400 && answer.text.includes('VANITY_URL_CODE_ALREADY_TAKEN')) continue;
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json()).toEqual({ code, uses: 0 });
      expect((await patch(guild, null)).status).toBe(200);
      return;
    }
    throw new Error('20 random codes were all taken');
  });

  it.each([
    ['one', 'a'],
    ['two', 'ab'],
    ['33', unusedVanity(33)],
    ['64', unusedVanity(64)],
    ['10,000', unusedVanity(10_000)],
    ['white space alone', '   '],
    ['two, of which none is allowed', '._'],
    ['33 of which none is allowed', '.'.repeat(33)],
    ['two of another script', 'éé'],
  ])('of %s is refused', async (_name, code) => {
    const guild = await makeVanityGuild();
    expectInvalid(await patch(guild, code), 'code', 'VANITY_URL_CODE_LENGTH_INVALID');
    expect(await vanityOf(guild)).toEqual({ code: null, uses: 0 });
  });
});

describe('characters', () => {
  it.each([
    ['a dot', 'abc.def'],
    ['an underscore', 'abc_def'],
    ['a slash', 'abc/def'],
    ['a percent sign', 'abc%20def'],
    ['an accent', 'abcdéf'],
    ['a letter of another script', 'аbcdef'],
    ['a capital that gets a combining dot in lower case', 'İstanbul'],
    ['a picture', 'abc🦊def'],
    ['a full-width digit', 'abc１def'],
    ['a zero byte', 'abc\u0000def'],
    ['an escape character', 'abc\u001bdef'],
    ['a zero-width joiner', 'abc\u200ddef'],
    ['a brace, which Redis Cluster would read', '{abc}'],
    ['an asterisk', 'abc*'],
    ['a hyphen in front', '-abcdef'],
    ['a hyphen at the end', 'abcdef-'],
    ['hyphens and spaces in front', ' - abcdef'],
    ['hyphens alone at both ends', '--abcdef--'],
    ['an en dash', 'abc–def'],
  ])('%s is refused', async (_name, code) => {
    const guild = await makeVanityGuild();
    expectInvalid(await patch(guild, code), 'code', 'VANITY_URL_INVALID_CHARACTERS');
    expect(await vanityOf(guild)).toEqual({ code: null, uses: 0 });
  });
});

describe('reserved words', () => {
  it.each([
    'api',
    'invite',
    'invites',
    'docs',
    'internal',
    'healthz',
    'readyz',
    'metrics',
    'console',
    'admin',
    'ADMIN',
    '  Docs ',
    'our-own-word',
    'Our Own Word',
    'second-word',
  ])('%j is refused', async (code) => {
    expectInvalid(await patch(await makeVanityGuild(), code), 'code', 'VANITY_URL_CODE_RESERVED');
  });

  it('are refused as whole codes alone', async () => {
    const guild = await makeVanityGuild();
    const code = `api-${unusedVanity()}`;
    expect((await patch(guild, code)).json()).toEqual({ code, uses: 0 });
  });
});

describe('the order of the checks', () => {
  it('is length, characters, reserved, feature, taken', async () => {
    const owner = await makeVanityGuild();
    const taken = unusedVanity();
    await setVanity(host, owner, taken);
    const plain = await makeGuild(host);
    expectInvalid(await patch(plain, '.'), 'code', 'VANITY_URL_CODE_LENGTH_INVALID');
    expectInvalid(await patch(plain, 'a.b.c'), 'code', 'VANITY_URL_INVALID_CHARACTERS');
    expectInvalid(await patch(plain, 'admin'), 'code', 'VANITY_URL_CODE_RESERVED');
    expectInvalid(await patch(plain, taken), 'code', 'VANITY_URL_REQUIRES_FEATURE');
    expectInvalid(await patch(plain, unusedVanity()), 'code', 'VANITY_URL_REQUIRES_FEATURE');
    expectInvalid(await patch(await makeVanityGuild(), taken), 'code', 'VANITY_URL_CODE_ALREADY_TAKEN');
    expect(await guildOf(taken)).toBe(owner.id);
  });

  it('asks for the feature after the permission', async () => {
    const guild = await makeGuild(host);
    const path = `/api/v1/guilds/${guild.id}/vanity-url`;
    const json = { code: unusedVanity() };
    const member = await makeMember(host, guild.id);
    expectError(await host.api.patch(path, { as: member, json }), 403, 'MISSING_PERMISSIONS');
    expectInvalid(await host.api.patch(path, asService({ json })), 'code', 'VANITY_URL_REQUIRES_FEATURE');
  });

  it('looks at the body before the guild and the permission', async () => {
    const call = { as: snowflake(), json: { code: 5 } };
    const guild = await makeVanityGuild();
    expectInvalid(await host.api.patch(`/api/v1/guilds/${snowflake()}/vanity-url`, call), 'code');
    expectInvalid(await host.api.patch(`/api/v1/guilds/${guild.id}/vanity-url`, call), 'code');
    expectError(
      await host.api.patch(`/api/v1/guilds/${snowflake()}/vanity-url`, { ...call, json: { code: null } }),
      404,
      'UNKNOWN_GUILD',
    );
  });
});

describe('the code key', () => {
  it.each([
    ['no body', {}],
    ['an empty object', { json: {} }],
    ['null', { json: null }],
    ['other keys', { json: { vanity: 'x', Code: 'y' } }],
  ])('is REQUIRED: %s', async (_name, call) => {
    const guild = await makeVanityGuild();
    const path = `/api/v1/guilds/${guild.id}/vanity-url`;
    expectInvalid(await host.api.patch(path, { as: guild.ownerId, ...call }), 'code', 'REQUIRED');
  });

  it.each([[5], [0], [true], [false], [[]], [['abc']], [{}]])(
    'of another type is refused: %j',
    async (code) => {
      const guild = await makeVanityGuild();
      const before = unusedVanity();
      await setVanity(host, guild, before);
      expectInvalid(await patch(guild, code), 'code');
      expect(await vanityOf(guild)).toEqual({ code: before, uses: 0 });
    },
  );

  it.each([null, ''])('%j removes the vanity, with or without the feature', async (nothing) => {
    const guild = await makeVanityGuild();
    const [first, second] = [unusedVanity(), unusedVanity()];
    await setVanity(host, guild, first);
    await join(host, first, snowflake());
    const removed = await patch(guild, nothing);
    expect({ status: removed.status, body: removed.json() }).toEqual({
      status: 200,
      body: { code: null, uses: 0 },
    });
    expect(await vanityOf(guild)).toEqual({ code: null, uses: 0 });
    expectError(await host.api.get(`/api/v1/invites/${first}`), 404, 'UNKNOWN_INVITE');
    expectError(await accept(host, first, snowflake()), 404, 'UNKNOWN_INVITE');
    expect((await patch(guild, nothing)).json()).toEqual({ code: null, uses: 0 });

    await setVanity(host, guild, second);
    await putGuild(host, guild, { features: [] });
    expect((await patch(guild, nothing)).json()).toEqual({ code: null, uses: 0 });
    expect(await guildOf(second)).toBeNull();
  });
});

describe('who may', () => {
  it.each([
    ['the owner', 200, async (guild: TestGuild) => ({ as: guild.ownerId })],
    ['a service', 200, async () => asService()],
    ['a stranger with MANAGE_GUILD claimed', 200, async () => claim('MANAGE_GUILD')],
    [
      'a bot with MANAGE_GUILD claimed',
      200,
      async () => ({ ...claim('MANAGE_GUILD'), role: 'bot' as const }),
    ],
    ['a stranger with ADMINISTRATOR claimed', 200, async () => claim('ADMINISTRATOR')],
    ['a stranger with MANAGE_CHANNELS claimed', 403, async () => claim('MANAGE_CHANNELS', 'VIEW_CHANNEL')],
    ['a member', 403, async (guild: TestGuild) => ({ as: await makeMember(host, guild.id) })],
    ['a stranger', 403, async () => ({ as: snowflake() })],
    ['nobody', 401, async () => ({})],
  ])('%s: %i', async (_name, status, callOf) => {
    const guild = await makeVanityGuild();
    const call: Call = await callOf(guild);
    const code = unusedVanity();
    const path = `/api/v1/guilds/${guild.id}/vanity-url`;
    const answers = [await get(guild.id, call), await host.api.patch(path, { ...call, json: { code } })];
    for (const answer of answers) {
      if (status === 200) expect(answer.status, answer.text).toBe(200);
      else expectError(answer, status, status === 401 ? 'UNAUTHORIZED' : 'MISSING_PERMISSIONS');
    }
    expect(await vanityOf(guild)).toEqual({ code: status === 200 ? code : null, uses: 0 });
  });

  it('a member by the roles of the guild', async () => {
    const [manage, channels] = [
      { id: snowflake(), permissions: bits('MANAGE_GUILD') },
      { id: snowflake(), permissions: bits('MANAGE_CHANNELS', 'VIEW_CHANNEL') },
    ];
    const guild = await makeVanityGuild({ roles: [manage, channels] });
    const manager = await makeMember(host, guild.id, { roles: [manage.id] });
    const other = await makeMember(host, guild.id, { roles: [channels.id] });
    expect((await get(guild.id, { as: manager })).status).toBe(200);
    expectError(await get(guild.id, { as: other }), 403, 'MISSING_PERMISSIONS');
  });

  it.each(['0', snowflake()])('nobody for the guild %s that is unknown: 404', async (id) => {
    for (const call of [{ as: snowflake() }, asService()]) {
      expectError(await get(id, call), 404, 'UNKNOWN_GUILD');
      expectError(
        await host.api.patch(`/api/v1/guilds/${id}/vanity-url`, { ...call, json: { code: null } }),
        404,
        'UNKNOWN_GUILD',
      );
    }
  });

  const claim = (...names: readonly (keyof typeof PERMISSION)[]) => ({
    as: snowflake(),
    permissions: bits(...names),
  });
});

describe('a change of the code', () => {
  it('frees the old one at once and counts from 0', async () => {
    const [guild, other] = [await makeVanityGuild(), await makeVanityGuild()];
    const [first, second] = [unusedVanity(), unusedVanity()];
    await setVanity(host, guild, first);
    await join(host, first, snowflake());
    expect((await patch(guild, second)).json()).toEqual({ code: second, uses: 0 });
    expect(await guildOf(first)).toBeNull();
    expect(await guildOf(second)).toBe(guild.id);
    expect((await patch(other, first)).json()).toEqual({ code: first, uses: 0 });
    expect(await guildOf(first)).toBe(other.id);
    expectInvalid(await patch(guild, first), 'code', 'VANITY_URL_CODE_ALREADY_TAKEN');
    expect(await vanityOf(guild)).toEqual({ code: second, uses: 0 });
  });

  it('to the same code changes nothing', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    await join(host, code, snowflake());
    const before = (await host.api.get(`/api/v1/invites/${code}`, { as: guild.ownerId })).json();
    for (const same of [code, code.toUpperCase(), ` ${code} `]) {
      expect((await patch(guild, same)).json()).toEqual({ code, uses: 1 });
    }
    expect((await host.api.get(`/api/v1/invites/${code}`, { as: guild.ownerId })).json()).toEqual(before);
  });

  it('back to an earlier one counts from 0 again', async () => {
    const guild = await makeVanityGuild();
    const [first, second] = [unusedVanity(), unusedVanity()];
    await setVanity(host, guild, first);
    await join(host, first, snowflake());
    await setVanity(host, guild, second);
    expect((await patch(guild, first)).json()).toEqual({ code: first, uses: 0 });
    await join(host, first, snowflake());
    expect(await vanityOf(guild)).toEqual({ code: first, uses: 1 });
  });

  it('takes 40 times there and back without leaving a code behind', async () => {
    const guild = await makeVanityGuild();
    const codes = [unusedVanity(), unusedVanity()] as const;
    for (let round = 0; round < 40; round += 1) {
      const [now, old] = round % 2 === 0 ? codes : ([codes[1], codes[0]] as const);
      await setVanity(host, guild, now);
      expect(await guildOf(now)).toBe(guild.id);
      expect(await guildOf(old)).toBeNull();
    }
  });
});

describe('the namespace', () => {
  it('is one with the ordinary codes of other guilds', async () => {
    const [guild, other] = [await makeVanityGuild(), await makeGuild(host)];
    const code = unusedVanity(8);
    await importLines(host, [inviteLine(other.channelId, { code })]);
    expectInvalid(await patch(guild, code), 'code', 'VANITY_URL_CODE_ALREADY_TAKEN');
    expect(await vanityOf(guild)).toEqual({ code: null, uses: 0 });
    expect(await guildOf(code)).toBe(other.id);
  });

  it("is one with the guild's own ordinary codes", async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity(8);
    await importLines(host, [inviteLine(guild.channelId, { code, max_uses: 3 })]);
    expectInvalid(await patch(guild, code), 'code', 'VANITY_URL_CODE_ALREADY_TAKEN');
    expect(await vanityOf(guild)).toEqual({ code: null, uses: 0 });
    const invite = await host.api.get(`/api/v1/invites/${code}`, { as: guild.ownerId });
    expect(decodeInvite(invite)).toMatchObject({ code, max_uses: 3 });
  });

  it('gives no imported invite the code of a vanity', async () => {
    const [guild, other] = [await makeVanityGuild(), await makeGuild(host)];
    const code = unusedVanity(8);
    await setVanity(host, guild, code);
    for (const { channelId } of [other, guild]) {
      const result = await importLines(host, [inviteLine(channelId, { code })]);
      expect(result).toMatchObject({ applied: 0, failed_total: 1 });
    }
    await join(host, code, snowflake());
    expect(await vanityOf(guild)).toEqual({ code, uses: 1 });
  });

  it('leaves the vanity out of the lists, and DELETE does not know it', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    const list = await host.api.get(`/api/v1/guilds/${guild.id}/invites`, { as: guild.ownerId });
    expect(list.json()).toEqual([]);
    expectError(
      await host.api.delete(`/api/v1/invites/${code}`, { as: guild.ownerId }),
      404,
      'UNKNOWN_INVITE',
    );
    expect(await guildOf(code)).toBe(guild.id);
  });
});

describe('the invite of a vanity', () => {
  it('is told whole with metadata to its owner, without inviter, cap or end', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    await join(host, code, snowflake());
    const path = `/api/v1/invites/${code}?with_expiration=true&with_counts=true`;
    expect((await host.api.get(path, { as: guild.ownerId })).json()).toEqual({
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
      uses: 1,
      max_uses: 0,
      max_age: 0,
      temporary: false,
      paused: false,
      approximate_member_count: 2,
      approximate_presence_count: 0,
      version: expect.any(Number),
    });
  });

  it('counts each of 60 users once who accept at the same moment', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    const users = snowflakes(60);
    const answers = await Promise.all([...users, ...users].map((user) => accept(host, code, user)));
    expect(answers.filter((answer) => answer.object()['new_member'] === true)).toHaveLength(60);
    expect(await vanityOf(guild)).toEqual({ code, uses: 60 });
  });

  it('lives on when the guild loses the feature, and cannot be changed then', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    await putGuild(host, guild, {});
    await join(host, code, snowflake());
    expect(await vanityOf(guild)).toEqual({ code, uses: 1 });
    expectInvalid(await patch(guild, unusedVanity()), 'code', 'VANITY_URL_REQUIRES_FEATURE');
    expect(await guildOf(code)).toBe(guild.id);
  });

  it('ends with the guild, and its code is free at once', async () => {
    const [guild, other] = [await makeVanityGuild(), await makeVanityGuild()];
    const code = unusedVanity();
    await setVanity(host, guild, code);
    await remove(host, `/guilds/${guild.id}`);
    expect(await guildOf(code)).toBeNull();
    expect((await patch(other, code)).json()).toEqual({ code, uses: 0 });
    await putGuild(host, guild, { features: ['VANITY_URL'] });
    expect(await vanityOf(guild)).toEqual({ code: null, uses: 0 });
    expect(await guildOf(code)).toBe(other.id);
  });
});

describe('the channel of a vanity', () => {
  const channelOf = async (code: string): Promise<unknown> => {
    const invite = decodeInvite(await host.api.get(`/api/v1/invites/${code}`));
    const channel = invite['channel'];
    expect(invite['channel_id']).toBe(channel === null ? null : (channel as { readonly id?: string }).id);
    return invite['channel_id'];
  };
  const hidden = (guildId: string) => [
    { id: guildId, type: 0 as const, allow: '0', deny: bits('VIEW_CHANNEL') },
  ];

  it('is the text channel of the lowest position, whatever other kinds come before it', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await makeChannel(host, guild.id, { id: guild.channelId, position: 5 });
    await setVanity(host, guild, code);
    expect(await channelOf(code)).toBe(guild.channelId);
    await makeChannel(host, guild.id, { type: CHANNEL_TYPE.voice, position: 0 });
    await makeChannel(host, guild.id, { type: CHANNEL_TYPE.category, position: 0 });
    await makeChannel(host, guild.id, { position: 10 });
    expect(await channelOf(code)).toBe(guild.channelId);
    const earlier = await makeChannel(host, guild.id, { position: 4 });
    expect(await channelOf(code)).toBe(earlier);
    await remove(host, `/guilds/${guild.id}/channels/${earlier}`);
    expect(await channelOf(code)).toBe(guild.channelId);
  });

  it('is the one of the lowest id where positions are equal, as a number', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    const short = `9${snowflake().slice(1, 16)}`;
    await makeChannel(host, guild.id, { id: short });
    expect(await channelOf(code)).toBe(short);
  });

  it('is one that @everyone may view', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    const second = await makeChannel(host, guild.id, { position: 1 });
    await makeChannel(host, guild.id, {
      id: guild.channelId,
      permission_overwrites: hidden(guild.id),
    });
    expect(await channelOf(code)).toBe(second);

    await putGuild(host, guild, { features: ['VANITY_URL'], roles: [{ id: guild.id, permissions: '0' }] });
    expect(await channelOf(code)).toBeNull();
    await makeChannel(host, guild.id, {
      id: second,
      position: 1,
      permission_overwrites: [{ id: guild.id, type: 0, allow: bits('VIEW_CHANNEL'), deny: '0' }],
    });
    expect(await channelOf(code)).toBe(second);
  });

  it('is null where there is none, and the vanity works nevertheless', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    expect(await channelOf(code)).toBeNull();
    await join(host, code, snowflake());
    expect(await vanityOf(guild)).toEqual({ code, uses: 1 });
  });

  it('may go while ordinary invites of it end', async () => {
    const guild = await makeVanityGuild();
    const code = unusedVanity();
    await setVanity(host, guild, code);
    const ordinary = await createInvite(host, guild.channelId, guild.ownerId);
    await remove(host, `/guilds/${guild.id}/channels/${guild.channelId}`);
    expectError(await host.api.get(`/api/v1/invites/${ordinary.code}`), 404, 'UNKNOWN_INVITE');
    expect(await guildOf(code)).toBe(guild.id);
  });
});
