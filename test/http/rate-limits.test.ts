// How often one may ask: each bucket holds what the contract says, for each caller or address, over all processes; the
// headers say so; and whoever guesses codes learns of no more of them than his misses allow.

import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Call } from '../support/client.js';
import {
  accept,
  asService,
  createInvite,
  type Host,
  makeGuild,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake, unusedCode } from '../support/ids.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const ON = { INVITED_RATE_LIMITS: 'on' };

let redis: LocalRedis;
/** Two servers over one Redis, the first of two workers: what one of them counts, the others know. */
let host: Host;
let second: Host;
let guild: TestGuild;
let code: string;
beforeAll(async () => {
  redis = await startLocalRedis([]);
  const env = { ...ON, INVITED_REDIS_URL: redis.url };
  host = await startHost({ ...env, INVITED_WORKERS: '2' });
  second = await startHost(env);
  guild = await makeGuild(host);
  ({ code } = await createInvite(host, guild.channelId, guild.ownerId));
}, 60_000);
afterAll(async () => {
  await host.stop();
  await second.stop();
  await redis.stop();
});

let addresses = 0;
/** An IPv4 address that nobody had before. */
const newAddress = (): string => {
  addresses += 1;
  return `203.0.${Math.floor(addresses / 250)}.${1 + (addresses % 250)}`;
};
/** From an address, as a gateway tells it. */
const from = (address: string, of: Host = host, headers: Readonly<Record<string, string>> = {}): Call => ({
  headers: { 'X-Invited-Gateway-Key': of.server.gatewayKey, 'X-Invited-Client-IP': address, ...headers },
});

type Ask = (of: Host) => Promise<Answer>;

/** Asks `times` times at once, in turns of both servers. */
const flood = (times: number, ask: Ask): Promise<readonly Answer[]> =>
  Promise.all(Array.from({ length: times }, (_, number) => ask(number % 2 === 0 ? host : second)));

const statuses = (answers: readonly Answer[]): Readonly<Record<number, number>> => {
  const found: Record<number, number> = {};
  for (const { status } of answers) found[status] = (found[status] ?? 0) + 1;
  return found;
};

const limitOf = ({ headers }: Answer) => ({
  limit: Number(headers['x-ratelimit-limit']),
  remaining: Number(headers['x-ratelimit-remaining']),
  reset: Number(headers['x-ratelimit-reset']),
  resetAfter: Number(headers['x-ratelimit-reset-after']),
  bucket: headers['x-ratelimit-bucket'],
});

function expectLimited(answer: Answer, limit: number, windowS: number, bucket: string): void {
  expect(answer.status, answer.text).toBe(429);
  const told = limitOf(answer);
  expect(told).toMatchObject({ limit, remaining: 0, bucket });
  const body = answer.object();
  expect(Object.keys(body)).toEqual(['code', 'message', 'retry_after', 'global']);
  expect(body).toMatchObject({ code: 'RATE_LIMITED', global: false });
  expect(body['retry_after']).toBeCloseTo(told.resetAfter, 2);
  expect(told.resetAfter).toBeGreaterThan(0);
  expect(told.resetAfter).toBeLessThanOrEqual(windowS);
  expect(answer.headers['retry-after']).toBe(String(Math.max(1, Math.ceil(told.resetAfter))));
  expect(answer.headers['cache-control']).toBe('no-store');
}

describe('a bucket', () => {
  const path = (of: string) => `/api/v1${of}`;
  /** Of each: its limit, its window, and what one who has no right to anything gets. */
  const BUCKETS: readonly (readonly [string, number, number, number, (as: string) => Ask])[] = [
    ['read', 100, 10, 200, (as) => (of) => of.api.get(path(`/invites/${code}`), { as })],
    [
      'create',
      20,
      60,
      403,
      (as) => (of) => of.api.post(path(`/channels/${guild.channelId}/invites`), { as }),
    ],
    ['delete', 20, 10, 403, (as) => (of) => of.api.delete(path(`/invites/${code}`), { as })],
    ['list', 40, 10, 403, (as) => (of) => of.api.get(path(`/guilds/${guild.id}/invites`), { as })],
    ['list', 40, 10, 403, (as) => (of) => of.api.get(path(`/channels/${guild.channelId}/invites`), { as })],
    ['vanity-get', 100, 10, 403, (as) => (of) => of.api.get(path(`/guilds/${guild.id}/vanity-url`), { as })],
    [
      ...(['vanity-patch', 10, 60, 400] as const),
      (as) => (of) => of.api.patch(path(`/guilds/${guild.id}/vanity-url`), { as, json: {} }),
    ],
    ['accept', 10, 10, 200, (as) => (of) => accept(of, code, as)],
  ];

  it.each(BUCKETS)(
    '%s lets %i through in %i s, of all that come at once to three processes',
    async (name, limit, windowS, status, asked) => {
      const answers = await flood(limit + 7, asked(snowflake()));
      expect(statuses(answers)).toEqual({ [status]: limit, 429: 7 });
      const passed = answers.filter((answer) => answer.status !== 429).map(limitOf);
      expect(passed.map(({ remaining }) => remaining).sort((a, b) => a - b)).toEqual(
        Array.from({ length: limit }, (_, number) => number),
      );
      for (const told of passed) expect(told).toMatchObject({ limit, bucket: name });
      // One window, which has one end.
      expect(new Set(answers.map((answer) => limitOf(answer).reset)).size).toBe(1);
      for (const answer of answers) if (answer.status === 429) expectLimited(answer, limit, windowS, name);
    },
  );

  it('is one for both lists, and one for DELETE and PATCH of an invite', async () => {
    const as = snowflake();
    expect(limitOf(await host.api.get(path(`/guilds/${guild.id}/invites`), { as })).remaining).toBe(39);
    expect(limitOf(await host.api.get(path(`/channels/${guild.channelId}/invites`), { as })).remaining).toBe(
      38,
    );
    expect(limitOf(await host.api.delete(path(`/invites/${code}`), { as })).remaining).toBe(19);
    expect(limitOf(await host.api.patch(path(`/invites/${code}`), { as, json: {} })).remaining).toBe(18);
  });

  it('of reads is one for each code, in whichever case, route and way it is asked', async () => {
    const as = snowflake();
    const other = await createInvite(host, guild.channelId, guild.ownerId);
    expect(limitOf(await host.api.get(path(`/invites/${code}`), { as })).remaining).toBe(99);
    expect(limitOf(await host.api.head(path(`/invites/${code}`), { as })).remaining).toBe(98);
    expect(limitOf(await second.api.get(`/v1/invites/${code}?with_counts=1`, { as })).remaining).toBe(97);
    expect(limitOf(await host.api.get(`/invite/${code}`, { as })).remaining).toBe(96);
    expect(limitOf(await host.api.get(`/${code}`, { as })).remaining).toBe(95);
    expect(limitOf(await host.api.get(path(`/invites/${code.toUpperCase()}`), { as })).remaining).toBe(94);
    expect(limitOf(await host.api.get(path(`/invites/${other.code}`), { as })).remaining).toBe(99);
  });

  it('of what could be no code is one for all of that', async () => {
    const as = snowflake();
    for (const [asked, remaining] of [
      ['a.b', 99],
      ['x'.repeat(65), 98],
      ['%00', 97],
    ] as const) {
      const answer = await host.api.get(path(`/invites/${asked}`), { as });
      expect(answer.status).toBe(404);
      expect(limitOf(answer).remaining).toBe(remaining);
    }
  });

  it('of creations is one for each channel; for nobody and for what is no id, one for all', async () => {
    const create = (channel: string, call: Call) => host.api.post(path(`/channels/${channel}/invites`), call);
    const as = guild.ownerId;
    const before = limitOf(await create(guild.channelId, { as })).remaining;
    expect(limitOf(await create(snowflake(), { as })).remaining).toBe(19);
    expect(limitOf(await create(guild.channelId, { as })).remaining).toBe(before - 1);
    const somebody = { as: snowflake() };
    expect([
      limitOf(await create('abc', somebody)).remaining,
      limitOf(await create('01', somebody)).remaining,
    ]).toEqual([19, 18]);
    const nobody = from(newAddress());
    expect([
      limitOf(await create(snowflake(), nobody)).remaining,
      limitOf(await create(snowflake(), nobody)).remaining,
    ]).toEqual([19, 18]);
  });

  it('ends when it said, and begins anew', async () => {
    const as = snowflake();
    const first = limitOf(await accept(host, code, as));
    await flood(12, (of) => accept(of, code, as));
    const full = await accept(host, code, as);
    expectLimited(full, 10, 10, 'accept');
    const opens = performance.now() + limitOf(full).resetAfter * 1000;
    const next = await until(
      'the window ends',
      async () => {
        const answer = await accept(second, code, as);
        return answer.status === 429 ? null : answer;
      },
      20_000,
    );
    // Never before; how long after is the machine's business.
    expect(performance.now()).toBeGreaterThan(opens - 50);
    expect(limitOf(next).remaining).toBe(9);
    expect(limitOf(next).reset).toBeGreaterThanOrEqual(first.reset + 10);
  }, 40_000);

  it('tells how long with decimals, and never longer than before', async () => {
    const as = snowflake();
    const told = [];
    for (let number = 0; number < 5; number += 1) {
      const answer = await host.api.get(path(`/invites/${code}`), { as });
      expect(answer.headers['x-ratelimit-reset-after']).toMatch(/^\d+\.\d{3}$/);
      expect(answer.headers['x-ratelimit-reset']).toMatch(/^\d{10}$/);
      told.push(limitOf(answer));
    }
    expect(told[0]?.resetAfter).toBe(10);
    const times = told.map(({ resetAfter }) => resetAfter);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(times.at(-1)).toBeLessThan(10);
    expect(told.map(({ remaining }) => remaining)).toEqual([99, 98, 97, 96, 95]);
    // The same moment, in whole seconds of the clock.
    expect(Math.abs((told[0]?.reset ?? 0) - (Date.now() / 1000 + (times.at(-1) ?? 0)))).toBeLessThan(5);
  });

  it('is that of a caller wherever he comes from, and of an address for all who are nobody there', async () => {
    const [as, address] = [snowflake(), newAddress()];
    const known = (ip: string) => from(ip, host, { 'X-Invited-User': as });
    expect(limitOf(await host.api.get(path(`/invites/${code}`), known(address))).remaining).toBe(99);
    expect(limitOf(await host.api.get(path(`/invites/${code}`), known(newAddress()))).remaining).toBe(98);
    expect(limitOf(await host.api.get(path(`/invites/${code}`), { as })).remaining).toBe(97);
    expect(limitOf(await host.api.get(path(`/invites/${code}`), from(address))).remaining).toBe(99);
    const badToken = from(address, host, { Authorization: 'Bearer nonsense' });
    expect(limitOf(await host.api.get(path(`/invites/${code}`), badToken)).remaining).toBe(98);
  });

  it('is that of an IPv4 address, and of the first half of an IPv6 address', async () => {
    const ask = async (address: string) =>
      limitOf(await host.api.get(path(`/invites/${code}`), from(address))).remaining;
    const [one, other] = [newAddress(), newAddress()];
    expect([await ask(one), await ask(`::ffff:${one}`), await ask(other)]).toEqual([99, 98, 99]);
    const net = `2001:db8:${(Date.now() % 65_536).toString(16)}`;
    expect([await ask(`${net}:1::1`), await ask(`${net}:1:ffff:ffff:ffff:ffff`)]).toEqual([99, 98]);
    expect(await ask(`${net}:2::1`)).toBe(99);
  });

  it('counts no service less than others', async () => {
    const service = asService({ as: snowflake() });
    const answers = await flood(43, (of) => of.api.get(path(`/guilds/${guild.id}/invites`), service));
    expect(statuses(answers)).toEqual({ 200: 40, 429: 3 });
    // The other listener counts nobody.
    const internal = await host.admin.get(`/internal/v1/guilds/${guild.id}`, service);
    expect(internal.status).toBe(200);
    expect(limitOf(internal).bucket).toBeUndefined();
  });
});

describe('the order of checks', () => {
  it('has the route first: what is none, or no method of it, is not counted', async () => {
    const as = snowflake();
    for (const [method, path, status] of [
      ['GET', '/api/v1/nothing', 404],
      ['PUT', `/api/v1/invites/${code}`, 405],
    ] as const) {
      const answer = await host.api.request(method, path, { as });
      expect(answer.status).toBe(status);
      expect(limitOf(answer).bucket).toBeUndefined();
    }
    expect(limitOf(await host.api.get(`/api/v1/invites/${code}`, { as })).remaining).toBe(99);
  });

  it('has the limit before 401, the role, the id and the body, all of which count', async () => {
    const nobody = from(newAddress());
    const bot: Call = { as: snowflake(), role: 'bot' };
    const user: Call = { as: snowflake() };
    const cases: readonly (readonly [number, number, () => Promise<Answer>])[] = [
      [401, 10, () => host.api.post(`/api/v1/invites/${code}`, nobody)],
      [403, 10, () => host.api.post(`/api/v1/invites/${code}`, bot)],
      [400, 40, () => host.api.get('/api/v1/guilds/abc/invites', user)],
      [400, 10, () => host.api.patch(`/api/v1/guilds/${guild.id}/vanity-url`, { ...user, body: '{' })],
      [413, 20, () => host.api.delete(`/api/v1/invites/${code}`, { ...user, body: 'x'.repeat(20_000) })],
    ];
    for (const [status, limit, ask] of cases) {
      for (let number = 1; number <= limit; number += 1) {
        const answer = await ask();
        expect(answer.status).toBe(status);
        expect(limitOf(answer)).toMatchObject({ limit, remaining: limit - number });
      }
      expect((await ask()).status).toBe(429);
    }
  });
});

describe('misses', () => {
  const read = (of: Host, asked: string, call: Call) => of.api.get(`/api/v1/invites/${asked}`, call);

  it('are 30 over all codes, of all that come at once; each is a read of its code too', async () => {
    const address = newAddress();
    const answers = await flood(60, (of) => read(of, unusedCode(), from(address, of)));
    expect(statuses(answers)).toEqual({ 404: 30, 429: 30 });
    for (const answer of answers) {
      if (answer.status === 429) expectLimited(answer, 30, 60, 'miss');
      else expect(limitOf(answer)).toMatchObject({ limit: 100, remaining: 99, bucket: 'read' });
    }
  });

  it('count on every route that looks a code up, and stop all of them', async () => {
    const as = snowflake();
    const ways: readonly ((asked: string) => Promise<Answer>)[] = [
      (asked) => host.api.get(`/api/v1/invites/${asked}`, { as }),
      (asked) => second.api.head(`/api/v1/invites/${asked}`, { as }),
      (asked) => host.api.get(`/invite/${asked}`, { as }),
      (asked) => second.api.get(`/${asked}`, { as, headers: { Accept: 'application/json' } }),
      (asked) => host.api.post(`/api/v1/invites/${asked}`, { as }),
      (asked) => second.api.delete(`/api/v1/invites/${asked}`, { as }),
    ];
    for (let round = 0; round < 5; round += 1) {
      for (const ask of ways) expect((await ask(unusedCode())).status).toBe(404);
    }
    for (const ask of ways) {
      const answer = await ask(code);
      expect(answer.status).toBe(429);
      expect(limitOf(answer)).toMatchObject({ limit: 30, remaining: 0, bucket: 'miss' });
    }
    expect((await accept(second, code, snowflake())).status).toBe(200);
  });

  it('are none where the code was found, whatever came of it', async () => {
    const as = snowflake();
    for (let number = 0; number < 9; number += 1) {
      expect((await accept(host, code, as)).status).toBe(200);
      expect((await host.api.delete(`/api/v1/invites/${code}`, { as })).status).toBe(403);
    }
    const answers = await flood(30, (of) => read(of, unusedCode(), { as }));
    expect(statuses(answers)).toEqual({ 404: 30 });
    expect((await read(host, unusedCode(), { as })).status).toBe(429);
  });

  it('of others leave those alone who read what there is, however many at once', async () => {
    const [good, guesser] = [newAddress(), newAddress()];
    const [hits] = await Promise.all([
      flood(100, (of) => read(of, code, from(good, of))),
      flood(100, (of) => read(of, unusedCode(), from(guesser, of))),
    ]);
    expect(statuses(hits)).toEqual({ 200: 100 });
  });

  it('are spent before a guesser learns of what he asked for at the same time', async () => {
    // Had his look-ups come one after the other, those behind the thirtieth miss had told him nothing.
    const address = newAddress();
    const guesses = await flood(400, (of) => read(of, unusedCode(), from(address, of)));
    expect(statuses(guesses)).toEqual({ 404: 30, 429: 370 });
    expect((await read(host, code, from(address))).status).toBe(429);
  });
});

describe('what is counted', () => {
  it('is in Redis under keys that end, and in none that anything else knows', async () => {
    const store = new Redis(redis.url, { protocol: 2 });
    await read404();
    const keys = (await store.keys('*')).filter((key) => key.includes('limits'));
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatch(/^invited:\{0\}:limits:[a-z-]+:\d+$/);
      expect(await store.pttl(key)).toBeLessThanOrEqual(4 * 60_000);
      expect(await store.pttl(key)).toBeGreaterThan(0);
    }
    store.disconnect();
  });

  const read404 = () => host.api.get(`/api/v1/invites/${unusedCode()}`, { as: snowflake() });
});

describe('where limits are off', () => {
  it('nothing is counted, and no header says so', async () => {
    const free = await startHost({ INVITED_REDIS_URL: redis.url, INVITED_RATE_LIMITS: 'off' });
    try {
      const as = snowflake();
      for (let number = 0; number < 15; number += 1) {
        const answer = await accept(free, code, as);
        expect(answer.status).toBe(200);
        expect(Object.keys(answer.headers).filter((name) => /ratelimit/.test(name))).toEqual([]);
      }
    } finally {
      await free.stop();
    }
  });
});

describe('while Redis is away', () => {
  it('each process counts by itself, and refuses before it says that it can not serve', async () => {
    const own = await startLocalRedis([]);
    const alone = await startHost({ ...ON, INVITED_REDIS_URL: own.url, INVITED_REDIS_TIMEOUT_MS: '300' });
    try {
      const as = snowflake();
      process.kill(own.pid, 'SIGKILL');
      await own.stop();
      await until(
        'it is noticed',
        async () => (await accept(alone, code, snowflake())).status === 503,
        10_000,
      );
      const answers = [];
      for (let number = 0; number < 12; number += 1) answers.push(await accept(alone, code, as));
      expect(answers.map(({ status }) => status)).toEqual([...new Array(10).fill(503), 429, 429]);
      for (const [number, answer] of answers.entries()) {
        expect(limitOf(answer)).toMatchObject({
          limit: 10,
          remaining: Math.max(0, 9 - number),
          bucket: 'accept',
        });
      }
      for (const answer of answers.slice(10)) expectLimited(answer, 10, 10, 'accept');
      expectError(answers[0] as Answer, 503, 'SERVICE_UNAVAILABLE');
    } finally {
      await alone.stop();
    }
  });
});
