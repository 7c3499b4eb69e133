// A caller whose token takes a while to judge, as one of an issuer's may: the request waits, in the contract's order of checks, and
// where it came from is known even if its client has hung up by then.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Identity } from '../../src/http/auth.js';
import { BUCKETS } from '../../src/http/limits/buckets.js';
import { NO_CONTENT } from '../../src/http/reply.js';
import { RequestCounts } from '../../src/http/request-counts.js';
import { closed, open } from '../../src/http/route.js';
import { createRouter } from '../../src/http/router.js';
import { type Server, startServer } from '../../src/http/server.js';
import { loadUws } from '../../src/http/uws.js';
import type { Snowflake } from '../../src/invite/id.js';
import { NO_PROXIES } from '../../src/invite/trusted-proxies.js';

const USER: Identity = {
  caller: { userId: '42' as Snowflake, role: 'user', permissions: null },
  toldAddress: null,
};
const NOBODY: Identity = { caller: null, toldAddress: null };

let server: Server;
let waiting: Deferred<Identity>;
/** Who calls, where that is known at once. */
let known: Identity | null;
let limit: Deferred<void>;
let handled: (string | null)[];
const bugs: unknown[] = [];

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  /** How many wait for it. */
  asked: number;
}

function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((done) => {
    resolve = done;
  });
  return { promise, resolve, asked: 0 };
}

beforeAll(async () => {
  const handler = async (call: { readonly clientAddress: { readonly text: string } | null }) => {
    handled.push(call.clientAddress?.text ?? null);
    return NO_CONTENT;
  };
  server = await startServer(loadUws(), {
    listenOn: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    portSetting: 'INVITED_PORT',
    sharesPort: false,
    hasSockets: false,
    router: createRouter(
      [
        {
          bases: [''],
          routes: [
            closed('user', 'POST', '/closed', handler, { usesClientAddress: true }),
            open('POST', '/open', handler, { usesClientAddress: true }),
            closed('user', 'POST', '/limited', handler, { usesClientAddress: true, limit: BUCKETS.accept }),
          ],
        },
      ],
      () => false,
    ),
    inFlightMax: 2,
    trustedProxies: NO_PROXIES,
    cors: null,
    name: 'public',
    counts: new RequestCounts(),
    onAnswered: null,
    rateLimits: {
      async run(_bucket, _asker, work) {
        limit.asked += 1;
        await limit.promise;
        return work();
      },
    },
    authenticator: {
      identify() {
        waiting.asked += 1;
        return known ?? waiting.promise;
      },
    },
    isUnavailable: () => false,
    onBug: (error) => bugs.push(error),
  });
});
afterAll(async () => {
  await server.drain(0);
  expect(bugs).toEqual([]);
});
beforeEach(() => {
  waiting = deferred();
  limit = deferred();
  known = null;
  handled = [];
});

const post = (path: string): Promise<Response> => fetch(server.address + path, { method: 'POST' });
const untilAsked = (times: number) =>
  expect.poll(() => waiting.asked, { timeout: 5000, interval: 5 }).toBe(times);

it('is answered when it is known who he is', async () => {
  const answer = post('/closed');
  await untilAsked(1);
  expect(handled).toEqual([]);
  waiting.resolve(USER);
  expect((await answer).status).toBe(204);
  expect(handled).toEqual(['127.0.0.1']);
});

it.each<readonly [Identity, number, number]>([
  [NOBODY, 401, 204],
  [{ ...NOBODY, isUnjudged: true }, 503, 204],
])('is nobody, or can not be told: %o', async (identity, closedStatus, openStatus) => {
  const answers = [post('/closed'), post('/open')];
  await untilAsked(2);
  waiting.resolve(identity);
  const [first, second] = await Promise.all(answers);
  expect([first?.status, second?.status]).toEqual([closedStatus, openStatus]);
  expect(first?.headers.has('retry-after')).toBe(closedStatus === 503);
});

it('counts as under way while he waits', async () => {
  const answers = [post('/closed'), post('/closed')];
  await untilAsked(2);
  expect((await post('/closed')).status).toBe(503);
  waiting.resolve(USER);
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([204, 204]);
});

it.each([
  ['it is known who he is', '/closed'],
  ['it is known how often he came', '/limited'],
])('takes no address out of sight by hanging up before %s', async (_, path) => {
  const wait = path === '/limited' ? limit : waiting;
  if (path === '/limited') known = USER;
  const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  await expect.poll(() => wait.asked, { timeout: 5000, interval: 5 }).toBe(1);
  socket.resetAndDestroy();
  await once(socket, 'close');
  // Two answers on other connections: by then the server has seen that this one is gone.
  await Promise.all([fetch(`${server.address}/none`), fetch(`${server.address}/none`)]);
  waiting.resolve(USER);
  limit.resolve();
  await expect.poll(() => handled, { timeout: 5000, interval: 5 }).toEqual(['127.0.0.1']);
});
