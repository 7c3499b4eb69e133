// The events as text/event-stream and as WebSocket: readers that are slow, cut off, rude, many, or there when Redis or the server
// goes away. None loses an event, and none ends the process. This file has a Redis of its own, to be cruel to.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chance, SEED, say } from '../fault/seed.js';
import { signToken } from '../support/client.js';
import { asService, createInvite, type Host, join, makeGuild, startHost } from '../support/directory.js';
import {
  authorization,
  EVENTS_PATH,
  type EventReader,
  fillJournal,
  nowCursor,
  openSocket,
  openStream,
  type ReaderOptions,
  readAll,
  SocketReader,
  usersOf,
} from '../support/events.js';
import { snowflake, snowflakes } from '../support/ids.js';
import { isRunning } from '../support/processes.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

/** As src/http/listeners.ts has it. */
const READERS_MAX = 100;
const READER_TIMEOUT_MS = 2000;
/** A packed join: an id of 19 digits and a space. What else Redis says is little beside them. */
const REDIS_BYTES_OF_AN_EVENT = 20;
const WIRE_BYTES_OF_AN_EVENT = 330;
/** What the systems at both ends take by themselves is some 6 MB. */
const WAITING_BYTES_MAX = 12_000_000;

let redis: LocalRedis;
let host: Host;
beforeAll(async () => {
  redis = await startLocalRedis([]);
  host = await startHost({
    INVITED_REDIS_URL: redis.url,
    INVITED_REDIS_TIMEOUT_MS: '300',
    INVITED_EVENTS_READER_TIMEOUT_MS: String(READER_TIMEOUT_MS),
  });
});
afterAll(async () => {
  await host.stop();
  await redis.stop();
});

const readers: EventReader[] = [];
afterEach(() => {
  for (const reader of readers.splice(0)) reader.kill();
});
const kept = <Reader extends EventReader>(reader: Reader): Reader => {
  readers.push(reader);
  return reader;
};

/** The two forms, opened in the same way. */
const forms = {
  'text/event-stream': async (on: Host, options: ReaderOptions = {}) => kept(await openStream(on, options)),
  WebSocket: async (on: Host, { query = '', lastEventId }: ReaderOptions = {}) =>
    kept(await openSocket(on, lastEventId === undefined ? query : `after=${lastEventId}`)),
};
const names = Object.keys(forms) as (keyof typeof forms)[];
const OPEN_STATUS = { 'text/event-stream': 200, WebSocket: 101 };

/** The server is the same process as before, and has nothing to complain of. */
async function expectWell(): Promise<void> {
  expect((await host.admin.get('/healthz')).status).toBe(200);
  expect(host.server.output()).not.toMatch(/a request failed|Warning|worker (ended|died)|restart/i);
}

describe.each(names)('a reader by %s', (name) => {
  const open = forms[name];

  it('is answered before anything happens, and then given what happens, in order', async () => {
    const guild = await makeGuild(host);
    const after = await nowCursor(host);
    const startedAt = performance.now();
    const reader = await open(host, { query: `after=${after}` });
    expect(reader.status).toBe(OPEN_STATUS[name]);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    for (let at = 0; at < 5; at += 1) await join(host, code, snowflake());
    await until('all six', () => reader.events.length === 6);
    expect(reader.events).toEqual((await readAll(host, after)).events);
    if (name === 'WebSocket') return;
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      vary: 'Accept',
    });
  });

  it('that is killed again and again and comes back has each event once or more, in order', async () => {
    const { below } = chance(SEED);
    say(`seed ${SEED}`);
    const after = await nowCursor(host);
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const users = snowflakes(300);
    const writing = (async () => {
      for (let at = 0; at < users.length; at += 20)
        await Promise.all(users.slice(at, at + 20).map((userId) => join(host, code, userId)));
      await fillJournal(redis.url, 3000);
    })();
    const had: string[] = [];
    let lastId = after;
    let isWritten = false;
    void writing.then(() => {
      isWritten = true;
    });
    await until(
      'he has all',
      async () => {
        const reader = await open(host, { lastEventId: lastId });
        const enough = 1 + below(150);
        await until('some', () => reader.events.length >= enough || reader.isOver, 300).catch(() => {});
        reader.kill();
        had.push(...reader.events.map(({ id }) => id));
        lastId = reader.lastId ?? lastId;
        return isWritten && reader.events.length === 0;
      },
      25_000,
    );
    await writing;
    expect(had).toEqual((await readAll(host, after)).events.map(({ id }) => id));
  });

  it('that takes nothing is cut, told why, and loses nothing when he comes back', async () => {
    const after = await nowCursor(host);
    const reader = await open(host, { query: `after=${after}` });
    reader.pause();
    const users = await fillJournal(redis.url, 60_000);
    await new Promise((resolve) => setTimeout(resolve, READER_TIMEOUT_MS * 3));
    reader.resume();
    await until('he is cut', () => reader.isOver, 10_000);
    expect(reader.closed).toBe('slow_reader');
    if (name === 'WebSocket') expect(reader.code).toBe(4008);
    expect(reader.events.length).toBeGreaterThan(0);
    // What the systems of both ends hold is some MB; the rest never left Redis.
    expect(reader.events.length).toBeLessThan(users.length);
    const again = await open(host, { lastEventId: reader.lastId ?? '' });
    await until('the rest', () => reader.events.length + again.events.length >= users.length, 15_000);
    expect([...usersOf(reader.events), ...usersOf(again.events)]).toEqual(users);
    await expectWell();
  });

  it('that takes little by little is waited for, and stays', async () => {
    const after = await nowCursor(host);
    const users = await fillJournal(redis.url, 40_000);
    const reader = await open(host, { query: `after=${after}` });
    // In pieces, with less between two than he may take nothing.
    while (!reader.isOver && reader.events.length < users.length) {
      reader.pause();
      await new Promise((resolve) => setTimeout(resolve, READER_TIMEOUT_MS / 8));
      const before = reader.events.length;
      reader.resume();
      await until('some more', () => reader.events.length > before || reader.isOver);
    }
    expect(reader.closed).toBe(null);
    expect(usersOf(reader.events)).toEqual(users);
  });

  it('that takes a trickle has not much waiting for him in memory', async () => {
    const after = await nowCursor(host);
    const users = await fillJournal(redis.url, 100_000);
    const outputBefore = await outputOf(redis.url);
    const reader = await open(host, { query: `after=${after}` });
    // Each time the system of the server may take a little more.
    reader.pause();
    for (let at = 0; at < 100 && !reader.isOver; at += 1) {
      reader.sip();
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const read = ((await outputOf(redis.url)) - outputBefore) / REDIS_BYTES_OF_AN_EVENT;
    // He may have been cut for it; that is right too. What was read is what he had at least, or nothing is measured here.
    expect(read).toBeGreaterThan(reader.events.length * 0.9);
    say(`${name}: ${reader.events.length} had, ${Math.round(read)} read of ${users.length}`);
    expect((read - reader.events.length) * WIRE_BYTES_OF_AN_EVENT).toBeLessThan(WAITING_BYTES_MAX);
  });

  it('leaves his place to the next: of 300 that come and go, each is let in', async () => {
    for (let at = 0; at < 300; at += 30) {
      const some = await Promise.all(Array.from({ length: 30 }, () => open(host)));
      expect(some.map(({ status }) => status)).toEqual(some.map(() => OPEN_STATUS[name]));
      for (const reader of some) reader.kill();
    }
    await until('all places are free', async () => {
      const reader = await open(host);
      const isOpen = reader.status === OPEN_STATUS[name];
      reader.kill();
      return isOpen;
    });
    await expectWell();
  });

  it('is refused with 503 beyond a hundred, also of those that come at once', async () => {
    const after = await nowCursor(host);
    const all = await Promise.all(Array.from({ length: 150 }, () => open(host, { query: `after=${after}` })));
    const statuses = all.map(({ status }) => status);
    expect(statuses.filter((status) => status === OPEN_STATUS[name])).toHaveLength(READERS_MAX);
    expect(statuses.filter((status) => status === 503)).toHaveLength(50);
    for (const reader of all) reader.kill();
    await until('one is let in again', async () => (await open(host)).status === OPEN_STATUS[name]);
    expect(host.server.output()).not.toContain('MaxListeners');
    await expectWell();
  });

  it('goes on after Redis was frozen, and after it cut every connection', async () => {
    const after = await nowCursor(host);
    const reader = await open(host, { query: `after=${after}` });
    process.kill(redis.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    process.kill(redis.pid, 'SIGCONT');
    await until('it serves', async () => (await host.admin.get('/readyz')).status === 200);
    const first = await fillJournal(redis.url, 10);
    await until('the first', () => reader.events.length === 10);
    await killConnections(redis.url);
    const second = await fillJournal(redis.url, 10);
    await until('the second', () => reader.events.length === 20);
    expect(usersOf(reader.events)).toEqual([...first, ...second]);
    expect(reader.isOver).toBe(false);
  });

  it('is told that the server ends, a reader who takes nothing holds it up no longer, and nobody is lost', async () => {
    const own = await startHost({ INVITED_REDIS_URL: redis.url });
    const after = await nowCursor(host);
    await fillJournal(redis.url, 60_000);
    const slow = await open(own, { query: `after=${after}` });
    slow.pause();
    const now = await nowCursor(host);
    const idle = await Promise.all(Array.from({ length: 12 }, () => open(own, { query: `after=${now}` })));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const startedAt = performance.now();
    await own.server.stop();
    expect(performance.now() - startedAt).toBeLessThan(8000);
    await until('all are told', () => idle.every(({ isOver }) => isOver));
    expect(idle.map(({ closed }) => closed)).toEqual(idle.map(() => 'restarting'));
    if (name === 'WebSocket') expect(idle.map(({ code }) => code)).toEqual(idle.map(() => 1012));
    expect(own.server.output()).not.toContain('MaxListeners');
    await own.stop();
  });
});

/** What a Redis has sent to everybody so far, in bytes. */
async function outputOf(url: string): Promise<number> {
  const client = new Redis(url);
  const info = await client.info('stats');
  client.disconnect();
  return Number(/total_net_output_bytes:(\d+)/.exec(info)?.[1]);
}

async function killConnections(url: string): Promise<void> {
  const client = new Redis(url);
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await client.quit();
}

describe('an event stream', () => {
  it('has a sign of life while nothing happens, and goes on behind it', async () => {
    const reader = await forms['text/event-stream'](host, { query: `after=${await nowCursor(host)}` });
    const before = reader.beats;
    await until('a beat', () => reader.beats > before, 8000);
    await fillJournal(redis.url, 1);
    await until('an event', () => reader.events.length === 1);
  });

  it('begins where Last-Event-ID says, whatever the URL does', async () => {
    const after = await nowCursor(host);
    const users = await fillJournal(redis.url, 5);
    const { events } = await readAll(host, after);
    const reader = await forms['text/event-stream'](host, {
      query: `after=${after}`,
      lastEventId: events[2]?.id ?? '',
    });
    await until('the rest', () => reader.events.length === 2);
    expect(usersOf(reader.events)).toEqual(users.slice(3));
  });
});

describe('a WebSocket', () => {
  const refused = async (role: string | null, query = '', path = EVENTS_PATH): Promise<SocketReader> => {
    const token = role === 'service' ? await authorization(host) : role;
    const reader = kept(new SocketReader(host, token, query, path));
    await until('an answer', () => reader.isOver);
    return reader;
  };
  const codeOf = ({ body }: SocketReader): unknown => (JSON.parse(body) as { code: unknown }).code;

  it('is refused as HTTP: nobody, no service, a bad cursor', async () => {
    expect(await refused(null)).toMatchObject({ status: 401 });
    expect(await refused('Bearer nonsense')).toMatchObject({ status: 401 });

    const user = `Bearer ${await signToken(host.server.secret, { sub: '5', role: 'user' })}`;
    expect(await refused(user)).toMatchObject({ status: 403 });
    const bad = await refused('service', 'after=abc');
    expect([bad.status, codeOf(bad)]).toEqual([400, 'INVALID_FORM_BODY']);
  });

  it('is asked for at another route, which answers as ever; and at none', async () => {
    expect(await refused('service', '', '/healthz')).toMatchObject({ status: 200 });
    const unknown = await refused('service', '', '/internal/v1/guilds/5');
    expect([unknown.status, codeOf(unknown)]).toEqual([404, 'UNKNOWN_GUILD']);
    expect(await refused('service', '', '/nowhere')).toMatchObject({ status: 404 });
  });

  it('is not known to the public listener', async () => {
    const asPublic = { ...host, admin: host.api };
    const reader = kept(new SocketReader(asPublic, await authorization(host), '', EVENTS_PATH));
    await until('an answer', () => reader.isOver);
    expect(reader.status).toBe(404);
  });

  it('takes no harm from what a client says, however much', async () => {
    const after = await nowCursor(host);
    for (const bytes of [0, 1, 1000, 1025, 100_000, 5_000_000]) {
      const reader = await forms.WebSocket(host, { query: `after=${after}` });
      for (const binary of [true, false]) reader.socket.send(Buffer.alloc(bytes, 'x'), { binary }, () => {});
      reader.socket.ping();
      if (bytes <= 1000) {
        await fillJournal(redis.url, 1);
        await until('he is given events', () => reader.events.length > 0);
      } else await until('he is sent away', () => reader.isOver);
      reader.kill();
    }
    const reader = await forms.WebSocket(host, { query: `after=${after}` });
    reader.socket.close(1000);
    await until('he has gone', () => reader.isOver);
    await expectWell();
  });
});

describe('rude readers', () => {
  const head = async (accept: string, more = '') =>
    `GET ${EVENTS_PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: ${await authorization(host)}\r\nAccept: ${accept}\r\n${more}\r\n`;
  const UPGRADE =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const dial = async (): Promise<Socket> => {
    const { hostname, port } = new URL(host.admin.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };

  it.each([
    ['streams', ''],
    ['sockets', UPGRADE],
  ])('that come and go 500 times, at any moment, leave %s as they were', async (_, more) => {
    const { below, percent } = chance(SEED);
    const text = await head('text/event-stream', more);
    await fillJournal(redis.url, 500);
    for (let at = 0; at < 500; at += 25) {
      await Promise.all(
        Array.from({ length: 25 }, async () => {
          const socket = await dial();
          socket.write(percent(80) ? text : text.slice(0, below(text.length)));
          if (percent(30)) socket.write(text);
          if (percent(30)) socket.end();
          await new Promise((resolve) => setTimeout(resolve, below(15)));
          if (percent(50)) socket.resetAndDestroy();
          else socket.destroy();
        }),
      );
    }
    await until('one is let in', async () => (await forms['text/event-stream'](host)).status === 200, 10_000);
    await expectWell();
  });

  it('that close their half stay readers or go, but keep no place', async () => {
    const text = await head('text/event-stream');
    for (let at = 0; at < 2 * READERS_MAX; at += 50) {
      const sockets = await Promise.all(Array.from({ length: 50 }, dial));
      for (const socket of sockets) socket.end(text);
      await until('all are done', () =>
        sockets.every(({ destroyed, readyState }) => destroyed || readyState !== 'opening'),
      );
      for (const socket of sockets) socket.destroy();
    }
    await until('one is let in', async () => (await forms['text/event-stream'](host)).status === 200);
  });

  it('that ask by a long poll and go away leave nothing behind', async () => {
    const text = (await head('application/json')).replace(
      EVENTS_PATH,
      `${EVENTS_PATH}?wait=60&after=9999999999999-0`,
    );
    for (let at = 0; at < 300; at += 50) {
      const sockets = await Promise.all(Array.from({ length: 50 }, dial));
      for (const socket of sockets) socket.write(text);
      await new Promise((resolve) => setTimeout(resolve, 30));
      for (const socket of sockets) socket.destroy();
    }
    await expectWell();
  });
});

describe('one who gave a name', () => {
  it('is still the same process', async () => {
    expect(await isRunning(host.server.pid)).toBe(true);
    expect((await host.admin.get('/readyz', asService())).status).toBe(200);
  });
});
