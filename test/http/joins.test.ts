// Who came by which invite: fresh, newest first, filtered, page by page, as JSON and as CSV. On a Redis of its own, whose journal is
// copied to a Postgres of its own.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, JsonObject } from '../support/client.js';
import {
  asService,
  createInvite,
  type Host,
  join,
  makeGroupDm,
  makeGuild,
  put,
  remove,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectError, expectInvalid } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedCode, unusedVanity } from '../support/ids.js';
import { onEachPostgres } from '../support/postgres.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';

const START_MAX_MS = 60_000;
const CSV_HEAD = 'id,code,guild_id,channel_id,user_id,inviter_id,at,temporary,vanity';
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
/** Nobody listens there. */
const DEAD_POSTGRES = 'postgres://nobody@127.0.0.1:1/nothing';

const pathOf = (guildId: string, query = '') => `/internal/v1/guilds/${guildId}/joins${query}`;

onEachPostgres('GET /guilds/{guild_id}/joins', (database) => {
  let redis: LocalRedis;
  let host: Host;
  beforeAll(async () => {
    redis = await startLocalRedis([]);
    host = await startHost({
      INVITED_REDIS_URL: redis.url,
      INVITED_POSTGRES: 'on',
      INVITED_POSTGRES_URL: database().url,
      // Long enough that whoever did not wait for it would find nothing.
      INVITED_SNAPSHOT_INTERVAL_MS: '250',
    });
  }, START_MAX_MS);
  afterAll(async () => {
    await host.stop();
    await redis.stop();
  });

  const get = (guildId: string, query = '', headers: Readonly<Record<string, string>> = {}) =>
    host.admin.get(pathOf(guildId, query), asService({ headers }));

  const pageOf = (answer: Answer) => {
    expect(answer.status, answer.text).toBe(200);
    expect(Object.keys(answer.object())).toEqual(['joins', 'next']);
    return answer.object() as { readonly joins: readonly JsonObject[]; readonly next: string | null };
  };
  const joinsOf = async (guildId: string, query = '') => pageOf(await get(guildId, query)).joins;
  const usersOf = async (guildId: string, query = '') =>
    (await joinsOf(guildId, query)).map((one) => one['user_id']);

  /** A guild into which each of some users came by one invite. */
  const guildWith = async (users: readonly string[]) => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    for (const userId of users) await join(host, code, userId);
    return { guild, code };
  };

  it('has a join as soon as it was answered, with all its fields', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    expect(await joinsOf(guild.id)).toEqual([]);
    const [byInvite, forATime, byVanity] = snowflakes(3);
    const plain = await createInvite(host, guild.channelId, guild.ownerId);
    const temporary = await createInvite(host, guild.channelId, guild.ownerId, { temporary: true });
    const vanity = unusedVanity();
    await setVanity(host, guild, vanity);
    const common = {
      id: expect.stringMatching(/^\d+-\d+$/),
      guild_id: guild.id,
      at: expect.stringMatching(TIME),
      ...{ temporary: false, vanity: false },
    };
    const settled = { channel_id: guild.channelId, inviter_id: guild.ownerId };
    const expected: object[] = [];

    await join(host, plain.code, byInvite ?? '');
    expected.unshift({ ...common, ...settled, code: plain.code, user_id: byInvite });
    expect(await joinsOf(guild.id)).toEqual(expected);
    await join(host, temporary.code, forATime ?? '');
    expected.unshift({ ...common, ...settled, code: temporary.code, user_id: forATime, temporary: true });
    expect(await joinsOf(guild.id)).toEqual(expected);
    await join(host, vanity, byVanity ?? '');
    const nobody = { channel_id: null, inviter_id: null };
    expected.unshift({ ...common, ...nobody, code: vanity, user_id: byVanity, vanity: true });
    const joins = await joinsOf(guild.id);
    expect(joins).toEqual(expected);
    expect(Object.keys(joins[0] ?? {}).join(',')).toBe(CSV_HEAD);
    expect(new Set(joins.map((one) => one['id'])).size).toBe(3);
    for (const one of joins)
      expect(Math.abs(Date.now() - Date.parse(String(one['at'])))).toBeLessThan(60_000);
  });

  it('has no joins of other guilds or of group DMs, and one for each time somebody came', async () => {
    const userId = snowflake();
    const { guild, code } = await guildWith([userId]);
    await guildWith([userId]);
    const groupDm = await makeGroupDm(host);
    await join(host, (await createInvite(host, groupDm.id, groupDm.ownerId)).code, userId);
    await remove(host, `/guilds/${guild.id}/members/${userId}`);
    await join(host, code, userId);
    expect(await usersOf(guild.id)).toEqual([userId, userId]);
    expectError(await get(groupDm.id), 404, 'UNKNOWN_GUILD');
  });

  it('filters by code, inviter and user, and by all of them', async () => {
    const [a, b, c] = snowflakes(3) as readonly [string, string, string];
    const { guild, code } = await guildWith([a, b]);
    const creator = snowflake();
    await put(host, `/guilds/${guild.id}/members/${creator}`, {});
    const other = await createInvite(host, guild.channelId, creator);
    await join(host, other.code, c);
    expect(await usersOf(guild.id, `?code=${code}`)).toEqual([b, a]);
    expect(await usersOf(guild.id, `?inviter_id=${creator}`)).toEqual([c]);
    expect(await usersOf(guild.id, `?user_id=${a}`)).toEqual([a]);
    expect(await usersOf(guild.id, `?code=${code}&inviter_id=${guild.ownerId}&user_id=${b}`)).toEqual([b]);
    expect(await usersOf(guild.id, `?code=${code}&user_id=${c}`)).toEqual([]);
    expect(await usersOf(guild.id, `?code=${unusedCode()}`)).toEqual([]);
    expect(await usersOf(guild.id, '?unknown=1')).toEqual([c, b, a]);
  });

  it('goes from page to page by `next` and by `Link`, and who comes meanwhile moves nothing', async () => {
    const users = snowflakes(7);
    const { guild, code } = await guildWith(users);
    const found: unknown[] = [];
    let path: string | null = pathOf(guild.id, `?limit=3&code=${code}`);
    for (let pages = 0; path !== null; pages += 1) {
      expect(pages).toBeLessThan(4);
      const answer: Answer = await host.admin.get(path, asService());
      const { joins, next } = pageOf(answer);
      found.push(...joins.map((one) => one['user_id']));
      const link = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers['link'] ?? ''))?.[1] ?? null;
      expect(link === null).toBe(next === null);
      if (link !== null) {
        const query = new URL(link, 'http://x').searchParams;
        expect(Object.fromEntries(query)).toEqual({ limit: '3', code, after: next });
      }
      path = link;
      if (pages === 0) await join(host, code, snowflake());
    }
    expect(found).toEqual(users.toReversed());
  });

  it('gives at most as many as it is asked for, 100 without that', async () => {
    const { guild, code } = await guildWith([]);
    await Promise.all(snowflakes(101).map((userId) => join(host, code, userId)));
    expect(await joinsOf(guild.id)).toHaveLength(100);
    expect(await joinsOf(guild.id, '?limit=1')).toHaveLength(1);
    const all = pageOf(await get(guild.id, '?limit=1000'));
    expect([all.joins.length, all.next]).toEqual([101, null]);
    expect(pageOf(await get(guild.id, '?limit=101')).next).toBeNull();
  });

  it('is CSV to who prefers that, with the same joins and the same next page', async () => {
    const [a, b, c] = snowflakes(3) as readonly [string, string, string];
    const { guild, code } = await guildWith([a, b]);
    const vanity = unusedVanity();
    await setVanity(host, guild, vanity);
    await join(host, vanity, c);
    const answer = await get(guild.id, '?limit=2', { Accept: 'text/csv' });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    const [newest, second] = await joinsOf(guild.id);
    const lines = [
      CSV_HEAD,
      `${newest?.['id']},${vanity},${guild.id},,${c},,${newest?.['at']},false,true`,
      `${second?.['id']},${code},${guild.id},${guild.channelId},${b},${guild.ownerId},${second?.['at']},false,false`,
    ];
    expect(answer.text).toBe(lines.map((line) => `${line}\r\n`).join(''));
    expect(String(answer.headers['link'])).toMatch(
      /^<\/internal\/v1\/guilds\/\d+\/joins\?limit=2&after=[^>]+>; rel="next"$/,
    );
    const next = /^<([^>]+)>/.exec(String(answer.headers['link']))?.[1] ?? '';
    const last = await host.admin.get(next, asService({ headers: { Accept: 'text/csv' } }));
    expect(last.text.split('\r\n')).toHaveLength(3);
    expect(last.text).toContain(`,${a},`);
    expect(last.headers['link']).toBeUndefined();
    expect((await get(snowflake(), '', { Accept: 'text/csv' })).object()['code']).toBe('UNKNOWN_GUILD');
  });

  it.each([
    ['text/csv', 'text/csv'],
    ['text/csv;charset=utf-8', 'text/csv'],
    ['text/csv;q=0.9, application/json;q=0.5', 'text/csv'],
    ['text/csv;q=0.5, application/json', 'application/json'],
    ['text/csv, application/json', 'text/csv'],
    ['application/json, text/csv', 'application/json'],
    ['*/*', 'application/json'],
    ['text/*', 'text/csv'],
    ['text/html', 'application/json'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    const { guild } = await guildWith([]);
    const answer = await get(guild.id, '', { Accept: accept });
    expect(answer.status).toBe(200);
    expect(String(answer.headers['content-type']).split(';')[0]).toBe(type);
    expect(answer.headers['vary']).toBe('Accept');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['?limit=0', 'limit', 'OUT_OF_RANGE'],
    ['?limit=1001', 'limit', 'OUT_OF_RANGE'],
    ['?limit=-1', 'limit', 'INVALID_TYPE'],
    ['?limit=1.5', 'limit', 'INVALID_TYPE'],
    ['?limit=', 'limit', 'INVALID_TYPE'],
    ['?limit=x', 'limit', 'INVALID_TYPE'],
    ['?code=', 'code', 'INVALID_VALUE'],
    ['?code=a%20b', 'code', 'INVALID_VALUE'],
    [`?code=${'a'.repeat(65)}`, 'code', 'INVALID_VALUE'],
    ['?inviter_id=x', 'inviter_id', 'INVALID_ID'],
    ['?inviter_id=', 'inviter_id', 'INVALID_ID'],
    ['?user_id=01', 'user_id', 'INVALID_ID'],
    ['?user_id=9223372036854775808', 'user_id', 'INVALID_ID'],
    ['?after=', 'after', 'INVALID_VALUE'],
    ['?after=1', 'after', 'INVALID_VALUE'],
    ["?after=1-2-3'", 'after', 'INVALID_VALUE'],
  ])('is 400 to %s', async (query, path, code) => {
    // Before it is asked whether there is such a guild.
    const answer = await get(snowflake(), query);
    expectInvalid(answer, path, code);
    expect(answer.object()['errors']).toHaveLength(1);
  });

  it('names all that is wrong, and takes any cursor of the right form', async () => {
    const answer = await get(snowflake(), '?limit=0&code=%20&user_id=x');
    expectInvalid(answer);
    const paths = (answer.object()['errors'] as readonly JsonObject[]).map((one) => one['path']);
    expect([...paths].sort()).toEqual(['code', 'limit', 'user_id']);
    const { guild } = await guildWith(snowflakes(1));
    expect(await joinsOf(guild.id, '?after=999999999999999-1-0')).toHaveLength(1);
    expect(await joinsOf(guild.id, '?after=1-1-0')).toEqual([]);
  });

  it('is for services only, and for guilds that are there', async () => {
    const { guild } = await guildWith(snowflakes(1));
    expectError(await host.admin.get(pathOf(guild.id)), 401, 'UNAUTHORIZED');
    expectError(await host.admin.get(pathOf(guild.id), { as: guild.ownerId }), 403, 'ACCESS_DENIED');
    expectInvalid(await host.admin.get(pathOf('x'), asService()), 'guild_id', 'INVALID_ID');
    expectError(await host.api.get(pathOf(guild.id), asService()), 404, 'NOT_FOUND');
    expectError(await host.admin.post(pathOf(guild.id), asService()), 405, 'METHOD_NOT_ALLOWED');
    expectError(await get(snowflake()), 404, 'UNKNOWN_GUILD');
    const head = await host.admin.head(pathOf(guild.id), asService());
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('keeps the joins of a guild that was deleted until it is there again', async () => {
    const users = snowflakes(2);
    const { guild } = await guildWith(users);
    await remove(host, `/guilds/${guild.id}`);
    expectError(await get(guild.id), 404, 'UNKNOWN_GUILD');
    await makeGuild(host, { id: guild.id });
    expect(await usersOf(guild.id)).toEqual(users.toReversed());
  });
});

describe('GET /guilds/{guild_id}/joins without its Postgres', () => {
  it('is 404 where there is none', async () => {
    const host = await startHost();
    try {
      const guild = await makeGuild(host);
      expectError(await host.admin.get(pathOf(guild.id), asService()), 404, 'NOT_FOUND');
      expectError(await host.admin.get(pathOf(guild.id)), 404, 'NOT_FOUND');
    } finally {
      await host.stop();
    }
  });

  it('is 503 while it is away, and nothing else is', async () => {
    const host = await startHost({ INVITED_POSTGRES: 'on', INVITED_POSTGRES_URL: DEAD_POSTGRES });
    try {
      const guild = await makeGuild(host);
      const { code } = await createInvite(host, guild.channelId, guild.ownerId);
      await join(host, code, snowflake());
      const answer = await host.admin.get(pathOf(guild.id), asService());
      expectError(answer, 503, 'SERVICE_UNAVAILABLE');
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expectError(await host.admin.get(pathOf(snowflake()), asService()), 404, 'UNKNOWN_GUILD');
      await join(host, code, snowflake());
    } finally {
      await host.stop();
    }
  });
});
