// The events, page by page: what each says, to the field, in which order they come, and that whoever comes back with a cursor is
// given the rest, each once. This file has a Redis of its own: all events of a Redis are one feed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call, JsonObject } from '../support/client.js';
import {
  accept,
  asService,
  ban,
  createInvite,
  type Host,
  internalDelete,
  join,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  makeUser,
  put,
  remove,
  setVanity,
  startHost,
} from '../support/directory.js';
import {
  askEvents,
  EVENTS_PATH,
  type Event,
  nowCursor,
  type Page,
  readAll,
  readPage,
} from '../support/events.js';
import { expectCommonHeaders, expectError, expectInvalid, ISO_TIME } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedVanity } from '../support/ids.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

/** The caller of `asService`. */
const SERVICE_ID = '1';

let redis: LocalRedis;
let host: Host;
beforeAll(async () => {
  redis = await startLocalRedis([]);
  host = await startHost({ INVITED_REDIS_URL: redis.url });
});
afterAll(async () => {
  await host.stop();
  await redis.stop();
});

/** What happens while this runs, as events. */
async function eventsOf(run: () => Promise<unknown>): Promise<readonly Event[]> {
  const after = await nowCursor(host);
  await run();
  return (await readAll(host, after)).events;
}

/** The one event of that type, which must have exactly this shape beside what every event has. */
function expectOne(events: readonly Event[], type: string, told: JsonObject): Event {
  const [event, ...more] = events.filter((one) => one.type === type);
  expect(more).toEqual([]);
  expect(event).toEqual({
    id: expect.stringMatching(/^\d+-\d+(-\d+)?$/),
    seq: expect.any(Number),
    type,
    at: expect.stringMatching(ISO_TIME),
    ...told,
  });
  if (event === undefined) throw new Error(`no ${type}`);
  expect(Object.keys(event)).toEqual(['id', 'seq', 'type', 'at', 'guild_id', 'channel_id', 'data']);
  expect(Number.isSafeInteger(event.seq)).toBe(true);
  return event;
}

const revoke = (code: string, as: string) => host.api.delete(`/api/v1/invites/${code}`, { as });

describe('an event says', () => {
  it('what the create of a guild invite answered, metadata form', async () => {
    const guild = await makeGuild(host, { name: 'Ünïcode "quoted" 🎉', icon_hash: 'a1b2' });
    const ownerId = guild.ownerId;
    await makeUser(host, { id: ownerId, username: 'owner', discriminator: 7 });
    let invite: JsonObject = {};
    const events = await eventsOf(async () => {
      invite = await createInvite(host, guild.channelId, ownerId, {
        max_age: 3600,
        max_uses: 3,
        temporary: true,
      });
    });
    const told = { guild_id: guild.id, channel_id: guild.channelId, data: invite };
    expectOne(events, 'INVITE_CREATE', told);
    expect(events).toHaveLength(1);
    expect(invite).toMatchObject({
      type: 0,
      guild: { name: 'Ünïcode "quoted" 🎉', icon_hash: 'a1b2' },
      channel: { id: guild.channelId, name: 'general', type: 0 },
      inviter: { id: ownerId, username: 'owner', discriminator: 7 },
      uses: 0,
      max_uses: 3,
      max_age: 3600,
      paused: false,
    });
  });

  it('the same of a group DM invite, with the names of the recipients, null for whom nobody knows', async () => {
    const known = await makeUser(host, { username: 'näme' });
    const dm = await makeGroupDm(host, [known], { name: 'friends' });
    let invite: JsonObject = {};
    const events = await eventsOf(async () => {
      invite = await createInvite(host, dm.id, dm.ownerId);
    });
    const event = expectOne(events, 'INVITE_CREATE', { guild_id: null, channel_id: dm.id, data: invite });
    expect(event.data).toMatchObject({ type: 1, guild: null, guild_id: null });
    expect(event.data['channel']).toMatchObject({ recipients: [{ username: null }, { username: 'näme' }] });
  });

  it('what the edit of an invite answered', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, code, snowflake());
    let invite: JsonObject = {};
    const events = await eventsOf(async () => {
      const call = { as: guild.ownerId, json: { paused: true, max_uses: 9 } };
      invite = (await host.api.patch(`/api/v1/invites/${code}`, call)).object();
    });
    const told = { guild_id: guild.id, channel_id: guild.channelId, data: invite };
    expectOne(events, 'INVITE_UPDATE', told);
    expect(invite).toMatchObject({ code, uses: 1, max_uses: 9, paused: true, version: 2 });
    expect(events).toHaveLength(1);
  });

  it('why an invite is gone, and by whom: revoked', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const events = await eventsOf(() => revoke(code, guild.ownerId));
    expectOne(events, 'INVITE_DELETE', {
      guild_id: guild.id,
      channel_id: guild.channelId,
      data: { code, reason: 'revoked', by: guild.ownerId },
    });
    const dm = await makeGroupDm(host);
    const inDm = await createInvite(host, dm.id, dm.ownerId);
    expectOne(await eventsOf(() => revoke(inDm.code, dm.ownerId)), 'INVITE_DELETE', {
      guild_id: null,
      channel_id: dm.id,
      data: { code: inDm.code, reason: 'revoked', by: dm.ownerId },
    });
  });

  it('why an invite is gone: exhausted, behind the accept that did it', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 1 });
    const userId = snowflake();
    const events = await eventsOf(() => join(host, code, userId));
    const place = { guild_id: guild.id, channel_id: guild.channelId };
    expectOne(events, 'INVITE_DELETE', { ...place, data: { code, reason: 'exhausted', by: null } });
    expect(events.map(({ type }) => type)).toEqual(['INVITE_ACCEPT', 'INVITE_DELETE']);
  });

  it('why an invite is gone: expired, by nobody', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { max_age: 1 });
    const after = await nowCursor(host);
    const events = await until(
      'the sweeper has seen it',
      async () => {
        const all = (await readAll(host, after)).events.filter(({ data }) => data['code'] === code);
        return all.length > 0 && all;
      },
      20_000,
    );
    const place = { guild_id: guild.id, channel_id: guild.channelId };
    expectOne(events, 'INVITE_DELETE', { ...place, data: { code, reason: 'expired', by: null } });
  });

  it('why an invite is gone: its channel or guild is, one event for each', async () => {
    const guild = await makeGuild(host);
    const channelId = await makeChannel(host, guild.id);
    const { code } = await createInvite(host, channelId, guild.ownerId);
    const other = await createInvite(host, guild.channelId, guild.ownerId);
    const ofChannel = await eventsOf(() => remove(host, `/guilds/${guild.id}/channels/${channelId}`));
    expectOne(ofChannel, 'INVITE_DELETE', {
      guild_id: guild.id,
      channel_id: channelId,
      data: { code, reason: 'channel_deleted', by: SERVICE_ID },
    });
    const ofGuild = await eventsOf(() => remove(host, `/guilds/${guild.id}`));
    expectOne(ofGuild, 'INVITE_DELETE', {
      guild_id: guild.id,
      channel_id: guild.channelId,
      data: { code: other.code, reason: 'guild_deleted', by: SERVICE_ID },
    });
  });

  it('who came in by which invite, the how-manyth, and whether for a time', async () => {
    const guild = await makeGuild(host);
    const place = { guild_id: guild.id, channel_id: guild.channelId };
    for (const temporary of [false, true]) {
      const { code } = await createInvite(host, guild.channelId, guild.ownerId, { temporary });
      for (const uses of [1, 2]) {
        const userId = snowflake();
        expectOne(await eventsOf(() => join(host, code, userId)), 'INVITE_ACCEPT', {
          ...place,
          data: { code, user_id: userId, inviter_id: guild.ownerId, uses, temporary, vanity: false },
        });
        expect(await eventsOf(() => accept(host, code, userId)), 'already in').toEqual([]);
      }
    }
    const dm = await makeGroupDm(host);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    const userId = snowflake();
    expectOne(await eventsOf(() => join(host, code, userId)), 'INVITE_ACCEPT', {
      guild_id: null,
      channel_id: dm.id,
      data: { code, user_id: userId, inviter_id: dm.ownerId, uses: 1, temporary: false, vanity: false },
    });
  });

  it('who came in by a vanity, which has no channel and no inviter, and what it was and is', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const [first, second] = [unusedVanity(), unusedVanity()];
    const place = { guild_id: guild.id, channel_id: null };
    const updated = (events: readonly Event[], old_code: string | null, new_code: string | null) => {
      expectOne(events, 'VANITY_UPDATE', { ...place, data: { old_code, new_code } });
      expect(events).toHaveLength(1);
    };
    updated(await eventsOf(() => setVanity(host, guild, first)), null, first);
    updated(await eventsOf(() => setVanity(host, guild, second)), first, second);
    expect(await eventsOf(() => setVanity(host, guild, second)), 'the same again').toEqual([]);
    const userId = snowflake();
    expectOne(await eventsOf(() => join(host, second, userId)), 'INVITE_ACCEPT', {
      ...place,
      data: { code: second, user_id: userId, inviter_id: null, uses: 1, temporary: false, vanity: true },
    });
    const removeIt = () =>
      host.api.patch(`/api/v1/guilds/${guild.id}/vanity-url`, { as: guild.ownerId, json: { code: null } });
    updated(await eventsOf(removeIt), second, null);
  });

  it('who is out, and why', async () => {
    const guild = await makeGuild(host);
    const place = { guild_id: guild.id, channel_id: null };
    const reasons: Record<string, (userId: string) => Promise<unknown>> = {
      removed: (userId) => remove(host, `/guilds/${guild.id}/members/${userId}`),
      banned: (userId) => ban(host, guild.id, userId),
      disconnected: (userId) => host.admin.post(`/internal/v1/users/${userId}/disconnect`, asService()),
    };
    for (const [reason, run] of Object.entries(reasons)) {
      const userId = await makeMember(host, guild.id, { temporary: true });
      const events = await eventsOf(() => run(userId));
      expectOne(events, 'MEMBER_REMOVE', { ...place, data: { user_id: userId, reason } });
      expect(events).toHaveLength(1);
    }
  });

  it('what the guild was called then, and what people are called now', async () => {
    const guild = await makeGuild(host, { name: 'before' });
    const user = await makeUser(host, { id: guild.ownerId, username: 'before' });
    const after = await nowCursor(host);
    await createInvite(host, guild.channelId, user);
    await put(host, `/guilds/${guild.id}`, { name: 'after', owner_id: user });
    await put(host, `/users/${user}`, { username: 'after', discriminator: 1, avatar_hash: null });
    const { events } = await readAll(host, after);
    expect(events[0]?.data).toMatchObject({ guild: { name: 'before' }, inviter: { username: 'after' } });
  });
});

describe('pages', () => {
  let begin: string;
  let all: Page;
  let guildIds: readonly string[];
  /** Joins at once, of several guilds: packed, and packed with each other. */
  beforeAll(async () => {
    const guilds = await Promise.all(Array.from({ length: 4 }, () => makeGuild(host)));
    guildIds = guilds.map(({ id }) => id);
    const codes: string[] = [];
    for (const guild of guilds) {
      for (let at = 0; at < 2; at += 1) {
        const fields = { unique: true, max_uses: 10 };
        codes.push((await createInvite(host, guild.channelId, guild.ownerId, fields)).code);
      }
    }
    begin = await nowCursor(host);
    await Promise.all(codes.flatMap((code) => snowflakes(15).map((userId) => accept(host, code, userId))));
    all = await readAll(host, begin);
  });

  it('have each accept as an event of its own, with an id of its own, in order', () => {
    const accepts = all.events.filter(({ type }) => type === 'INVITE_ACCEPT');
    expect(accepts).toHaveLength(80);
    expect(new Set(all.events.map(({ id }) => id)).size).toBe(all.events.length);
    expect(all.events.filter(({ type }) => type === 'INVITE_DELETE')).toHaveLength(8);
    // Packed in truth, else the rest proves nothing.
    expect(accepts.some(({ id }) => /^\d+-\d+-\d+$/.test(id))).toBe(true);
    for (const guildId of guildIds) {
      const seqs = all.events.filter(({ guild_id }) => guild_id === guildId).map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
      expect(new Set(seqs).size).toBe(seqs.length);
    }
    const codes = new Set(accepts.map(({ data }) => data['code']));
    for (const code of codes) {
      const uses = accepts.filter(({ data }) => data['code'] === code).map(({ data }) => data['uses']);
      expect(uses).toEqual(Array.from({ length: 10 }, (_, at) => at + 1));
    }
  });

  it.each([1, 2, 3, 7, 500])('of %i give every event once, the same ones', async (limit) => {
    expect((await readAll(host, begin, limit)).events).toEqual(all.events);
  });

  it('behind every single event go on with the next: its id is a cursor', async () => {
    for (const [at, { id }] of all.events.entries()) {
      expect((await readPage(host, `after=${id}&limit=2`)).events).toEqual(all.events.slice(at + 1, at + 3));
    }
  });

  it('of the same cursor have the same bytes', async () => {
    for (const { id } of all.events.slice(0, 20)) {
      const [one, other] = [await askEvents(host, `after=${id}`), await askEvents(host, `after=${id}`)];
      expect(one.text).toBe(other.text);
    }
  });

  it('without a cursor begin with the oldest, and 100 is what they have if nobody says', async () => {
    const oldest = await readPage(host);
    expect(oldest.events).toHaveLength(100);
    expect(oldest.events[0]?.seq).toBe(Math.min(...(await readAll(host)).events.map(({ seq }) => seq)));
  });

  it('at the end are empty, and say where they ended', async () => {
    const answer = await askEvents(host, `after=${all.next}`);
    expect(answer.json()).toEqual({ events: [], next: all.next });
    expectCommonHeaders(answer);
    expect(answer.headers['vary']).toBe('Accept');
  });

  it('begin where Last-Event-ID says, whatever the URL does', async () => {
    const headers = { 'Last-Event-ID': all.events[4]?.id ?? '' };
    const page = await readPage(host, `after=${begin}&limit=1`, { headers });
    expect(page.events).toEqual([all.events[5]]);
  });
});

describe('a long poll', () => {
  const nextInvite = async (): Promise<() => Promise<string>> => {
    const guild = await makeGuild(host);
    return async () => (await createInvite(host, guild.channelId, guild.ownerId)).code;
  };

  it('is answered as soon as something happens', async () => {
    const create = await nextInvite();
    const after = await nowCursor(host);
    const startedAt = performance.now();
    const waiting = readPage(host, `after=${after}&wait=15`);
    const code = await create();
    expect((await waiting).events.map(({ data }) => data['code'])).toEqual([code]);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('is empty when nothing did, and not before its end', async () => {
    const after = await nowCursor(host);
    const startedAt = performance.now();
    expect(await readPage(host, `after=${after}&wait=1`)).toEqual({ events: [], next: after });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
  });

  it('of 40 readers at once gives each the same, and the log has no warning', async () => {
    const create = await nextInvite();
    const after = await nowCursor(host);
    const waiting = Array.from({ length: 40 }, () => askEvents(host, `after=${after}&wait=10`));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await create();
    expect(new Set((await Promise.all(waiting)).map(({ text }) => text)).size).toBe(1);
    expect(host.server.output()).not.toContain('MaxListeners');
  });

  it('ends at once, with what there is, when the server does', async () => {
    const own = await startHost({ INVITED_REDIS_URL: redis.url });
    const after = await nowCursor(host);
    const waiting = askEvents(own, `after=${after}&wait=60`);
    await until('it waits', async () => (await own.admin.get('/readyz')).status === 200);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const startedAt = performance.now();
    const stopped = own.server.stop();
    expect((await waiting).json()).toEqual({ events: [], next: after });
    await stopped;
    expect(performance.now() - startedAt).toBeLessThan(5000);
    await own.stop();
  });
});

describe('what is refused', () => {
  it('is who is nobody, and who is no service', async () => {
    for (const path of [EVENTS_PATH, '/internal/v1/consumers']) {
      expectError(await host.admin.get(path), 401, 'UNAUTHORIZED');
      for (const role of ['user', 'bot'] as const)
        expectError(await host.admin.get(path, { as: snowflake(), role }), 403, 'ACCESS_DENIED');
    }
    expectError(await host.admin.delete('/internal/v1/consumers/a'), 401, 'UNAUTHORIZED');
    const streaming = { headers: { Accept: 'text/event-stream' } };
    expectError(await host.admin.get(EVENTS_PATH, streaming), 401, 'UNAUTHORIZED');
    expectError(await host.admin.get(EVENTS_PATH, { ...streaming, as: '2' }), 403, 'ACCESS_DENIED');
  });

  it('is the public listener, to a service too', async () => {
    for (const path of [EVENTS_PATH, '/internal/v1/consumers'])
      expectError(await host.api.get(path, asService()), 404, 'NOT_FOUND');
  });

  it.each([
    ['limit=0', 'limit', 'OUT_OF_RANGE'],
    ['limit=1001', 'limit', 'OUT_OF_RANGE'],
    ['limit=-1', 'limit', 'INVALID_TYPE'],
    ['limit=', 'limit', 'INVALID_TYPE'],
    ['limit=1e2', 'limit', 'INVALID_TYPE'],
    ['limit=9999999999999999999999', 'limit', 'INVALID_TYPE'],
    ['wait=61', 'wait', 'OUT_OF_RANGE'],
    ['wait=0.5', 'wait', 'INVALID_TYPE'],
    ['after=', 'after', 'INVALID_VALUE'],
    ['after=abc', 'after', 'INVALID_VALUE'],
    ['after=-1-1', 'after', 'INVALID_VALUE'],
    ['after=1', 'after', 'INVALID_VALUE'],
    ['after=1-1-1-1', 'after', 'INVALID_VALUE'],
    ['after=12345678901234567-0', 'after', 'INVALID_VALUE'],
    ['after=1-1-9999999999', 'after', 'INVALID_VALUE'],
    ['after=%2B', 'after', 'INVALID_VALUE'],
    ['after=1-1%0A', 'after', 'INVALID_VALUE'],
    ['after=%D9%A1-%D9%A1', 'after', 'INVALID_VALUE'],
    ['consumer=', 'consumer', 'INVALID_VALUE'],
    ['consumer=a%20b', 'consumer', 'INVALID_VALUE'],
    ['consumer=%C3%A4', 'consumer', 'INVALID_VALUE'],
    [`consumer=${'a'.repeat(65)}`, 'consumer', 'INVALID_VALUE'],
  ])('is %s', async (query, path, code) => {
    for (const Accept of ['*/*', 'text/event-stream'])
      expectInvalid(await askEvents(host, query, { headers: { Accept } }), path, code);
  });

  it('is a Last-Event-ID that is none', async () => {
    for (const id of ['abc', '1-1, 2-2', '../..', '1-1-'])
      expectInvalid(await askEvents(host, '', { headers: { 'Last-Event-ID': id } }), 'after');
  });

  it('is every other method, with what may be asked instead', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await host.admin.request(method, EVENTS_PATH, asService());
      expectError(answer, 405, 'METHOD_NOT_ALLOWED');
      expect(answer.headers['allow']).toBe('GET, HEAD');
    }
  });

  it('is a consumer whom nobody knows', async () => {
    expectError(await internalDelete(host, '/consumers/nobody'), 404, 'UNKNOWN_CONSUMER');
    expectError(await internalDelete(host, `/consumers/${'x'.repeat(500)}`), 404, 'UNKNOWN_CONSUMER');
  });
});

describe('HEAD', () => {
  it.each(['*/*', 'text/event-stream'])(
    'with Accept: %s is GET without its body, and ends',
    async (Accept) => {
      for (let at = 0; at < 3; at += 1) {
        const answer = await host.admin.head(EVENTS_PATH, asService({ headers: { Accept } }));
        expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: '' });
        expectCommonHeaders(answer);
        expect(answer.headers['content-type']).toBe(Accept === '*/*' ? 'application/json' : Accept);
      }
    },
  );
});

describe('a crafted cursor', () => {
  it('that names no entry passes over nothing', async () => {
    const first = (await readPage(host, 'limit=3')).events;
    for (const after of ['0-0', '0-0-0', '1-1-999999999', '0000000000000001-01-5'])
      expect((await readPage(host, `after=${after}&limit=3`)).events, after).toEqual(first);
  });

  it('that has more of an entry than that has, has all of it, and goes on', async () => {
    const { events } = await readPage(host, 'limit=5');
    const single = events.find(({ id }) => /^\d+-\d+$/.test(id));
    const at = events.findIndex(({ id }) => id === single?.id);
    for (const had of [0, 1, 7, 999_999_999]) {
      const page = await readPage(host, `after=${single?.id}-${had}&limit=1`);
      expect(page.events, String(had)).toEqual([events[at + 1]]);
    }
  });

  it('out of the far future gives nothing, and hurts nobody', async () => {
    const after = '9999999999999999-9999999999999999';
    expect(await readPage(host, `after=${after}&limit=1000`)).toEqual({ events: [], next: after });
  });
});

describe('many readers of one name', () => {
  it('are one consumer, and no more than a hundred names are kept', async () => {
    const call: Call = asService();
    await Promise.all(Array.from({ length: 20 }, () => askEvents(host, 'consumer=same&limit=1')));
    const names = Array.from({ length: 99 }, (_, at) => `many.${at}`);
    for (const name of names) expect((await askEvents(host, `consumer=${name}&limit=1`)).status).toBe(200);
    const listed = (await host.admin.get('/internal/v1/consumers', call)).object()['consumers'];
    expect(listed).toHaveLength(100);
    expect(listed).toContainEqual({
      name: 'same',
      seen_at: expect.stringMatching(ISO_TIME),
      cursor: expect.stringMatching(/^\d+-\d+$/),
    });
    const oneMore = await askEvents(host, 'consumer=one_more');
    expectError(oneMore, 503, 'SERVICE_UNAVAILABLE');
    for (const name of [...names, 'same']) await remove(host, `/consumers/${name}`);
    expect((await askEvents(host, 'consumer=one_more&limit=1')).status).toBe(200);
    await remove(host, '/consumers/one_more');
  });
});
