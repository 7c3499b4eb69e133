// Readers of events who gave a name: what they haven't got is kept for them, and no longer than that. This server keeps nothing for
// anybody else, and looks often.

import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  asService,
  createInvite,
  type Host,
  internalGet,
  makeGuild,
  remove,
  startHost,
} from '../support/directory.js';
import {
  askEvents,
  type Event,
  fillJournal,
  nowCursor,
  openSocket,
  openStream,
  readPage,
  usersOf,
} from '../support/events.js';
import { expectError, ISO_TIME } from '../support/expect-answer.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

let redis: LocalRedis;
let host: Host;
beforeAll(async () => {
  redis = await startLocalRedis([]);
  host = await startHost({
    INVITED_REDIS_URL: redis.url,
    INVITED_EVENTS_RETENTION_MS: '0',
    INVITED_SNAPSHOT_INTERVAL_MS: '20',
  });
});
afterAll(async () => {
  await host.stop();
  await redis.stop();
});

const consumers = async () =>
  (await internalGet(host, '/consumers')).object()['consumers'] as readonly {
    name: string;
    cursor: string;
  }[];
beforeEach(async () => {
  for (const { name } of await consumers()) await remove(host, `/consumers/${name}`);
  await untilNothingIsKept();
});

const untilNothingIsKept = () =>
  until('nothing is kept', async () => (await readPage(host, 'limit=1')).events.length === 0);

/** As if there had been too many events for him: they go, and his place stays. */
async function untilGoneFor(name: string): Promise<void> {
  const client = new Redis(redis.url);
  const place = (await client.hget('invited:{0}:consumers', name)) ?? '';
  await remove(host, `/consumers/${name}`);
  await untilNothingIsKept();
  await client.hset('invited:{0}:consumers', name, place);
  await client.quit();
}

/** Somebody invites; the code. */
async function invite(): Promise<string> {
  const guild = await makeGuild(host);
  return (await createInvite(host, guild.channelId, guild.ownerId)).code;
}

const codesOf = (events: readonly Event[]) => events.map(({ data }) => data['code']);

/** Until this one is gone for those who have no name. */
const untilExpired = (cursor: string) =>
  until('it is gone', async () => (await askEvents(host, `after=${cursor}&limit=1`)).status === 410);

describe('a reader without a name', () => {
  it('whose events are gone is told so, in each form', async () => {
    await invite();
    const first = await nowCursor(host);
    await invite();
    await untilExpired(first);
    expectError(await askEvents(host, `after=${first}`), 410, 'CURSOR_EXPIRED');
    const stream = await openStream(host, { lastEventId: first });
    await until('it is over', () => stream.isOver);
    expect([stream.status, JSON.parse(stream.body).code]).toEqual([410, 'CURSOR_EXPIRED']);
    const socket = await openSocket(host, `after=${first}`);
    await until('it is over', () => socket.isOver);
    expect([socket.status, JSON.parse(socket.body).code]).toEqual([410, 'CURSOR_EXPIRED']);
  });

  it('who has read to the end misses nothing, however long he stays away', async () => {
    await invite();
    const { next } = await readPage(host);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readPage(host, `after=${next}`)).toEqual({ events: [], next });
  });
});

describe('a reader with a name', () => {
  it('who has not read finds his events, and in the next page what came then', async () => {
    await readPage(host, 'consumer=a');
    const codes = [await invite(), await invite(), await invite()];
    await new Promise((resolve) => setTimeout(resolve, 300));
    const first = await readPage(host, 'consumer=a&limit=2');
    expect(codesOf(first.events)).toEqual(codes.slice(0, 2));
    // He may have lost the page: it is there again.
    expect(await readPage(host, 'consumer=a&limit=2')).toEqual(first);
    await untilStays(first);
    const rest = await readPage(host, `consumer=a&after=${first.next}`);
    expect(codesOf(rest.events)).toEqual(codes.slice(2));
    // By that he said that he has the first two.
    await untilExpired(first.events[0]?.id ?? '');
    expect((await askEvents(host, `after=${first.next}`)).status).toBe(200);
  });

  const untilStays = async ({ events }: { readonly events: readonly Event[] }) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await askEvents(host, `after=${events[0]?.id}`)).status).toBe(200);
  };

  it('keeps his events from going for as long as he is known, and the slowest counts', async () => {
    await readPage(host, 'consumer=slow');
    await readPage(host, 'consumer=fast');
    const codes = [await invite(), await invite()];
    const { events, next } = await readPage(host, 'consumer=fast');
    await readPage(host, `consumer=fast&after=${next}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await askEvents(host, `after=${events[0]?.id}`)).status).toBe(200);
    expect(codesOf((await readPage(host, 'consumer=slow')).events)).toEqual(codes);
    await remove(host, '/consumers/slow');
    await untilExpired(events[0]?.id ?? '');
    expect(await consumers()).toEqual([
      { name: 'fast', seen_at: expect.stringMatching(ISO_TIME), cursor: next },
    ]);
  });

  it('may ask again from before, as long as it is there', async () => {
    await readPage(host, 'consumer=other');
    await invite();
    const { events, next } = await readPage(host, 'consumer=a');
    await readPage(host, `consumer=a&after=${next}`);
    expect((await readPage(host, `consumer=a&after=${next}&limit=1`)).events).toEqual([]);
    const [{ cursor } = { cursor: '' }] = (await consumers()).filter(({ name }) => name === 'other');
    expect((await readPage(host, `consumer=a&after=${cursor}`)).events).toEqual(events);
  });

  it('counts as having part of what is packed, and the rest stays', async () => {
    await readPage(host, 'consumer=a');
    const users = await fillJournal(redis.url, 10);
    const { next } = await readPage(host, 'consumer=a&limit=4');
    await readPage(host, `consumer=a&after=${next}&limit=1`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(usersOf((await readPage(host, 'consumer=a')).events)).toEqual(users.slice(4));
  });

  it('who stays as a reader keeps what may still be on its way to him', async () => {
    for (const open of [
      (query: string) => openStream(host, { query }),
      (query: string) => openSocket(host, query),
    ]) {
      const reader = await open('consumer=staying');
      reader.pause();
      const users = await fillJournal(redis.url, 300);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      reader.kill();
      const again = await open('consumer=staying');
      await until('all', () => again.events.length >= users.length);
      expect(usersOf(again.events)).toEqual(users);
      again.kill();
      await remove(host, '/consumers/staying');
      await untilNothingIsKept();
    }
  });
});

describe('consumers', () => {
  it('who is too late, is told so once, and begins anew; a place that is gone is not noted', async () => {
    const name = `late-${Date.now()}`;
    await invite();
    const first = await readPage(host, `consumer=${name}&limit=1`);
    await invite();
    await untilGoneFor(name);
    expectError(await askEvents(host, `consumer=${name}`), 410, 'CURSOR_EXPIRED');
    expect((await askEvents(host, `consumer=${name}`)).status).toBe(200);
    const before = await consumers();
    expectError(await askEvents(host, `consumer=${name}&after=${first.next}`), 410, 'CURSOR_EXPIRED');
    expect((await consumers()).map(({ cursor }) => cursor)).toEqual(before.map(({ cursor }) => cursor));
  });

  it('are listed for a HEAD too, and nobody is nobody', async () => {
    expect((await internalGet(host, '/consumers')).json()).toEqual({ consumers: [] });
    expect((await host.admin.head('/internal/v1/consumers', asService())).status).toBe(200);
    expectError(await host.admin.delete('/internal/v1/consumers/a', asService()), 404, 'UNKNOWN_CONSUMER');
  });

  it.each(['a', 'A.b-c_1', 'x'.repeat(64), '..', '__proto__', 'constructor'])(
    'may be called %s',
    async (name) => {
      await readPage(host, `consumer=${name}`);
      expect((await consumers()).map((one) => one.name)).toEqual([name]);
    },
  );
});
