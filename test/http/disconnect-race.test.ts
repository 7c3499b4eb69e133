// A user leaves while he comes in by temporary invites of several guilds: every accept is either before a disconnect or behind it, the
// events say in which order it was, and the answers and the membership agree with them. On a Redis of its own, so that the events are
// of this test alone, and with two processes that serve.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { allEvents, KEEP_EVENTS, outOfOrder, type SeenEvent } from '../fault/events.js';
import { chance, SEED, say } from '../fault/seed.js';
import {
  accept,
  asService,
  createInvite,
  type Host,
  isMember,
  makeGuild,
  startHost,
} from '../support/directory.js';
import { snowflake } from '../support/ids.js';
import { type LocalRedis, startLocalRedis } from '../support/local-redis.js';

const GUILDS = 6;
const ROUNDS = 120;
const ROUNDS_AT_ONCE = 4;
/** In each guild, one after the other. */
const ACCEPTS = 4;
const DISCONNECTS_MAX = 6;
const PAUSE_MAX_MS = 8;

let redis: LocalRedis;
let host: Host;
beforeAll(async () => {
  redis = await startLocalRedis([]);
  host = await startHost({ ...KEEP_EVENTS, INVITED_REDIS_URL: redis.url, INVITED_WORKERS: '2' });
});
afterAll(async () => {
  await host.stop();
  await redis.stop();
});

const disconnect = async (user: string): Promise<readonly string[]> => {
  const answer = await host.admin.post(`/internal/v1/users/${user}/disconnect`, asService());
  expect(answer.status, answer.text).toBe(200);
  return answer.object()['removed'] as readonly string[];
};

it('every accept of a user who disconnects is either before it or behind it, as the events say', async () => {
  const dice = chance(SEED);
  const guilds = await Promise.all(
    Array.from({ length: GUILDS }, async () => {
      const { id, channelId, ownerId } = await makeGuild(host);
      const { code } = await createInvite(host, channelId, ownerId, { temporary: true });
      return { id, code };
    }),
  );
  const { next } = await allEvents(host);
  /** Where a user was in the end, and where the last disconnect ended that. */
  const lefts: (readonly [readonly string[], readonly string[]])[] = [];
  const told = new Map<string, { joins: number; removals: number; isIn: boolean }>();
  const pause = (): Promise<unknown> =>
    new Promise((resolve) => setTimeout(resolve, dice.below(PAUSE_MAX_MS)));

  const round = async (): Promise<void> => {
    const user = snowflake();
    const of = new Map(guilds.map(({ id }) => [id, { joins: 0, removals: 0, isIn: false }]));
    for (const [id, sums] of of) told.set(`${id} ${user}`, sums);
    const comesBack = async ({ id, code }: { id: string; code: string }): Promise<void> => {
      for (let time = 0; time < ACCEPTS; time += 1) {
        const answer = await accept(host, code, user);
        expect(answer.status, answer.text).toBe(200);
        const sums = of.get(id);
        if (sums !== undefined && answer.object()['new_member'] === true) sums.joins += 1;
        await pause();
      }
    };
    const leaves = async (): Promise<void> => {
      for (let left = dice.below(DISCONNECTS_MAX + 1); left > 0; left -= 1) {
        for (const id of await disconnect(user)) {
          const sums = of.get(id);
          if (sums === undefined) throw new Error('removed from another guild');
          sums.removals += 1;
        }
        await pause();
      }
    };
    await Promise.all([...guilds.map(comesBack), leaves()]);
    for (const [id, sums] of of) sums.isIn = await isMember(host, id, user);
    // None of them was forgotten: one more ends all that are left.
    const left = [...of].flatMap(([id, { isIn }]) => (isIn ? [id] : []));
    lefts.push([left, await disconnect(user)]);
  };
  const loop = async (): Promise<void> => {
    for (let rounds = 0; rounds < ROUNDS / ROUNDS_AT_ONCE; rounds += 1) await round();
  };
  await Promise.all(Array.from({ length: ROUNDS_AT_ONCE }, loop));

  const { events } = await allEvents(host, next);
  expect(outOfOrder(events)).toEqual([]);
  const byUser = new Map<string, SeenEvent[]>();
  for (const event of events) {
    const name = `${event.guild_id} ${event.data['user_id']}`;
    byUser.set(name, [...(byUser.get(name) ?? []), event]);
  }
  expect([...byUser.keys()].filter((name) => !told.has(name))).toEqual([]);
  const sum = { accepts: 0, removals: 0, in: 0 };
  for (const [left, removed] of lefts) expect([...removed].sort()).toEqual([...left].sort());
  for (const [name, { joins, removals, isIn }] of told) {
    const all = byUser.get(name) ?? [];
    // Without that last removal.
    const own = isIn ? all.slice(0, -1) : all;
    expect(all.at(-1)?.type ?? 'MEMBER_REMOVE', name).toBe('MEMBER_REMOVE');
    // He comes in, and then leaves, and so on.
    expect(own.map(({ type }) => type)).toEqual(
      own.map((_, at) => (at % 2 === 0 ? 'INVITE_ACCEPT' : 'MEMBER_REMOVE')),
    );
    const removed = own.filter(({ type }) => type === 'MEMBER_REMOVE');
    expect(removed.filter(({ data }) => data['reason'] !== 'disconnected')).toEqual([]);
    expect([own.length - removed.length, removed.length]).toEqual([joins, removals]);
    expect(isIn, name).toBe(own.at(-1)?.type === 'INVITE_ACCEPT');
    sum.accepts += joins;
    sum.removals += removals;
    sum.in += isIn ? 1 : 0;
  }
  say(
    `disconnects against accepts, seed ${SEED}: ${ROUNDS} users, ${GUILDS} guilds: ${sum.accepts} accepts, ` +
      `${sum.removals} removals, ${sum.in} memberships left`,
  );
  expect(sum.accepts - sum.removals).toBe(sum.in);
  expect(sum.removals).toBeGreaterThan(0);
}, 60_000);
