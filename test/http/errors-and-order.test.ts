// The order of the checks that all routes share, and the form of their errors.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Call, raw } from '../support/client.js';
import {
  asService,
  createInvite,
  type Host,
  makeGuild,
  makeMember,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError, expectInvalid } from '../support/expect-answer.js';
import { snowflake, unusedCode } from '../support/ids.js';

let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host);
});
afterAll(() => host.stop());

const BAD_IDS = [
  '01',
  '00',
  '-1',
  '+1',
  'abc',
  '1.0',
  '1e3',
  '0x1',
  '%20',
  '1%20',
  '9223372036854775808',
  '9'.repeat(19),
];
const TOO_LARGE = JSON.stringify({ padding: 'x'.repeat(16_385) });

/** The routes of both listeners that need somebody; `ID` stands for an id of theirs. */
const PUBLIC: readonly (readonly [string, string])[] = [
  ['POST', '/api/v1/channels/ID/invites'],
  ['GET', '/api/v1/channels/ID/invites'],
  ['GET', '/api/v1/guilds/ID/invites'],
  ['GET', '/api/v1/guilds/ID/vanity-url'],
  ['PATCH', '/api/v1/guilds/ID/vanity-url'],
];
const INTERNAL: readonly (readonly [string, string])[] = [
  ...methods(['PUT', 'GET', 'DELETE'], '/internal/v1/guilds/ID'),
  ...methods(['PUT', 'GET', 'DELETE'], '/internal/v1/guilds/ID/channels/5'),
  ...methods(['PUT', 'GET', 'DELETE'], '/internal/v1/guilds/5/channels/ID'),
  ...methods(['PUT', 'GET', 'DELETE'], '/internal/v1/guilds/ID/members/5'),
  ...methods(['PUT', 'GET', 'DELETE'], '/internal/v1/guilds/5/members/ID'),
  ...methods(['PUT', 'DELETE'], '/internal/v1/guilds/ID/bans/5'),
  ...methods(['PUT', 'DELETE'], '/internal/v1/guilds/5/bans/ID'),
  ...methods(['PUT', 'DELETE'], '/internal/v1/guilds/ID/ip-bans/192.0.2.1'),
  ...methods(['PUT', 'GET', 'DELETE'], '/internal/v1/group-dms/ID'),
  ...methods(['PUT', 'GET', 'DELETE'], '/internal/v1/users/ID'),
  ['POST', '/internal/v1/users/ID/disconnect'],
];

function methods(names: readonly string[], path: string): readonly (readonly [string, string])[] {
  return names.map((name) => [name, path] as const);
}

const ask = (method: string, path: string, call: Call = {}): Promise<Answer> =>
  (path.startsWith('/internal') ? host.admin : host.api).request(method, path, call);

describe('an id in the path', () => {
  it.each([...PUBLIC, ...INTERNAL])('%s %s is 400 when it is none', async (method, path) => {
    for (const id of BAD_IDS) {
      const answer = await ask(method, path.replace('ID', id), asService());
      expect({ id, status: answer.status }).toEqual({ id, status: 400 });
      expectInvalid(answer);
    }
  });

  it.each([...PUBLIC, ...INTERNAL])('%s %s is judged after 401', async (method, path) => {
    expectError(await ask(method, path.replace('ID', 'abc')), 401, 'UNAUTHORIZED');
    const headers = { Authorization: 'Bearer nonsense' };
    expectError(await ask(method, path.replace('ID', 'abc'), { headers }), 401, 'UNAUTHORIZED');
  });

  it.each(INTERNAL)('%s %s is judged after the role', async (method, path) => {
    expectError(await ask(method, path.replace('ID', 'abc'), { as: '5' }), 403, 'ACCESS_DENIED');
    expectError(await ask(method, path.replace('ID', 'abc'), { as: '5', role: 'bot' }), 403, 'ACCESS_DENIED');
  });
});

describe('a body', () => {
  const WITH_BODY = [...PUBLIC, ...INTERNAL].filter(
    ([method, path]) => ['PUT', 'PATCH'].includes(method) || (method === 'POST' && path.endsWith('/invites')),
  );

  it.each(WITH_BODY)('of %s %s is judged after the id in the path', async (method, path) => {
    const answer = await ask(method, path.replace('ID', 'abc'), asService({ body: '{' }));
    expectInvalid(answer);
    expect(answer.text).not.toContain('"path":"body"');
  });

  it.each(WITH_BODY)('of %s %s that is no JSON is judged after 401 and the role', async (method, path) => {
    expectError(await ask(method, path.replace('ID', '5'), { body: '{' }), 401, 'UNAUTHORIZED');
    if (!path.startsWith('/internal')) return;
    expectError(await ask(method, path.replace('ID', '5'), { as: '5', body: '{' }), 403, 'ACCESS_DENIED');
  });

  it.each(WITH_BODY)('of %s %s is judged before the resource', async (method, path) => {
    const where = path.replace('ID', snowflake());
    expectInvalid(await ask(method, where, asService({ body: '{' })), 'body');
    expectError(await ask(method, where, asService({ body: TOO_LARGE })), 413, 'PAYLOAD_TOO_LARGE');
  });

  it('of a create is judged before the permission', async () => {
    const path = `/api/v1/channels/${guild.channelId}/invites`;
    const call = { as: snowflake() };
    expectError(await host.api.post(path, call), 403, 'MISSING_PERMISSIONS');
    expectInvalid(await host.api.post(path, { ...call, json: { max_age: -1 } }), 'max_age');
    expectError(await host.api.post(path, { ...call, body: TOO_LARGE }), 413, 'PAYLOAD_TOO_LARGE');
  });
});

describe('the resource', () => {
  it('is judged before the permission', async () => {
    const call = { as: snowflake() };
    const missing = snowflake();
    const [channel, guilds] = [`/api/v1/channels/${missing}/invites`, `/api/v1/guilds/${missing}`];
    expectError(await host.api.post(channel, call), 404, 'UNKNOWN_CHANNEL');
    expectError(await host.api.get(channel, call), 404, 'UNKNOWN_CHANNEL');
    expectError(await host.api.get(`${guilds}/invites`, call), 404, 'UNKNOWN_GUILD');
    expectError(await host.api.get(`${guilds}/vanity-url`, call), 404, 'UNKNOWN_GUILD');
    expectError(await host.api.delete(`/api/v1/invites/${unusedCode()}`, call), 404, 'UNKNOWN_INVITE');
  });

  it('of a guild id is no channel and the other way round', async () => {
    const call = { as: guild.ownerId };
    expectError(await host.api.get(`/api/v1/channels/${guild.id}/invites`, call), 404, 'UNKNOWN_CHANNEL');
    expectError(await host.api.get(`/api/v1/guilds/${guild.channelId}/invites`, call), 404, 'UNKNOWN_GUILD');
  });

  it('that exists is 403 to somebody who is no member, and to a member without the permission', async () => {
    for (const as of [snowflake(), await makeMember(host, guild.id)]) {
      for (const path of [`/channels/${guild.channelId}/invites`, `/guilds/${guild.id}/invites`]) {
        expectError(await host.api.get(`/api/v1${path}`, { as }), 403, 'MISSING_PERMISSIONS');
      }
    }
  });
});

describe('a code in the path', () => {
  it.each(['POST', 'DELETE'])('of a %s is judged after 401', async (method) => {
    for (const code of [unusedCode(), 'a.b', 'x'.repeat(65), '%00']) {
      expectError(await ask(method, `/api/v1/invites/${code}`), 401, 'UNAUTHORIZED');
      expectError(await ask(method, `/api/v1/invites/${code}`, { as: snowflake() }), 404, 'UNKNOWN_INVITE');
    }
  });

  it('of an accept is judged after a body that is too large', async () => {
    const call = { as: snowflake(), body: TOO_LARGE };
    expectError(await host.api.post(`/api/v1/invites/${unusedCode()}`, call), 413, 'PAYLOAD_TOO_LARGE');
  });
});

describe('a path that is none', () => {
  const NONE = [
    '/api/v1',
    '/api/v2/invites/abc',
    '/api/v1/invites',
    '/api/v1/channels',
    '/api/v1/channels/5',
    '/api/v1/channels/5/messages',
    '/api/v1/guilds/5',
    '/api/v1/guilds/5/channels/5/invites',
    '/API/v1/invites/abc',
    '/api/V1/invites/abc',
    '/api/v1/Invites/abc',
    '/api/v1/invites/abc/def',
    '/invite/abc/def',
    '/api/v1/toString',
    '/api/__proto__/invites/x',
  ];

  it.each(NONE)('%s is 404 for each method, with and without a token', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const call of [{}, { as: snowflake() }, asService(), { headers: { Authorization: 'x' } }]) {
        expectError(await host.api.request(method, path, call), 404, 'NOT_FOUND');
      }
    }
  });

  it.each([
    '/',
    '/internal',
    '/internal/v1',
    '/internal/v1/nothing',
    '/internal/v1/guilds',
    '/internal/v2/guilds/5',
  ])('%s is 404 on the admin listener', async (path) => {
    for (const call of [{}, asService()]) expectError(await host.admin.get(path, call), 404, 'NOT_FOUND');
  });

  it('comes before everything else', async () => {
    const call = { headers: { Authorization: 'Bearer x' }, body: TOO_LARGE };
    expectError(await host.api.post('/api/v1/nothing/here', call), 404, 'NOT_FOUND');
    expectError(await host.admin.post('/internal/v1/nothing', call), 404, 'NOT_FOUND');
  });
});

it('a method that is none comes before 401, the id and the body', async () => {
  const call = { body: TOO_LARGE };
  expectError(await host.api.put('/api/v1/channels/abc/invites', call), 405, 'METHOD_NOT_ALLOWED');
  expectError(await host.api.post('/api/v1/guilds/abc/vanity-url', call), 405, 'METHOD_NOT_ALLOWED');
  expectError(await host.admin.patch('/internal/v1/guilds/abc', call), 405, 'METHOD_NOT_ALLOWED');
});

it('errors tell nothing of the inside', async () => {
  const { code } = await createInvite(host, guild.channelId, guild.ownerId);
  const answers = [
    await host.api.get('/api/v1/nothing'),
    await host.api.post(`/api/v1/invites/${code}`),
    await host.api.post(`/api/v1/channels/${guild.channelId}/invites`, {
      as: guild.ownerId,
      body: '{"max_age":',
    }),
    await host.admin.put(`/internal/v1/guilds/${guild.id}`, asService({ json: { name: 5 } })),
    await host.admin.post('/internal/v1/import', asService({ body: '{\n' })),
  ];
  for (const { text } of answers)
    expect(text).not.toMatch(/\bat \w|node_modules|\.[jt]s:|\/work|redis|lua|stack/i);
});

it('a long query is no obstacle', async () => {
  const { code } = await createInvite(host, guild.channelId, guild.ownerId);
  const answer = await raw(host.server.url, [
    `GET /api/v1/invites/${code}?${'x=1&'.repeat(500)}with_counts=1 HTTP/1.1\r\nHost: x\r\n\r\n`,
  ]);
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('approximate_member_count');
});
