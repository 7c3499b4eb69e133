// The routes as HTTP: base paths, methods, HEAD, X-Request-Id, and which listener has what.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Call } from '../support/client.js';
import {
  asService,
  createInvite,
  decodeInvite,
  type Host,
  join,
  makeGroupDm,
  makeGuild,
  makeMember,
  makeUser,
  setVanity,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectCommonHeaders, expectError, ULID } from '../support/expect-answer.js';
import { snowflake, unusedCode, unusedVanity } from '../support/ids.js';

let host: Host;
let guild: TestGuild;
let member: string;
let code: string;
let groupDm: string;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host, { features: ['VANITY_URL'] });
  member = await makeMember(host, guild.id);
  code = (await createInvite(host, guild.channelId, guild.ownerId)).code;
  groupDm = (await makeGroupDm(host)).id;
});
afterAll(() => host.stop());

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Each route with the methods that Allow names. */
const PUBLIC_ROUTES: readonly (readonly [string, readonly string[]])[] = [
  ['/invites/{code}', ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE']],
  ['/channels/{channel}/invites', ['GET', 'HEAD', 'POST']],
  ['/guilds/{guild}/invites', ['GET', 'HEAD']],
  ['/guilds/{guild}/vanity-url', ['GET', 'HEAD', 'PATCH']],
];
const ADMIN_ROUTES: readonly (readonly [string, readonly string[]])[] = [
  ['/internal/v1/guilds/{guild}', ['PUT', 'GET', 'HEAD', 'DELETE']],
  ['/internal/v1/guilds/{guild}/channels/{channel}', ['PUT', 'GET', 'HEAD', 'DELETE']],
  ['/internal/v1/guilds/{guild}/members/{member}', ['PUT', 'GET', 'HEAD', 'DELETE']],
  ['/internal/v1/guilds/{guild}/bans/{member}', ['PUT', 'GET', 'HEAD', 'DELETE']],
  ['/internal/v1/guilds/{guild}/ip-bans/192.0.2.1', ['PUT', 'GET', 'HEAD', 'DELETE']],
  ['/internal/v1/group-dms/{dm}', ['PUT', 'GET', 'HEAD', 'DELETE']],
  ['/internal/v1/users/{member}', ['PUT', 'GET', 'HEAD', 'DELETE']],
  ['/internal/v1/users/{member}/disconnect', ['POST']],
  ['/internal/v1/import', ['POST']],
  ['/healthz', ['GET', 'HEAD']],
  ['/readyz', ['GET', 'HEAD']],
];
const BASES = ['/api/v1', '/v1'] as const;

const fill = (path: string): string =>
  path
    .replace('{code}', code)
    .replace('{guild}', guild.id)
    .replace('{channel}', guild.channelId)
    .replace('{member}', member)
    .replace('{dm}', groupDm);

const allowOf = (answer: Answer): readonly string[] => String(answer.headers['allow']).split(/, */).sort();

describe('both base paths', () => {
  it.each(BASES)('%s has every endpoint', async (base) => {
    const as = guild.ownerId;
    const made = await host.api.post(`${base}/channels/${guild.channelId}/invites`, {
      as,
      json: { max_age: 60 },
    });
    const invite = decodeInvite(made);
    const path = `${base}/invites/${invite.code}`;
    expect(decodeInvite(await host.api.get(path))).toMatchObject({ code: invite.code });
    expect((await host.api.post(path, { as: snowflake() })).object()).toMatchObject({ new_member: true });
    expect((await host.api.get(`${base}/channels/${guild.channelId}/invites`, { as })).status).toBe(200);
    expect((await host.api.get(`${base}/guilds/${guild.id}/invites`, { as })).status).toBe(200);
    const vanity = `${base}/guilds/${guild.id}/vanity-url`;
    const set = unusedVanity();
    expect((await host.api.patch(vanity, { as, json: { code: set } })).json()).toEqual({
      code: set,
      uses: 0,
    });
    expect((await host.api.get(vanity, { as })).json()).toEqual({ code: set, uses: 0 });
    expect((await host.api.delete(path, { as })).status).toBe(204);
  });

  it.each(BASES)('%s gives the errors of the API', async (base) => {
    expectError(await host.api.get(`${base}/invites/${unusedCode()}`), 404, 'UNKNOWN_INVITE');
    expectError(await host.api.get(`${base}/guilds/${guild.id}/invites`), 401, 'UNAUTHORIZED');
    expectError(await host.api.get(`${base}/nothing/here`), 404, 'NOT_FOUND');
  });
});

describe('a method that a route does not have', () => {
  const cases = PUBLIC_ROUTES.flatMap(([path, allowed]) =>
    BASES.map((base) => [`${base}${path}`, allowed] as const),
  );

  it.each([...cases, ...ADMIN_ROUTES])('of %s is 405 with what it has: %s', async (path, allowed) => {
    const api = path.startsWith('/internal') || path.endsWith('z') ? host.admin : host.api;
    for (const method of METHODS.filter((one) => !allowed.includes(one))) {
      for (const call of [{}, asService()]) {
        const answer = await api.request(method, fill(path), call);
        expect({ method, status: answer.status }).toEqual({ method, status: 405 });
        expectError(answer, 405, 'METHOD_NOT_ALLOWED');
        expect(allowOf(answer)).toEqual(expect.arrayContaining([...allowed]));
        expect(allowOf(answer)).not.toContain(method);
      }
    }
    if (!allowed.includes('HEAD')) expect((await api.head(fill(path), asService())).status).toBe(405);
  });
});

describe('HEAD', () => {
  it.each([
    ...BASES.flatMap((base) => PUBLIC_ROUTES.map(([path]) => `${base}${path}`)),
    ...ADMIN_ROUTES.filter(([, allowed]) => allowed.includes('GET')).map(([path]) => path),
  ])('of %s is GET without the body', async (path) => {
    await makeUser(host, { id: member });
    const api = path.startsWith('/internal') || path.endsWith('z') ? host.admin : host.api;
    const get = await api.get(fill(path), asService());
    const head = await api.head(fill(path), asService());
    const still = ({ headers }: Answer) =>
      Object.fromEntries(
        Object.entries(headers).filter(
          ([name]) => !['date', 'x-request-id', 'content-length'].includes(name),
        ),
      );
    expect({ status: head.status, text: head.text }).toEqual({ status: get.status, text: '' });
    expect(still(head)).toEqual(still(get));
    const length = head.headers['content-length'];
    expect([undefined, String(Buffer.byteLength(get.text))]).toContain(length);
  });

  it('has the errors of GET', async () => {
    const paths = [
      `/api/v1/invites/${unusedCode()}`,
      `/api/v1/guilds/${guild.id}/invites`,
      '/api/v1/nothing',
    ];
    for (const path of paths) {
      const get = await host.api.get(path);
      const head = await host.api.head(path);
      expect({ status: head.status, text: head.text }).toEqual({ status: get.status, text: '' });
      expect(head.status).toBeGreaterThanOrEqual(401);
      expectCommonHeaders(head);
    }
  });

  it('leaves the connection to the next request', async () => {
    for (const call of [{}, asService()]) {
      for (let time = 0; time < 5; time += 1) {
        expect((await host.api.head(`/api/v1/invites/${code}`, call)).status).toBe(200);
        expect((await host.api.get(`/api/v1/invites/${code}`, call)).status).toBe(200);
      }
    }
  });
});

describe('X-Request-Id', () => {
  const requestId = async (id: string | undefined, path = `/api/v1/invites/${code}`, call: Call = {}) => {
    const headers = id === undefined ? {} : { 'X-Request-Id': id };
    return (await host.api.get(path, { ...call, headers })).headers['x-request-id'];
  };

  it.each([
    'x',
    'a-b_c.d/e:f',
    '!"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~',
    'y'.repeat(128),
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  ])('%j comes back as it is', async (id) => {
    expect(await requestId(id)).toBe(id);
  });

  it.each([
    ['of 129 characters', 'z'.repeat(129)],
    ['of 5,000 characters', 'z'.repeat(5_000)],
    ['with a space', 'a b'],
    ['with a tab', 'a\tb'],
    ['with a byte beyond ASCII', 'caf\u00e9s'],
    ['that is empty', ''],
  ])('%s is replaced by a ULID', async (_name, id) => {
    expect(await requestId(id)).toMatch(ULID);
  });

  it('is a new ULID for each request without one', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => requestId(undefined)));
    for (const id of ids) expect(id).toMatch(ULID);
    expect(new Set(ids).size).toBe(50);
  });

  it('comes back with every kind of answer', async () => {
    const headers = { 'X-Request-Id': 'trace-me' };
    const large = 'x'.repeat(20_000);
    const own = await createInvite(host, guild.channelId, guild.ownerId);
    const answers = [
      await host.api.get('/nothing/at/all', { headers }),
      await host.api.get(`/api/v1/invites/${unusedCode()}`, { headers }),
      await host.api.get(`/invite/${code}`, { headers }),
      await host.api.get(`/invite/${unusedCode()}`, { headers }),
      await host.api.put(`/api/v1/invites/${code}`, { headers }),
      await host.api.get(`/api/v1/guilds/${guild.id}/invites`, { headers }),
      await host.api.get(`/api/v1/guilds/x/invites`, { headers, as: '1' }),
      await host.api.post(`/api/v1/channels/${guild.channelId}/invites`, { headers, as: '1', body: '{' }),
      await host.api.post(`/api/v1/channels/${guild.channelId}/invites`, { headers, as: '1', body: large }),
      await host.api.delete(`/api/v1/invites/${own.code}`, { headers, as: guild.ownerId }),
      await host.api.head(`/api/v1/invites/${code}`, { headers }),
      await host.admin.get('/healthz', { headers }),
      await host.admin.get('/readyz', { headers }),
      await host.admin.get(`/internal/v1/guilds/${guild.id}`, asService({ headers })),
      await host.admin.get('/internal/v1/nothing', asService({ headers })),
    ];
    for (const answer of answers) {
      expect(answer.headers['x-request-id']).toBe('trace-me');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });
});

describe('a trailing slash or an empty segment', () => {
  const around = (path: string): readonly string[] => [
    `${path}/`,
    `/${path}`,
    path.replace(/\/([^/]*)$/, '//$1'),
  ];

  it.each(PUBLIC_ROUTES.map(([path]) => `/api/v1${path}`))('of %s is another path', async (path) => {
    for (const other of around(fill(path))) {
      expectError(await host.api.get(other, asService()), 404, 'NOT_FOUND');
    }
  });

  it.each(ADMIN_ROUTES.map(([path]) => path))('of %s is another path', async (path) => {
    for (const other of around(fill(path))) {
      for (const method of ['GET', 'POST']) {
        expectError(await host.admin.request(method, other, asService()), 404, 'NOT_FOUND');
      }
    }
  });

  it('in place of an id or a code is another path', async () => {
    for (const path of [
      '/api/v1/invites/',
      '/api/v1/channels//invites',
      '/api/v1/guilds//vanity-url',
      '//',
      '/invite/',
    ]) {
      expect((await host.api.get(path, asService())).status).toBe(404);
    }
  });

  it('changes nothing', async () => {
    const user = snowflake();
    expectError(await host.api.post(`/api/v1/invites/${code}/`, { as: user }), 404, 'NOT_FOUND');
    expectError(await host.api.delete(`/api/v1/invites/${code}/`, asService()), 404, 'NOT_FOUND');
    await join(host, code, user);
  });
});

describe('the listeners', () => {
  it.each(ADMIN_ROUTES)('the public one knows nothing of %s, whoever asks', async (path, allowed) => {
    for (const method of new Set([...allowed, 'GET'])) {
      for (const call of [{}, { as: guild.ownerId }, asService()]) {
        const answer = await host.api.request(method, fill(path), call);
        expect({ method, status: answer.status }).toEqual({ method, status: 404 });
        if (path.startsWith('/internal') && method !== 'HEAD') expectError(answer, 404, 'NOT_FOUND');
      }
    }
    expect((await host.api.get('/metrics', asService())).status).toBe(404);
    expect((await host.api.get('/console', asService())).status).toBe(404);
  });

  it('the public one does so under its base paths too', async () => {
    for (const base of ['/api/v1', '/v1', '/api']) {
      expectError(
        await host.api.get(`${base}/internal/v1/guilds/${guild.id}`, asService()),
        404,
        'NOT_FOUND',
      );
      expectError(await host.api.get(`${base}/guilds/${guild.id}`, asService()), 404, 'NOT_FOUND');
    }
  });

  it('the public one does not get there by dots or escapes', async () => {
    const tricks = [
      '/api/../internal/v1',
      '/%69nternal/v1',
      '/api/v1/..%2f..%2finternal/v1',
      '/./internal/v1',
    ];
    for (const trick of tricks) {
      const answer = await host.api.get(`${trick}/guilds/${guild.id}`, asService());
      expect({ trick, status: answer.status }).toEqual({ trick, status: 404 });
    }
  });

  it('the admin one has nothing of the public one', async () => {
    for (const path of [
      `/api/v1/invites/${code}`,
      `/v1/invites/${code}`,
      `/api/v1/guilds/${guild.id}/invites`,
    ]) {
      for (const call of [{}, asService()]) expectError(await host.admin.get(path, call), 404, 'NOT_FOUND');
    }
  });
});

it('no answer has CORS headers where none are configured', async () => {
  const headers = { Origin: 'https://example.com', 'Access-Control-Request-Method': 'GET' };
  for (const method of ['GET', 'OPTIONS']) {
    const answer = await host.api.request(method, `/api/v1/invites/${code}`, { headers });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
});

it('a vanity works on both base paths and both share URLs', async () => {
  const own = await makeGuild(host, { features: ['VANITY_URL'] });
  const vanity = unusedVanity();
  await setVanity(host, own, vanity);
  for (const path of [
    `/api/v1/invites/${vanity}`,
    `/v1/invites/${vanity}`,
    `/invite/${vanity}`,
    `/${vanity}`,
  ]) {
    const answer = await host.api.get(path, { headers: { Accept: 'application/json' } });
    expect(decodeInvite(answer)['guild_id']).toBe(own.id);
  }
});
