// The share URLs, but for what is on the page: both paths, which form they give to whom, and the invite as JSON.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../support/client.js';
import {
  createInvite,
  type Host,
  importLines,
  inviteLine,
  join,
  makeGroupDm,
  makeGuild,
  makeUser,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake, unusedCode, unusedVanity } from '../support/ids.js';
import { until } from '../support/until.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const JSON_ONLY = { Accept: 'application/json' };
const PATHS = [
  ['/invite/{code}', (code: string) => `/invite/${code}`],
  ['/{code}', (code: string) => `/${code}`],
] as const;

const isHtml = (answer: Answer): boolean => /^text\/html\b/.test(String(answer.headers['content-type']));

async function makeInvite(): Promise<string> {
  const inviter = await makeUser(host, { username: 'inviter' });
  const guild = await makeGuild(host, { owner_id: inviter, member_count: 1234, presence_count: 56 });
  return (await createInvite(host, guild.channelId, inviter, { max_age: 600, max_uses: 3 })).code;
}

describe.each(PATHS)('%s', (_name, pathOf) => {
  it('gives the plain invite with its counts and expiry to Accept: application/json', async () => {
    const code = await makeInvite();
    const answer = await host.api.get(pathOf(code), { headers: JSON_ONLY });
    const read = await host.api.get(`/api/v1/invites/${code}?with_counts=true&with_expiration=true`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.json()).toEqual(read.json());
    expect(answer.object()).toMatchObject({
      code,
      approximate_member_count: 1234,
      approximate_presence_count: 56,
      expires_at: expect.any(String),
    });
    expect(answer.object()).not.toHaveProperty('uses');
  });

  it('gives both whatever the query says', async () => {
    const code = await makeInvite();
    const answer = await host.api.get(`${pathOf(code)}?with_counts=false&utm_source=x`, {
      headers: JSON_ONLY,
    });
    expect(answer.object()).toMatchObject({ approximate_member_count: 1234, expires_at: expect.any(String) });
  });

  it('knows the invites of group DMs', async () => {
    const dm = await makeGroupDm(host, [await makeUser(host, { username: 'friend' })], { name: 'Us' });
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    const answer = await host.api.get(pathOf(code), { headers: JSON_ONLY });
    expect(answer.object()).toMatchObject({
      type: 1,
      guild: null,
      channel: { name: 'Us' },
      expires_at: null,
      approximate_member_count: 2,
      approximate_presence_count: 0,
    });
    expect((await host.api.get(pathOf(code))).status).toBe(200);
  });

  it('knows vanity codes, in any case', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const code = unusedVanity();
    await setVanity(host, guild, code);
    for (const asked of [code, code.toUpperCase()]) {
      const answer = await host.api.get(pathOf(asked), { headers: JSON_ONLY });
      expect({ status: answer.status, code: answer.object()['code'] }).toEqual({ status: 200, code });
      expect((await host.api.get(pathOf(asked))).status).toBe(200);
    }
  });

  it.each([
    ['no Accept at all', undefined],
    ['*/*', '*/*'],
    ['text/html', 'text/html'],
    ['that of a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'],
    ['a page rather than JSON', 'application/json;q=0.1, text/html'],
    ['no JSON', 'application/json;q=0, text/html'],
  ])('gives the page for %s', async (_accept, accept) => {
    const code = await makeInvite();
    const answer = await host.api.get(
      pathOf(code),
      accept === undefined ? {} : { headers: { Accept: accept } },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/html; *charset=utf-8$/i);
  });

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json, text/plain, */*',
    'application/json, */*;q=0.1',
    'application/json, text/html;q=0.5',
    'text/html;q=0.5, application/json',
  ])('gives JSON for Accept: %s', async (accept) => {
    const answer = await host.api.get(pathOf(await makeInvite()), { headers: { Accept: accept } });
    expect(answer.status).toBe(200);
    expect(answer.object()).toMatchObject({ type: 0 });
  });

  it('is 404 in both forms for a code that is not there', async () => {
    for (const code of [
      unusedCode(),
      unusedCode(64),
      unusedCode(65),
      'a.b',
      '%00',
      '%2e%2e%2f',
      'a%20b',
      '<b>',
    ]) {
      const page = await host.api.get(pathOf(encodeURI(code).replaceAll('%25', '%')));
      expect({ code, status: page.status, html: isHtml(page) }).toEqual({ code, status: 404, html: true });
      const json = await host.api.get(pathOf(encodeURI(code).replaceAll('%25', '%')), { headers: JSON_ONLY });
      expectError(json, 404, 'UNKNOWN_INVITE');
    }
  });

  it('is the same 404 for an invite that is no more', async () => {
    const guild = await makeGuild(host);
    const make = (fields: object) => createInvite(host, guild.channelId, guild.ownerId, fields);
    const [expired, usedUp, revoked] = [
      await make({ max_age: 1 }),
      await make({ max_uses: 1 }),
      await make({}),
    ];
    await join(host, usedUp.code, snowflake());
    await host.api.delete(`/api/v1/invites/${revoked.code}`, { as: guild.ownerId });
    await until('it expires', async () => (await host.api.get(pathOf(expired.code))).status === 404);
    const json = await host.api.get(pathOf(unusedCode()), { headers: JSON_ONLY });
    for (const { code } of [expired, usedUp, revoked]) {
      expect((await host.api.get(pathOf(code))).status).toBe(404);
      const answer = await host.api.get(pathOf(code), { headers: JSON_ONLY });
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 404, text: json.text });
    }
  });

  it('takes no use and makes nobody a member', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 1 });
    for (let time = 0; time < 3; time += 1) {
      expect((await host.api.get(pathOf(code), { as: snowflake() })).status).toBe(200);
    }
    await join(host, code, snowflake());
  });

  it('ignores a bad Authorization header and bad gateway headers', async () => {
    const code = await makeInvite();
    const bad = { Authorization: 'Bearer nonsense', 'X-Invited-Gateway-Key': 'no', 'X-Invited-User': 'x' };
    expect((await host.api.get(pathOf(code), { headers: bad })).status).toBe(200);
    expect((await host.api.get(pathOf(code), { headers: { ...bad, ...JSON_ONLY } })).status).toBe(200);
  });

  it('answers HEAD like GET, without a body', async () => {
    const code = await makeInvite();
    for (const headers of [{}, JSON_ONLY]) {
      const get = await host.api.get(pathOf(code), { headers });
      const head = await host.api.head(pathOf(code), { headers });
      expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: '' });
      expect(head.headers['content-type']).toBe(get.headers['content-type']);
    }
    expect((await host.api.head(pathOf(unusedCode()))).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is 405 for %s', async (method) => {
    const answer = await host.api.request(method, pathOf(await makeInvite()), { as: snowflake() });
    expectError(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(String(answer.headers['allow']).split(/, */).sort()).toEqual(['GET', 'HEAD']);
  });

  it('with a trailing slash is another path', async () => {
    expect((await host.api.get(`${pathOf(await makeInvite())}/`)).status).toBe(404);
  });
});

it('an imported code is shared as well', async () => {
  const guild = await makeGuild(host);
  const code = `i${unusedVanity(30)}`;
  await importLines(host, [inviteLine(guild.channelId, { code })]);
  for (const [, pathOf] of PATHS) expect((await host.api.get(pathOf(code))).status).toBe(200);
});

it('neither share URL is on the admin listener', async () => {
  const code = await makeInvite();
  for (const [, pathOf] of PATHS) expectError(await host.admin.get(pathOf(code)), 404, 'NOT_FOUND');
});
