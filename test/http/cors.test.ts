// Pages of other origins: what the public listener tells them by INVITED_CORS_ORIGINS, that it tells nothing without, and
// that the admin listener never does. Whether a browser takes it that way is test/browser/cors.test.ts.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Client } from '../support/client.js';
import { createInvite, type Host, makeGuild, startHost } from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake, unusedCode } from '../support/ids.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const LISTED = 'https://app.example';
const OTHER_LISTED = 'capacitor://localhost';
const UNLISTED = 'https://app.example.evil.example';
const STARTS_MAX_MS = 90_000;

let redis: LocalRedis;
let host: Host;
let closedHost: Host;
let openHost: Host;
let code: string;
let channelId: string;
let ownerId: string;
beforeAll(async () => {
  redis = await startLocalRedis([]);
  const own = { INVITED_REDIS_URL: redis.url, INVITED_REDIS_TIMEOUT_MS: '300' };
  // One after the other: a start takes more than one process, and has a limit of its own.
  host = await startHost({ ...own, INVITED_CORS_ORIGINS: `${LISTED}, ${OTHER_LISTED}` });
  closedHost = await startHost();
  openHost = await startHost({ INVITED_CORS_ORIGINS: '*' });
  const guild = await makeGuild(host);
  ({ channelId, ownerId } = guild);
  code = (await createInvite(host, channelId, ownerId)).code;
}, STARTS_MAX_MS);
afterAll(async () => {
  for (const one of [host, closedHost, openHost]) await one?.stop();
  await redis?.stop();
});

const from = (origin: string) => ({ headers: { Origin: origin } });

function preflight(api: Client, path: string, origin: string, method: string): Promise<Answer> {
  return api.request('OPTIONS', path, {
    headers: { Origin: origin, 'Access-Control-Request-Method': method },
  });
}

const corsHeaders = ({ headers }: Answer): readonly string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));
const words = (header: unknown): readonly string[] => String(header).toLowerCase().split(/, */).sort();

function expectReadable(answer: Answer, origin: string): void {
  expect(answer.headers['access-control-allow-origin']).toBe(origin);
  expect(words(answer.headers['access-control-expose-headers'])).toEqual(
    [
      ...['etag', 'idempotency-replayed', 'link', 'retry-after', 'x-request-id'],
      ...['bucket', 'limit', 'remaining', 'reset', 'reset-after'].map((what) => `x-ratelimit-${what}`),
    ].sort(),
  );
  expect(words(answer.headers['vary'])).toContain('origin');
  expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
}

function expectUnreadable(answer: Answer): void {
  expect(corsHeaders(answer)).toEqual([]);
  expect(words(answer.headers['vary'])).toContain('origin');
}

describe('a listed origin', () => {
  it.each([LISTED, OTHER_LISTED])('may read answers: %s', async (origin) => {
    expectReadable(await host.api.get(`/api/v1/invites/${code}`, from(origin)), origin);
    expectReadable(await host.api.head(`/api/v1/invites/${code}`, from(origin)), origin);
  });

  it('may read an answer without a body', async () => {
    const headers = { Origin: LISTED, 'If-None-Match': '"1"' };
    const answer = await host.api.get(`/api/v1/invites/${code}`, { headers });
    expect(answer.status).toBe(304);
    expectReadable(answer, LISTED);
  });

  it('may read the share page, whose answer depends on Accept as well', async () => {
    const answer = await host.api.get(`/${code}`, from(LISTED));
    expectReadable(answer, LISTED);
    expect(words(answer.headers['vary'])).toEqual(['accept', 'origin']);
  });

  it('may read errors of every kind', async () => {
    const large = { ...from(LISTED), as: ownerId, body: 'x'.repeat(20_000) };
    const cases: readonly (readonly [Promise<Answer>, number, string])[] = [
      [host.api.get(`/v1/invites/${unusedCode()}`, from(LISTED)), 404, 'UNKNOWN_INVITE'],
      [host.api.get('/v1/nothing/here', from(LISTED)), 404, 'NOT_FOUND'],
      [host.api.put(`/v1/invites/${code}`, from(LISTED)), 405, 'METHOD_NOT_ALLOWED'],
      [host.api.post(`/v1/invites/${code}`, from(LISTED)), 401, 'UNAUTHORIZED'],
      [host.api.post(`/v1/channels/${channelId}/invites`, large), 413, 'PAYLOAD_TOO_LARGE'],
    ];
    for (const [asked, status, problem] of cases) {
      const answer = await asked;
      expectError(answer, status, problem);
      expectReadable(answer, LISTED);
    }
  });

  it('may read that Redis is away', async () => {
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const answer = await host.api.post(`/v1/invites/${code}`, { ...from(LISTED), as: snowflake() });
      expectError(answer, 503, 'SERVICE_UNAVAILABLE');
      expectReadable(answer, LISTED);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await until('Redis answers', async () => (await host.admin.get('/readyz')).status === 200);
  });
});

describe('a preflight', () => {
  const routes: readonly (readonly [string, string])[] = [
    ['/api/v1/invites/{code}', 'GET, HEAD, POST, PATCH, DELETE'],
    ['/v1/channels/1/invites', 'GET, HEAD, POST'],
    ['/v1/guilds/1/invites', 'GET, HEAD'],
    ['/v1/guilds/1/vanity-url', 'GET, HEAD, PATCH'],
    ['/invite/{code}', 'GET, HEAD'],
  ];

  it.each(routes)('of %s is told its methods, and the headers that we read', async (path, methods) => {
    const answer = await preflight(host.api, path.replace('{code}', code), LISTED, 'DELETE');
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expectReadable(answer, LISTED);
    expect(words(answer.headers['access-control-allow-methods'])).toEqual(words(methods));
    expect(words(answer.headers['access-control-allow-headers'])).toEqual(
      words(
        'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent',
      ),
    );
    expect(Number(answer.headers['access-control-max-age'])).toBeGreaterThan(0);
  });

  it('needs no caller, and is told nothing where there is no route', async () => {
    const answer = await preflight(host.api, '/v1/nothing/here', LISTED, 'GET');
    expectError(answer, 404, 'NOT_FOUND');
    expectReadable(answer, LISTED);
  });

  it('of an origin that is not listed allows nothing', async () => {
    const answer = await preflight(host.api, `/v1/invites/${code}`, UNLISTED, 'POST');
    expect(answer.status).toBe(204);
    expectUnreadable(answer);
  });

  it('is what names an origin; any other OPTIONS is a method that the route does not have', async () => {
    const answer = await host.api.request('OPTIONS', `/v1/invites/${code}`);
    expectError(answer, 405, 'METHOD_NOT_ALLOWED');
    expectUnreadable(answer);
  });
});

describe('an origin that is not listed', () => {
  it.each([UNLISTED, 'http://app.example', 'https://app.example:8443', 'null', `${LISTED}, ${OTHER_LISTED}`])(
    'is answered without the headers: %s',
    async (origin) => {
      const answer = await host.api.get(`/v1/invites/${code}`, from(origin));
      expect(answer.status).toBe(200);
      expectUnreadable(answer);
    },
  );

  it('is that of a request which names none', async () => {
    expectUnreadable(await host.api.get(`/v1/invites/${code}`));
  });
});

describe('INVITED_CORS_ORIGINS=*', () => {
  it('lets pages of every origin read answers, with a constant that no cache has to keep apart', async () => {
    const answer = await openHost.api.get(`/v1/invites/${unusedCode()}`, from(UNLISTED));
    expectError(answer, 404, 'UNKNOWN_INVITE');
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(answer.headers).not.toHaveProperty('vary');
    const asked = await preflight(openHost.api, '/v1/channels/1/invites', UNLISTED, 'POST');
    expect(asked.status).toBe(204);
    expect(asked.headers['access-control-allow-origin']).toBe('*');
    expect(words(asked.headers['access-control-allow-methods'])).toContain('post');
  });
});

describe('nothing of it', () => {
  it('is there without the setting', async () => {
    const answer = await closedHost.api.get(`/v1/invites/${unusedCode()}`, from(LISTED));
    expect(corsHeaders(answer)).toEqual([]);
    expect(answer.headers).not.toHaveProperty('vary');
    const asked = await preflight(closedHost.api, '/v1/channels/1/invites', LISTED, 'POST');
    expectError(asked, 405, 'METHOD_NOT_ALLOWED');
    expect(corsHeaders(asked)).toEqual([]);
  });

  it.each([() => host, () => openHost])('is on the admin listener', async (which) => {
    const answer = await which().admin.get('/healthz', from(LISTED));
    expect(answer.status).toBe(200);
    expect(corsHeaders(answer)).toEqual([]);
    expect(answer.headers).not.toHaveProperty('vary');
    expectError(await preflight(which().admin, '/healthz', LISTED, 'GET'), 405, 'METHOD_NOT_ALLOWED');
  });
});
