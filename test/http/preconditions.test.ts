// If-Match on what changes, If-None-Match on what is read.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asService,
  createInvite,
  type Host,
  makeGuild,
  setVanity,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError, expectInvalid, expectNoContent } from '../support/expect-answer.js';
import { snowflake, unusedCode, unusedVanity } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const path = (code: string) => `/api/v1/invites/${code}`;
const vanityPath = (guild: TestGuild) => `/api/v1/guilds/${guild.id}/vanity-url`;
const ifMatch = (tags: string) => ({ headers: { 'If-Match': tags } });
const versionOf = async (code: string) => (await host.api.get(path(code))).object()['version'];
const make = async () => {
  const guild = await makeGuild(host, { features: ['VANITY_URL'] });
  return { guild, invite: await createInvite(host, guild.channelId, guild.ownerId) };
};

const MATCHING = ['"1"', '*', ' * ', '"7", "1"', '"7","1"', ', "1" ,', 'W/"1", "1"', '"a,b", "1"', '"", "1"'];
const OTHER = ['"2"', 'W/"1"', '"11"', '"01"', '"1 "', '""', '"7", W/"1"', '"a"', '"1.0"', '"*"', '"-1"'];
const MALFORMED = ['1', '', '"1', '1"', '"1" "2"', 'w/"1"', '*, "1"', '"1", *', ',', 'W/1', '"1"x', "'1'"];

describe('If-Match', () => {
  it.each(MATCHING)('%s lets a change of version 1 be made', async (tags) => {
    const { guild, invite } = await make();
    const call = { as: guild.ownerId, ...ifMatch(tags) };
    const answer = await host.api.patch(path(invite.code), { ...call, json: { paused: true } });
    expect({ status: answer.status, version: answer.object()['version'] }).toEqual({
      status: 200,
      version: 2,
    });
    const other = await createInvite(host, guild.channelId, guild.ownerId);
    expectNoContent(await host.api.delete(path(other.code), call));
  });

  it.each(OTHER.filter((tags) => !tags.includes(' "')))(
    '%s does not: 412, and nothing is changed',
    async (tags) => {
      const { guild, invite } = await make();
      const call = { as: guild.ownerId, ...ifMatch(tags) };
      for (const json of [{ paused: true }, {}]) {
        const answer = await host.api.patch(path(invite.code), { ...call, json });
        expectError(answer, 412, 'VERSION_MISMATCH');
      }
      expectError(await host.api.delete(path(invite.code), call), 412, 'VERSION_MISMATCH');
      expect(await versionOf(invite.code)).toBe(1);
    },
  );

  it.each([...MALFORMED, '"1 "'])('%s is malformed: 400', async (tags) => {
    const { guild, invite } = await make();
    const call = { as: guild.ownerId, ...ifMatch(tags) };
    expectInvalid(await host.api.patch(path(invite.code), { ...call, json: {} }), 'If-Match');
    expectInvalid(await host.api.delete(path(invite.code), call), 'If-Match');
    expectInvalid(await host.api.patch(vanityPath(guild), { ...call, json: { code: null } }), 'If-Match');
    expect(await versionOf(invite.code)).toBe(1);
  });

  it('comes behind 404 and 403, and before what the state forbids', async () => {
    const { guild, invite } = await make();
    await host.api.post(path(invite.code), { as: snowflake() });
    const wrong = ifMatch('"9"');
    const patch = (code: string, as: string) =>
      host.api.patch(path(code), { as, json: { max_uses: 1 }, ...wrong });
    expectError(await patch(unusedCode(), guild.ownerId), 404, 'UNKNOWN_INVITE');
    expectError(await patch(invite.code, snowflake()), 403, 'MISSING_PERMISSIONS');
    expectError(await patch(invite.code, guild.ownerId), 412, 'VERSION_MISMATCH');
    const remove = (code: string, as: string) => host.api.delete(path(code), { as, ...wrong });
    expectError(await remove(unusedCode(), guild.ownerId), 404, 'UNKNOWN_INVITE');
    expectError(await remove(invite.code, snowflake()), 403, 'MISSING_PERMISSIONS');
  });

  it('lets one of 50 at once change an invite, and tells 49 that it has changed', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { guild, invite } = await make();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, at) =>
          host.api.patch(path(invite.code), {
            as: guild.ownerId,
            json: { max_uses: at + 1 },
            ...ifMatch('"1"'),
          }),
        ),
      );
      const made = answers.filter(({ status }) => status === 200);
      expect(made).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 412)).toHaveLength(49);
      const read = await host.api.get(`${path(invite.code)}?with_expiration=1`, asService());
      expect(read.json()).toEqual(made[0]?.json());
      expect(read.object()['version']).toBe(2);
    }
  });

  it('lets one of 50 edits and deletions at once through', async () => {
    const { guild, invite } = await make();
    const call = { as: guild.ownerId, ...ifMatch('"1"') };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        at % 2 === 0
          ? host.api.delete(path(invite.code), call)
          : host.api.patch(path(invite.code), { ...call, json: { paused: true } }),
      ),
    );
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 204, 404, 412].includes(status))).toBe(true);
  });

  describe('of a vanity', () => {
    const set = (guild: TestGuild, code: string | null, tags: string) =>
      host.api.patch(vanityPath(guild), { as: guild.ownerId, json: { code }, ...ifMatch(tags) });
    const get = (guild: TestGuild) => host.api.get(vanityPath(guild), { as: guild.ownerId });

    it('goes by the ETag of its own version, from that of none on', async () => {
      const { guild } = await make();
      const [first, second] = [unusedVanity(), unusedVanity()];
      let tag = String((await get(guild)).headers['etag']);
      for (const code of [first, second, null]) {
        expectError(await set(guild, code, '"99"'), 412, 'VERSION_MISMATCH');
        expectError(await set(guild, code, `W/${tag}`), 412, 'VERSION_MISMATCH');
        const answer = await set(guild, code, tag);
        expect({ status: answer.status, body: answer.json() }).toEqual({
          status: 200,
          body: { code, uses: 0 },
        });
        expect(answer.headers['etag']).not.toBe(tag);
        expectError(await set(guild, unusedVanity(), tag), 412, 'VERSION_MISMATCH');
        tag = String(answer.headers['etag']);
        expect((await get(guild)).headers['etag']).toBe(tag);
      }
    });

    it('counts where the code is the same too, and leaves a code that was asked for in vain free', async () => {
      const { guild } = await make();
      const [code, wish] = [unusedVanity(), unusedVanity()];
      await setVanity(host, guild, code);
      expectError(await set(guild, code, '"7"'), 412, 'VERSION_MISMATCH');
      expect((await set(guild, code, '"1"')).headers['etag']).toBe('"1"');
      expectError(await set(guild, wish, '"7"'), 412, 'VERSION_MISMATCH');
      const other = await makeGuild(host, { features: ['VANITY_URL'] });
      await setVanity(host, other, wish);
      expect((await get(guild)).object()['code']).toBe(code);
    });

    it('lets one of 50 at once set it, and what the others wanted is free at once', async () => {
      const { guild } = await make();
      const codes = Array.from({ length: 50 }, () => unusedVanity());
      const answers = await Promise.all(codes.map((code) => set(guild, code, '"0"')));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 412)).toHaveLength(49);
      const won = (await get(guild)).object()['code'];
      const other = await makeGuild(host, { features: ['VANITY_URL'] });
      for (const code of codes.filter((one) => one !== won)) await setVanity(host, other, code);
    });

    it('lets one of 20 at once set one and the same code, which is free at once when it goes', async () => {
      const { guild } = await make();
      const code = unusedVanity();
      const answers = await Promise.all(Array.from({ length: 20 }, () => set(guild, code, '"0"')));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect((await set(guild, null, '"1"')).status).toBe(200);
      await setVanity(host, await makeGuild(host, { features: ['VANITY_URL'] }), code);
    });
  });
});

describe('If-None-Match', () => {
  const shown = async () => {
    const { guild, invite } = await make();
    await setVanity(host, guild, unusedVanity());
    return [
      { path: path(invite.code), call: {} },
      { path: `${path(invite.code)}?with_counts=1`, call: { as: guild.ownerId } },
      { path: vanityPath(guild), call: { as: guild.ownerId } },
      { path: `/invite/${invite.code}`, call: {}, accept: { Accept: 'application/json' } },
    ];
  };

  it.each(['"1"', 'W/"1"', '*', '"7", "1"', 'W/"7" , W/"1"'])('%s of version 1: 304', async (tags) => {
    for (const { path: at, call, accept } of await shown()) {
      for (const method of ['GET', 'HEAD']) {
        const headers = { ...accept, 'If-None-Match': tags };
        const answer = await host.api.request(method, at, { ...call, headers });
        expect({ at, status: answer.status, text: answer.text }).toEqual({ at, status: 304, text: '' });
        expect(answer.headers).toMatchObject({ etag: '"1"', 'cache-control': 'no-store' });
        expect(answer.headers['content-type']).toBeUndefined();
        expect(answer.headers['vary']).toBe(accept === undefined ? undefined : 'Accept');
      }
    }
  });

  it.each(['"2"', '1', '"1', '""', 'W/"11"'])('%s of version 1: the whole answer', async (tags) => {
    for (const { path: at, call, accept } of await shown()) {
      const answer = await host.api.get(at, { ...call, headers: { ...accept, 'If-None-Match': tags } });
      expect(answer.status).toBe(200);
      expect(answer.object()).toHaveProperty('code');
    }
  });

  it('tells of a change at once, and nothing of what is not there or not theirs', async () => {
    const { guild, invite } = await make();
    const headers = { 'If-None-Match': '"1"' };
    await host.api.patch(path(invite.code), { as: guild.ownerId, json: { paused: true } });
    expect((await host.api.get(path(invite.code), { headers })).status).toBe(200);
    expectError(
      await host.api.get(path(unusedCode()), { headers: { 'If-None-Match': '*' } }),
      404,
      'UNKNOWN_INVITE',
    );
    const stranger = { as: snowflake(), headers: { 'If-None-Match': '*' } };
    expectError(await host.api.get(vanityPath(guild), stranger), 403, 'MISSING_PERMISSIONS');
  });

  it('keeps the connection in step: the next answer is whole', async () => {
    const { invite } = await make();
    for (let round = 0; round < 20; round += 1) {
      const headers = { 'If-None-Match': '*' };
      expect((await host.api.get(path(invite.code), { headers })).status).toBe(304);
      expect((await host.api.get(path(invite.code))).object()['code']).toBe(invite.code);
    }
  });
});
