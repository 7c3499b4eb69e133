// PATCH of an invite: what it changes, who may, what it refuses; and that the sum holds while it does.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  bits,
  createInvite,
  decodeInvite,
  type Host,
  type InviteFields,
  importLines,
  internalGet,
  inviteLine,
  join,
  makeGroupDm,
  makeGuild,
  makeMember,
  memberCountOf,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectCommonHeaders, expectError, expectInvalid } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedCode, unusedVanity } from '../support/ids.js';
import { until } from '../support/until.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const path = (code: string) => `/api/v1/invites/${code}`;
const edit = (code: string, as: string, json: unknown) => host.api.patch(path(code), { as, json });
const seen = async (code: string) => decodeInvite(await host.api.get(path(code), asService()));
const make = async (fields: InviteFields = {}) => {
  const guild = await makeGuild(host);
  return { guild, invite: await createInvite(host, guild.channelId, guild.ownerId, fields) };
};

describe('what it changes', () => {
  it('each field by itself, and all at once, and answers with the metadata form and its ETag', async () => {
    const { guild, invite } = await make({ max_age: 3600, max_uses: 5 });
    const createdAtMs = Date.parse(invite.created_at);
    let expected: object = invite;
    let version = 1;
    for (const [body, more] of [
      [{ max_uses: 9 }, {}],
      [{ temporary: true }, {}],
      [{ paused: true }, {}],
      [{ max_age: 7200 }, { expires_at: new Date(createdAtMs + 7_200_000).toISOString() }],
      [{ max_age: 0, max_uses: 0, temporary: false, paused: false }, { expires_at: null }],
    ] as const) {
      const answer = await edit(invite.code, guild.ownerId, body);
      version += 1;
      expected = { ...expected, ...body, ...more, version };
      expect({ status: answer.status, body: answer.json() }).toEqual({ status: 200, body: expected });
      expect(answer.headers['etag']).toBe(`"${version}"`);
      expectCommonHeaders(answer);
      const read = await host.api.get(`${path(invite.code)}?with_expiration=1`, asService());
      expect(read.json()).toEqual(expected);
      expect(read.headers['etag']).toBe(`"${version}"`);
    }
  });

  it.each([
    ['{}', '{}'],
    ['no body', ''],
    ['null', 'null'],
    ['unknown keys', '{"uses":7,"code":"x","version":9,"max_ages":1}'],
    ['the same values', '{"max_age":3600,"max_uses":5,"temporary":true,"paused":false}'],
  ])('nothing by %s: the version stays', async (_, body) => {
    const { guild, invite } = await make({ max_age: 3600, max_uses: 5, temporary: true });
    const answer = await host.api.patch(path(invite.code), { as: guild.ownerId, body });
    expect({ status: answer.status, body: answer.json() }).toEqual({ status: 200, body: invite });
    expect(answer.headers['etag']).toBe('"1"');
  });

  it('an invite of a group DM', async () => {
    const creator = snowflake();
    const dm = await makeGroupDm(host, [creator]);
    const invite = await createInvite(host, dm.id, creator);
    for (const [as, version] of [
      [creator, 2],
      [dm.ownerId, 3],
    ] as const) {
      const answer = await edit(invite.code, as, { max_uses: version * 10 });
      expect(answer.json()).toEqual({ ...invite, max_uses: version * 10, version });
    }
  });

  it('an imported invite, whose code lies elsewhere, and one in another spelling', async () => {
    const guild = await makeGuild(host);
    const codes = Array.from({ length: 8 }, () => unusedCode().toLowerCase());
    await importLines(
      host,
      codes.map((code) => inviteLine(guild.channelId, { code })),
    );
    for (const code of codes) {
      const answer = await edit(code.toUpperCase(), guild.ownerId, { max_uses: 3 });
      expect(answer.object()).toMatchObject({ code, max_uses: 3, version: 2 });
    }
  });

  it('whether anybody comes in: paused, and let go again', async () => {
    const { guild, invite } = await make();
    await edit(invite.code, guild.ownerId, { paused: true });
    expectError(await accept(host, invite.code, snowflake()), 403, 'INVITES_DISABLED');
    await edit(invite.code, guild.ownerId, { paused: false });
    await join(host, invite.code, snowflake());
  });

  it('which membership comes of it', async () => {
    const { guild, invite } = await make();
    await edit(invite.code, guild.ownerId, { temporary: true });
    const user = snowflake();
    await join(host, invite.code, user);
    const member = await internalGet(host, `/guilds/${guild.id}/members/${user}`);
    expect(member.object()['temporary']).toBe(true);
  });
});

describe('what it refuses', () => {
  it.each([
    ['max_age', [null, '60', 1.5, -1, 604_801, true, []]],
    ['max_uses', [null, '5', 0.5, -1, 101, {}]],
    ['temporary', [null, 0, 'true', []]],
    ['paused', [null, 1, 'false', {}]],
  ])('a %s that is none, and changes nothing', async (field, values) => {
    const { guild, invite } = await make();
    for (const value of values) {
      const answer = await edit(invite.code, guild.ownerId, {
        temporary: true,
        paused: true,
        [field]: value,
      });
      expectInvalid(answer, field);
      if (value === null) expectInvalid(answer, field, 'INVALID_TYPE');
    }
    expect(await seen(invite.code)).toMatchObject({ version: 1, paused: false, temporary: false });
  });

  it('all that is wrong at once', async () => {
    const { guild, invite } = await make();
    const answer = await edit(invite.code, guild.ownerId, { max_age: null, max_uses: 101, paused: 'no' });
    const errors = answer.object()['errors'] as readonly { readonly path: string }[];
    expect(errors.map((error) => error.path)).toEqual(['max_age', 'max_uses', 'paused']);
  });

  it('a body that is no object, or no JSON', async () => {
    const { guild, invite } = await make();
    for (const body of ['[]', '5', '"x"', '{', '\ufeff{}']) {
      expectInvalid(await host.api.patch(path(invite.code), { as: guild.ownerId, body }), 'body');
    }
  });

  it('a cap at or under the uses, and takes one above', async () => {
    const { guild, invite } = await make({ max_uses: 10 });
    for (const user of snowflakes(2)) await join(host, invite.code, user);
    for (const max_uses of [1, 2]) {
      const answer = await edit(invite.code, guild.ownerId, { max_uses, paused: true });
      expectInvalid(answer, 'max_uses', 'ALREADY_OVER');
    }
    expect(await seen(invite.code)).toMatchObject({ version: 1, max_uses: 10, paused: false, uses: 2 });
    expect((await edit(invite.code, guild.ownerId, { max_uses: 3 })).status).toBe(200);
    expect((await edit(invite.code, guild.ownerId, { max_uses: 0 })).status).toBe(200);
  });

  it('an age that has passed, also beside a cap that is reached', async () => {
    const guild = await makeGuild(host);
    const code = unusedCode();
    await importLines(host, [inviteLine(guild.channelId, { code, uses: 2 })]);
    expectInvalid(await edit(code, guild.ownerId, { max_age: 604_800 }), 'max_age', 'ALREADY_OVER');
    const both = await edit(code, guild.ownerId, { max_age: 1, max_uses: 2 });
    expect(both.object()['errors']).toMatchObject([
      { path: 'max_age', code: 'ALREADY_OVER' },
      { path: 'max_uses', code: 'ALREADY_OVER' },
    ]);
    expect(await seen(code)).toMatchObject({ version: 1, max_age: 0, max_uses: 0 });
  });

  it('what is not there, a vanity, and what could be no code', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const vanity = unusedVanity();
    await setVanity(host, guild, vanity);
    for (const code of [unusedCode(), vanity, vanity.toUpperCase(), 'a_b', 'a'.repeat(65)]) {
      expectError(await edit(code, guild.ownerId, { paused: true }), 404, 'UNKNOWN_INVITE');
    }
    const { invite } = await make();
    await host.api.delete(path(invite.code), asService());
    expectError(await edit(invite.code, guild.ownerId, {}), 404, 'UNKNOWN_INVITE');
  });

  it('whoever may not delete it', async () => {
    const guild = await makeGuild(host);
    const [creator, member] = [await makeMember(host, guild.id), await makeMember(host, guild.id)];
    const invite = await createInvite(host, guild.channelId, creator);
    for (const as of [member, snowflake()]) {
      expectError(await edit(invite.code, as, {}), 403, 'MISSING_PERMISSIONS');
    }
    expectError(await host.api.patch(path(invite.code)), 401, 'UNAUTHORIZED');
    expect((await edit(invite.code, creator, { max_uses: 5 })).status).toBe(200);
    const manager = { as: snowflake(), permissions: bits('MANAGE_CHANNELS', 'VIEW_CHANNEL'), json: {} };
    expect((await host.api.patch(path(invite.code), manager)).status).toBe(200);
    const dm = await makeGroupDm(host, [member]);
    const ofDm = await createInvite(host, dm.id, dm.ownerId);
    expectError(await edit(ofDm.code, member, {}), 403, 'MISSING_PERMISSIONS');
  });

  it('in the order of the contract: body, code, right, rules', async () => {
    const { guild, invite } = await make();
    await join(host, invite.code, snowflake());
    expectInvalid(await edit(unusedCode(), snowflake(), { paused: 1 }), 'paused');
    expectError(await edit(unusedCode(), snowflake(), { max_uses: 1 }), 404, 'UNKNOWN_INVITE');
    expectError(await edit(invite.code, snowflake(), { max_uses: 1 }), 403, 'MISSING_PERMISSIONS');
    expectInvalid(await edit(invite.code, guild.ownerId, { max_uses: 1 }), 'max_uses', 'ALREADY_OVER');
  });
});

describe('in time', () => {
  it('an age that is prolonged outlives its old end, and one that is shortened ends at the new', async () => {
    const guild = await makeGuild(host);
    const short = { max_age: 2 };
    const longer = await createInvite(host, guild.channelId, guild.ownerId, short);
    const witness = await createInvite(host, guild.channelId, guild.ownerId, short);
    const shorter = await createInvite(host, guild.channelId, guild.ownerId, { max_age: 3600 });
    await edit(longer.code, guild.ownerId, { max_age: 3600 });
    await edit(shorter.code, guild.ownerId, short);
    const statusOf = async (code: string) => (await host.api.get(path(code))).status;
    await until(
      'both end',
      async () => (await statusOf(witness.code)) + (await statusOf(shorter.code)) === 808,
    );
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(shorter.created_at) + 2_000);
    await join(host, longer.code, snowflake());
    const list = await host.api.get(`/api/v1/guilds/${guild.id}/invites`, { as: guild.ownerId });
    expect(list.list().map((one) => one['code'])).toEqual([longer.code]);
  });

  it('a cap that is lowered while many come in is never passed, and the sum holds', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { guild, invite } = await make({ max_uses: 100 });
      const caps = [80, 60, 40, 30, 20, 15, 12, 10];
      const accepting = Promise.all(snowflakes(120).map((user) => accept(host, invite.code, user)));
      const edits = Promise.all(caps.map((max_uses) => edit(invite.code, guild.ownerId, { max_uses })));
      const [accepts, edited] = [await accepting, await edits];
      const joined = accepts.filter(({ status }) => status === 200).length;
      for (const answer of edited) {
        // Each that was taken, was taken while there were fewer uses.
        if (answer.status === 200) {
          expect(Number(answer.object()['uses'])).toBeLessThan(Number(answer.object()['max_uses']));
        } else {
          expect([400, 404]).toContain(answer.status);
        }
      }
      const last = edited
        .filter(({ status }) => status === 200)
        .sort((a, b) => Number(b.object()['version']) - Number(a.object()['version']))[0];
      expect(joined).toBe(Math.min(120, Number(last?.object()['max_uses'] ?? 100)));
      const probe = await createInvite(host, guild.channelId, guild.ownerId);
      expect(await memberCountOf(host, probe.code)).toBe(joined + 1);
    }
  });
});
