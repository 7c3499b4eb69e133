// Walks every operation of the OpenAPI document, and each status and code that it names and that a client can bring about.
// The client holds each answer against the document; at the end nothing that is described may have been left out. This file
// has a Redis of its own, which is gone in the end, and a Postgres, for the joins.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../src/http/route.js';
import { type Answer, answerOf, type Call, raw } from '../support/client.js';
import {
  accept,
  asService,
  ban,
  banIp,
  createInvite,
  type Host,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  makeUser,
  put,
  remove,
  setVanity,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { askEvents, openSocket, openStream } from '../support/events.js';
import { ipv4Address, snowflake, snowflakes, unusedCode, unusedVanity } from '../support/ids.js';
import {
  adminGroups,
  answered,
  checkAnswer,
  type Listener,
  openApi,
  operationAt,
  publicGroups,
  resolve,
} from '../support/openapi.js';
import { startAnyPostgres, type TestPostgres } from '../support/postgres.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';

const START_MAX_MS = 120_000;
const PROBLEM_TYPE = 'application/problem+json';
const TOO_LARGE = 'x'.repeat(16_385);

/** Bugs, and limits, which are off here: no request brings them about. */
const NOT_TO_BE_HAD = /^\S+ (500 INTERNAL_SERVER_ERROR|429 RATE_LIMITED)$/;
/** What needs no Redis has no 503 while it is away. The most that may be under way is another matter (wrapper.test.ts). */
const WITHOUT_REDIS = /^(getOpenApi|getDocs|getDocsFile|getHealth|getMetrics) 503 SERVICE_UNAVAILABLE$/;
/** Events behind a cursor are trimmed only when there are far too many, or by time: consumers.test.ts and events.test.ts. */
const TAKES_TIME = /^getEvents 410 CURSOR_EXPIRED$/;
/** A WebSocket is opened without the client. */
const SOCKET = /^getEvents 101$/;

interface Place {
  readonly listener: Listener;
  readonly route: Route;
  /** As the document has it. */
  readonly path: string;
}

const placesOf = (listener: Listener, groups: typeof publicGroups): readonly Place[] =>
  groups.flatMap(({ bases, routes }) =>
    routes.map((route) => ({ listener, route, path: `${bases[0]}${route.path}` })),
  );
const PLACES = [...placesOf('public', publicGroups), ...placesOf('admin', adminGroups)];
const nameOf = ({ route, path }: Place): string => operationAt(route.method, path).operationId;

const IMPORT_LINE = `${JSON.stringify({ put: 'user', id: '5', username: 'x' })}\n`;
/** Bodies that are valid, so that what is answered is not about them. */
const BODY_OF: Readonly<Record<string, object>> = {
  putGuild: { name: 'x', owner_id: '5' },
  putChannel: { name: 'x' },
  putGroupDm: { owner_id: '5', recipients: ['5'] },
  putUser: { username: 'x' },
  setVanity: { code: 'walker' },
};

function validBody(place: Place): Call {
  const { body } = place.route;
  if (body === 'stream') return { body: IMPORT_LINE };
  return body === 'json' ? { json: BODY_OF[nameOf(place)] ?? {} } : {};
}

let redis: LocalRedis;
let postgres: TestPostgres;
let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  [redis, postgres] = await Promise.all([startLocalRedis([]), startAnyPostgres()]);
  host = await startHost({
    INVITED_REDIS_URL: redis.url,
    INVITED_REDIS_TIMEOUT_MS: '1000',
    INVITED_POSTGRES: 'on',
    INVITED_POSTGRES_URL: postgres.url,
    INVITED_MAX_INVITES_PER_GUILD: '5',
  });
  guild = await makeGuild(host, { features: ['VANITY_URL'] });
}, START_MAX_MS);
afterAll(async () => {
  await host.stop();
  await Promise.all([postgres.stop(), redis.stop()]);
});

/** Somewhere that a place could be, where nothing is. */
const somewhere = (path: string): string =>
  path
    .replace(/\{[a-z]+_id\}/g, () => snowflake())
    .replace('{code}', unusedCode())
    .replace('{address}', ipv4Address())
    .replace('{name}', 'nobody')
    .replace('{file}', 'nothing.js');

function ask({ listener, route, path }: Place, call: Call = {}): Promise<Answer> {
  return (listener === 'public' ? host.api : host.admin).request(route.method, somewhere(path), call);
}

const asWhoMay = ({ route }: Place, call: Call = {}): Call => {
  if (route.access === 'anyone') return call;
  return route.access === 'user' ? { as: snowflake(), ...call } : asService(call);
};

describe('every operation', () => {
  it('answers what is wrong with a request as it says', async () => {
    for (const place of PLACES) {
      const { listener, route, path } = place;
      const url = listener === 'public' ? host.server.url : host.server.adminUrl;
      const at = somewhere(path);
      const { status, head, body } = await raw(url, [
        `${route.method} ${at} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n`,
      ]);
      expect({ at, status }).toEqual({ at, status: 400 });
      checkAnswer({ listener, method: route.method, path: at }, answerOf(status, headersIn(head), body));
      if (route.body !== 'stream') {
        const tooLarge = await ask(place, asWhoMay(place, { body: TOO_LARGE }));
        expect({ at, status: tooLarge.status }).toEqual({ at, status: 413 });
      }
    }
  });

  it('answers who may not as it says', async () => {
    for (const place of PLACES.filter(({ route }) => route.access !== 'anyone')) {
      for (const headers of [{}, { Accept: PROBLEM_TYPE }]) {
        expect((await ask(place, { headers })).status).toBe(401);
        if (place.route.access === 'caller') continue;
        const role = place.route.access === 'user' ? 'bot' : 'user';
        const refused = await ask(place, { as: snowflake(), role, headers });
        expect({ path: place.path, status: refused.status }).toEqual({ path: place.path, status: 403 });
      }
    }
  });

  it('answers for what is not there as it says, also as problem details', async () => {
    for (const place of PLACES) {
      for (const headers of [{}, { Accept: PROBLEM_TYPE }, { Accept: 'text/html' }]) {
        await ask(place, asWhoMay(place, { headers, ...validBody(place) }));
      }
    }
  });
});

function headersIn(head: string): Record<string, string> {
  const lines = head.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
}

describe('invites', () => {
  const invites = () => `/api/v1/channels/${guild.channelId}/invites`;
  const lookUp = (code: string, call: Call = {}) => host.api.get(`/api/v1/invites/${code}`, call);
  const statusAndCode = (answer: Answer) => [
    answer.status,
    answer.text === '' ? '' : answer.object()['code'],
  ];

  it('are made, looked up, changed, listed and revoked', async () => {
    const as = guild.ownerId;
    const key = { as, json: { max_age: 60 }, headers: { 'Idempotency-Key': unusedCode() } };
    const first = await host.api.post(invites(), key);
    expect((await host.api.post(invites(), key)).headers['idempotency-replayed']).toBe('true');
    const reused = await host.api.post(invites(), { ...key, json: { max_age: 61 } });
    expect(statusAndCode(reused)).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const { code } = first.object() as { readonly code: string };
    for (const query of ['', '?with_counts=1', '?with_expiration=1', '?with_counts=1&with_expiration=1']) {
      expect((await lookUp(code + query)).status).toBe(200);
      expect((await lookUp(code + query, { as })).status).toBe(200);
    }
    expect((await lookUp(code, { headers: { 'If-None-Match': '"1"' } })).status).toBe(304);
    for (const path of [`/invite/${code}`, `/${code}`]) {
      for (const Accept of ['text/html', 'application/json']) {
        expect((await host.api.get(path, { headers: { Accept } })).status).toBe(200);
      }
      const known = { Accept: 'application/json', 'If-None-Match': '"1"' };
      expect((await host.api.get(path, { headers: known })).status).toBe(304);
    }
    const at = `/api/v1/invites/${code}`;
    expect((await host.api.patch(at, { as, json: { paused: true } })).status).toBe(200);
    expect((await host.api.patch(at, { as, headers: { 'If-Match': '"1"' } })).status).toBe(412);
    expect((await host.api.patch(at, { as: snowflake() })).status).toBe(403);
    const paused = await accept(host, code, snowflake());
    expect(statusAndCode(paused)).toEqual([403, 'INVITES_DISABLED']);
    await createInvite(host, guild.channelId, as);
    for (const path of [invites(), `/api/v1/guilds/${guild.id}/invites`]) {
      expect((await host.api.get(path, { as })).list()).toHaveLength(2);
      expect((await host.api.get(`${path}?limit=1`, { as })).headers['link']).toMatch(/rel="next"/);
      expect((await host.api.get(path, { as: snowflake() })).status).toBe(403);
      expect((await host.api.get(`${path}?limit=0`, { as })).status).toBe(400);
    }
    expect((await host.api.delete(at, { as: snowflake() })).status).toBe(403);
    expect((await host.api.delete(at, { as, headers: { 'If-Match': '"1"' } })).status).toBe(412);
    expect((await host.api.delete(at, { as })).status).toBe(204);
  });

  it('are refused where they can’t be made', async () => {
    const as = guild.ownerId;
    expect((await host.api.post(invites(), { as: snowflake() })).status).toBe(403);
    const category = await makeChannel(host, guild.id, { type: 4 });
    const none = await host.api.post(`/api/v1/channels/${category}/invites`, { as });
    expect(statusAndCode(none)).toEqual([400, 'INVALID_CHANNEL_TYPE']);
    const full = await makeGuild(host);
    const path = `/api/v1/channels/${full.channelId}/invites`;
    for (let at = 0; at < 5; at += 1)
      expect((await host.api.post(path, { as: full.ownerId })).status).toBe(200);
    expect(statusAndCode(await host.api.post(path, { as: full.ownerId }))).toEqual([400, 'MAX_INVITES']);
    expect(
      (await host.api.post(path, { as: full.ownerId, json: { max_age: -1, max_uses: null } })).status,
    ).toBe(400);
  });

  it('let someone in, or not', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const [one, banned] = snowflakes(2);
    expect((await accept(host, code, one ?? '')).object()['new_member']).toBe(true);
    expect((await accept(host, code, one ?? '')).object()['new_member']).toBe(false);
    await ban(host, guild.id, banned ?? '');
    expect(statusAndCode(await accept(host, code, banned ?? ''))).toEqual([403, 'USER_BANNED_FROM_GUILD']);
    const address = ipv4Address();
    await banIp(host, guild.id, address);
    const from = (ip: string): Call => ({
      headers: {
        'X-Invited-Gateway-Key': host.server.gatewayKey,
        'X-Invited-User': snowflake(),
        'X-Invited-Client-IP': ip,
      },
    });
    const path = `/api/v1/invites/${code}`;
    expect(statusAndCode(await host.api.post(path, from(address)))).toEqual([
      403,
      'USER_IP_BANNED_FROM_GUILD',
    ]);
    expect(statusAndCode(await host.api.post(path, from('no address')))).toEqual([400, 'INVALID_FORM_BODY']);
    const small = await makeGuild(host, { max_members: 1 });
    const toSmall = await createInvite(host, small.channelId, small.ownerId);
    expect(statusAndCode(await accept(host, toSmall.code, snowflake()))).toEqual([400, 'MAX_GUILD_MEMBERS']);
    const dm = await makeGroupDm(host, snowflakes(49), { name: 'the many' });
    const toDm = await createInvite(host, dm.id, dm.ownerId);
    expect(statusAndCode(await accept(host, toDm.code, snowflake()))).toEqual([
      400,
      'MAX_GROUP_DM_RECIPIENTS',
    ]);
    expect((await lookUp(`${toDm.code}?with_counts=1`)).status).toBe(200);
    for (const Accept of ['text/html', 'application/json']) {
      expect((await host.api.get(`/${toDm.code}`, { headers: { Accept } })).status).toBe(200);
    }
  });

  it('have a vanity code', async () => {
    const as = guild.ownerId;
    const path = `/api/v1/guilds/${guild.id}/vanity-url`;
    const code = unusedVanity();
    await setVanity(host, guild, code);
    expect((await host.api.get(path, { as })).status).toBe(200);
    expect((await host.api.get(path, { as, headers: { 'If-None-Match': '*' } })).status).toBe(304);
    expect((await host.api.get(path, { as: snowflake() })).status).toBe(403);
    expect((await host.api.patch(path, { as: snowflake(), json: { code } })).status).toBe(403);
    expect((await host.api.patch(path, { as, json: { code }, headers: { 'If-Match': '"7"' } })).status).toBe(
      412,
    );
    for (const wrong of ['x', 'ä'.repeat(5), 'docs']) {
      expect((await host.api.patch(path, { as, json: { code: wrong } })).status).toBe(400);
    }
    expect((await lookUp(`${code}?with_counts=1`, { as })).status).toBe(200);
    expect((await accept(host, code, snowflake())).status).toBe(200);
    expect((await host.api.get(`/${code}`, { headers: { Accept: 'application/json' } })).status).toBe(200);
    expect((await host.api.patch(path, { as, json: { code: null } })).json()).toEqual({
      code: null,
      uses: 0,
    });
  });
});

describe('the host', () => {
  it('tells the directory', async () => {
    const [userId, role] = snowflakes(2);
    const another = await makeGuild(host, {
      roles: [{ id: role ?? '', permissions: '1025' }],
      icon_hash: 'a',
    });
    const overwrites = [{ id: role ?? '', type: 0, allow: '1', deny: '0' }] as const;
    await makeChannel(host, another.id, { id: another.channelId, permission_overwrites: overwrites });
    await makeMember(host, another.id, { id: userId ?? '', roles: [role ?? ''] });
    await makeUser(host, { id: userId ?? '' });
    const dm = await makeGroupDm(host);
    const address = ipv4Address();
    const banned = snowflake();
    await put(host, `/guilds/${another.id}/bans/${banned}`, { reason: 'spam' });
    await put(host, `/guilds/${another.id}/ip-bans/${address}`);
    const things = [
      `/guilds/${another.id}/members/${userId}`,
      `/guilds/${another.id}/bans/${banned}`,
      `/guilds/${another.id}/ip-bans/${address}`,
      `/guilds/${another.id}/channels/${another.channelId}`,
      `/guilds/${another.id}`,
      `/group-dms/${dm.id}`,
      `/users/${userId}`,
    ];
    for (const path of things) {
      expect((await host.admin.get(`/internal/v1${path}`, asService())).status).toBe(200);
      expect((await host.admin.put(`/internal/v1${path}`, asService({ body: '[' }))).status).toBe(400);
    }
    for (const kind of ['channels', 'members', 'bans']) {
      const path = `/internal/v1/guilds/${another.id}/${kind}/${snowflake()}`;
      for (const method of ['GET', 'DELETE']) {
        expect((await host.admin.request(method, path, asService())).status).toBe(404);
      }
    }
    for (const method of ['GET', 'DELETE']) {
      const path = `/internal/v1/guilds/${another.id}/ip-bans/${ipv4Address()}`;
      expect((await host.admin.request(method, path, asService())).status).toBe(404);
    }
    for (const kind of ['channels', 'members']) {
      const call = asService({ json: { name: 'x' } });
      const path = `/internal/v1/guilds/${snowflake()}/${kind}/${snowflake()}`;
      expect((await host.admin.put(path, call)).status).toBe(404);
    }
    for (const path of things) await remove(host, path);
    const gone = await host.admin.post(`/internal/v1/users/${userId}/disconnect`, asService());
    expect(gone.json()).toEqual({ removed: [] });
  });

  it('imports', async () => {
    const lines = [
      { put: 'user', id: snowflake(), username: 'x' },
      { put: 'member', guild_id: snowflake(), user_id: snowflake() },
      { put: 'nothing' },
    ];
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const answer = await host.admin.post('/internal/v1/import', asService({ body }));
    expect(answer.object()).toMatchObject({ applied: 1, failed_total: 2 });
  });

  it('hears of events in three ways', async () => {
    expect((await askEvents(host, 'limit=1000')).status).toBe(200);
    expect((await askEvents(host, 'limit=0')).status).toBe(400);
    const stream = await openStream(host, { query: 'consumer=walker' });
    expect(stream.status).toBe(200);
    stream.kill();
    const socket = await openSocket(host);
    expect(socket.status).toBe(101);
    socket.kill();
    expect((await host.admin.get('/internal/v1/consumers', asService())).text).toContain('walker');
    expect((await host.admin.delete('/internal/v1/consumers/walker', asService())).status).toBe(204);
  });

  it('asks who came', async () => {
    const path = `/internal/v1/guilds/${guild.id}/joins`;
    const page = await host.admin.get(`${path}?limit=1`, asService());
    expect([page.status, page.headers['link']]).toEqual([200, expect.stringContaining('rel="next"')]);
    const csv = await host.admin.get(path, asService({ headers: { Accept: 'text/csv' } }));
    expect([csv.status, csv.headers['content-type']]).toEqual([
      200,
      'text/csv; charset=utf-8; header=present',
    ]);
    expect((await host.admin.get(`${path}?user_id=x`, asService())).status).toBe(400);
  });

  it('sees the page and its files', async () => {
    const page = await host.api.get('/docs');
    const files = [...page.text.matchAll(/"(docs\/[^"]+)"/g)].map(([, file]) => `/${file}`);
    for (const path of ['/docs', '/openapi.json', ...files]) {
      const { status, headers } = await host.api.get(path);
      expect(status).toBe(200);
      const known = { 'If-None-Match': String(headers['etag']) };
      expect((await host.api.get(path, { headers: known })).status).toBe(304);
    }
  });
});

describe('at last', () => {
  it('a Redis that is gone is 503, as each operation says', async () => {
    process.kill(redis.pid, 'SIGKILL');
    for (const place of PLACES) {
      const { status } = await ask(place, asWhoMay(place, validBody(place)));
      expect({ name: nameOf(place), status }).toEqual({
        name: nameOf(place),
        status: /Docs|OpenApi|Health|Metrics/.test(nameOf(place)) ? expect.any(Number) : 503,
      });
    }
  });

  it('nothing of what is described was left out', () => {
    const described = Object.values(openApi.paths)
      .flatMap((item) => Object.values(item))
      .filter(
        (operation) => typeof operation === 'object' && operation !== null && 'operationId' in operation,
      )
      .flatMap((operation) => describedBy(operation as ReturnType<typeof operationAt>));
    const left = described.filter(
      (one) =>
        !answered.has(one) &&
        ![NOT_TO_BE_HAD, WITHOUT_REDIS, TAKES_TIME, SOCKET].some((skip) => skip.test(one)),
    );
    expect(left).toEqual([]);
    expect(described.length).toBeGreaterThan(300);
  });
});

/** `operationId status`, with each code that an error may have. */
function describedBy({ operationId, responses }: ReturnType<typeof operationAt>): readonly string[] {
  return Object.entries(responses).flatMap(([status, response]) => {
    const content = resolve(response)?.['content'] as
      | Readonly<Record<string, { readonly examples?: object }>>
      | undefined;
    const codes = Number(status) < 400 ? [] : Object.keys(content?.['application/json']?.examples ?? {});
    return codes.length === 0
      ? [`${operationId} ${status}`]
      : codes.map((code) => `${operationId} ${status} ${code}`);
  });
}
