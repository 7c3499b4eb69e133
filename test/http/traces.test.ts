// traceparent (W3C Trace Context): what came of a request that is part of a trace says so, and nothing else does. On a Redis of its own,
// since all events of a Redis are one feed.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw } from '../support/client.js';
import {
  asService,
  createInvite,
  type Host,
  join,
  makeChannel,
  makeGuild,
  put,
  startHost,
} from '../support/directory.js';
import { type Event, nowCursor, readAll } from '../support/events.js';
import { snowflake, snowflakes, unusedVanity } from '../support/ids.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const hex = (length: number) =>
  Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
/** Neither of its ids is all zeros. */
const newTrace = () => `00-a${hex(31)}-b${hex(15)}-0${hex(1)}`;
const HOOKED_MAX_MS = 20_000;

let redis: LocalRedis;
let host: Host;
/** What a webhook was sent: the header, by the event's id. */
const hooked = new Map<string, string | undefined>();
const receiver = createServer((request, response) => {
  hooked.set(String(request.headers['webhook-id']), request.headers['traceparent'] as string | undefined);
  request.resume();
  response.end();
});

beforeAll(async () => {
  redis = await startLocalRedis([]);
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  host = await startHost({
    INVITED_REDIS_URL: redis.url,
    INVITED_WEBHOOK_URLS: `http://127.0.0.1:${port}/`,
    INVITED_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
  });
  // A webhook that is new begins with what comes from then on.
  const isThere = async () => (await host.admin.get('/metrics')).text.includes('{consumer="webhook:');
  await until('the webhook is there', isThere, HOOKED_MAX_MS);
}, 60_000);
afterAll(async () => {
  await host.stop();
  await redis.stop();
  receiver.close();
});

async function eventsOf(run: () => Promise<unknown>): Promise<readonly Event[]> {
  const after = await nowCursor(host);
  await run();
  return (await readAll(host, after)).events;
}

const traced = (traceparent: string, as?: string) => ({
  ...(as === undefined ? {} : { as }),
  headers: { traceparent },
});
const traceOf = (events: readonly Event[], type: string) =>
  events.filter((event) => event.type === type).map((event) => event['traceparent']);

describe('an event', () => {
  it('has the traceparent of the request that it came of, for each verb that changes something', async () => {
    const { id, channelId, ownerId } = await makeGuild(host, { features: ['VANITY_URL'] });
    const [create, edit, revoke, vanity, ban, removed] = Array.from({ length: 6 }, newTrace) as [
      ...[string, string, string, string, string, string],
    ];
    const [member, banned] = snowflakes(2) as [string, string];
    for (const user of [member, banned]) {
      await put(host, `/guilds/${id}/members/${user}`, { roles: [] });
    }
    const events = await eventsOf(async () => {
      const made = await host.api.post(`/api/v1/channels/${channelId}/invites`, {
        ...traced(create, ownerId),
        json: {},
      });
      const path = `/api/v1/invites/${String(made.object()['code'])}`;
      await host.api.patch(path, { ...traced(edit, ownerId), json: { max_uses: 7 } });
      await host.api.delete(path, traced(revoke, ownerId));
      await host.api.patch(`/api/v1/guilds/${id}/vanity-url`, {
        ...traced(vanity, ownerId),
        json: { code: unusedVanity() },
      });
      await host.admin.put(
        `/internal/v1/guilds/${id}/bans/${banned}`,
        asService({ ...traced(ban), json: {} }),
      );
      await host.admin.delete(`/internal/v1/guilds/${id}/members/${member}`, asService(traced(removed)));
    });
    expect(events.map((event) => [event.type, event['traceparent']])).toEqual([
      ['INVITE_CREATE', create],
      ['INVITE_UPDATE', edit],
      ['INVITE_DELETE', revoke],
      ['VANITY_UPDATE', vanity],
      ['MEMBER_REMOVE', ban],
      ['MEMBER_REMOVE', removed],
    ]);
  });

  it('has that of the deletion, for each invite that ends with a channel or guild', async () => {
    const guild = await makeGuild(host);
    const channelId = await makeChannel(host, guild.id);
    for (const where of [channelId, channelId, guild.channelId])
      await createInvite(host, where, guild.ownerId);
    const [first, second] = [newTrace(), newTrace()];
    const events = await eventsOf(async () => {
      await host.admin.delete(
        `/internal/v1/guilds/${guild.id}/channels/${channelId}`,
        asService(traced(first)),
      );
      await host.admin.delete(`/internal/v1/guilds/${guild.id}`, asService(traced(second)));
    });
    expect(traceOf(events, 'INVITE_DELETE')).toEqual([first, first, second]);
  });

  it('has that of its own join, however many share a batch, and the last use that of who took it', async () => {
    const guild = await makeGuild(host);
    const users = snowflakes(60);
    const codes = [
      (await createInvite(host, guild.channelId, guild.ownerId)).code,
      (await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 20 })).code,
    ];
    // Every third is part of no trace.
    const traces = new Map(users.flatMap((user, at) => (at % 3 === 0 ? [] : [[user, newTrace()] as const])));
    const events = await eventsOf(() =>
      Promise.all(
        users.map((user, at) => {
          const traceparent = traces.get(user);
          const call = traceparent === undefined ? { as: user } : traced(traceparent, user);
          return host.api.post(`/api/v1/invites/${codes[at % 2]}`, call);
        }),
      ),
    );
    const joins = events.filter(({ type }) => type === 'INVITE_ACCEPT');
    expect(joins).toHaveLength(50);
    for (const { data, traceparent } of joins as (Event & { traceparent?: string })[]) {
      expect(traceparent).toBe(traces.get(String(data['user_id'])));
    }
    const last = joins.find(({ data }) => data['code'] === codes[1] && data['uses'] === 20);
    const [ended] = events.filter(({ type }) => type === 'INVITE_DELETE');
    expect(ended?.data['reason']).toBe('exhausted');
    expect(ended?.['traceparent']).toBe(last?.['traceparent']);
    // Fewer entries than events: some did share one.
    expect(new Set(joins.map(({ id }) => id.split('-').slice(0, 2).join('-'))).size).toBeLessThan(50);
  });

  it('has none where nobody told one, or what is none', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const good = newTrace();
    const bad = [
      good.toUpperCase(),
      `01${good.slice(2)}`,
      `ff${good.slice(2)}`,
      `00-${'0'.repeat(32)}-b${hex(15)}-01`,
      `00-a${hex(31)}-${'0'.repeat(16)}-01`,
      good.slice(0, -1),
      `${good}-more`,
      `${good}, ${newTrace()}`,
      '',
    ];
    const events = await eventsOf(async () => {
      await join(host, code, snowflake());
      for (const traceparent of bad) {
        const answer = await host.api.post(`/api/v1/invites/${code}`, traced(traceparent, snowflake()));
        expect(answer.status).toBe(200);
      }
    });
    expect(events).toHaveLength(bad.length + 1);
    for (const event of events) expect(Object.keys(event)).not.toContain('traceparent');
  });

  it('has none where the header came twice', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const events = await eventsOf(async () => {
      const { status } = await raw(host.api.url, [
        `POST /api/v1/invites/${code} HTTP/1.1\r\nHost: x\r\nX-Invited-Gateway-Key: ${host.server.gatewayKey}\r\n` +
          `X-Invited-User: ${snowflake()}\r\ntraceparent: ${newTrace()}\r\ntraceparent: ${newTrace()}\r\n\r\n`,
      ]);
      expect(status).toBe(200);
    });
    expect(events.map((event) => [event.type, event['traceparent']])).toEqual([['INVITE_ACCEPT', undefined]]);
  });

  it('is sent to a webhook with its traceparent as a header, and without one where it has none', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const trace = newTrace();
    const [first, second] = await eventsOf(async () => {
      await host.api.post(`/api/v1/invites/${code}`, traced(trace, snowflake()));
      await join(host, code, snowflake());
    });
    await until(
      'both were sent',
      () => hooked.has(first?.id ?? '') && hooked.has(second?.id ?? ''),
      HOOKED_MAX_MS,
    );
    expect([hooked.get(first?.id ?? ''), hooked.get(second?.id ?? '')]).toEqual([trace, undefined]);
  });
});
