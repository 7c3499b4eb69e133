// What goes with a guild, a channel or a group DM that is deleted: each of its invites, once, for the right reason, while others are
// served; also where the process that deletes is killed in the midst of it, and where the same is put again at once. Nobody may ever
// come in by an invite of what is gone.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { partitionKey } from '../../src/store/journals.js';
import { accept, internalDelete, internalGet, put, remove } from '../support/directory.js';
import { snowflake, unusedCode } from '../support/ids.js';
import { isRunning, signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { allEvents, endsOf, KEEP_EVENTS } from './events.js';
import type { Load } from './load.js';
import { IS_LONG, SEED, say } from './seed.js';
import { BACK_MAX_MS, FaultWorld, POSTGRES_PROGRAMS, START_MAX_MS } from './world.js';

const MEMBERS = IS_LONG ? 1_000_000 : 20_000;
/** By default a guild with so many would be full. */
const MEMBERS_MAX = 2 * 1_000_000;
const INVITES = 1000;
const MEMBERS_AT_ONCE = 50_000;
const KILLS_OF_EACH = IS_LONG ? 6 : 1;
const AGAIN_TIMES = IS_LONG ? 40 : 6;
const AGAIN_INVITES = 250;
const TRIERS = 4;
const ENDINGS = 'invited:{0}:endings';
/** Who deletes: the tests' service. */
const BY = '1';
const TEST_MAX_MS = (IS_LONG ? 600_000 : 60_000) + 2 * BACK_MAX_MS;

interface Place {
  readonly kind: 'guild' | 'channel' | 'group_dm';
  readonly id: string;
  readonly ownerId: string;
  /** Two of a guild. */
  readonly channelIds: readonly string[];
  /** Those that end with it. */
  readonly codes: readonly string[];
  /** Of the guild's other channel. */
  readonly others: readonly string[];
  readonly path: string;
  /** In Redis, of a guild or group DM. */
  readonly key: string;
}

/** Those who come in, or try to, by codes that are about to end. */
class Triers {
  readonly told: { readonly code: string; readonly userId: string; readonly sentAtMs: number }[] = [];
  readonly unknown = new Set<string>();
  readonly statuses = new Map<number, number>();
  #isStopped = false;
  readonly #running: Promise<unknown>;

  constructor(world: FaultWorld, codes: readonly string[]) {
    const loop = async (): Promise<void> => {
      while (!this.#isStopped) {
        const [code, userId, sentAtMs] = [world.chance.pick(codes), snowflake(), performance.now()];
        const answer = await accept(world.host, code, userId).catch(() => null);
        if (answer === null || answer.status === 503) {
          this.unknown.add(`${code} ${userId}`);
          await new Promise((resolve) => setTimeout(resolve, 10));
          continue;
        }
        this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
        if (answer.status === 200) this.told.push({ code, userId, sentAtMs });
      }
    };
    this.#running = Promise.all(Array.from({ length: TRIERS }, loop));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }
}

describe.skipIf(POSTGRES_PROGRAMS === null)('invites of what is deleted', () => {
  let world: FaultWorld;
  let load: Load;
  beforeAll(async () => {
    world = await FaultWorld.open(1, KEEP_EVENTS);
    await world.fill({ guilds: 5, capped: 0 });
    load = world.startLoad({ connections: 8, thinkMs: 10 });
  }, START_MAX_MS);
  afterAll(() => world.close());
  afterEach(({ task }) => world.tellIfFailed(task.result?.state));

  const fill = async (kind: Place['kind'], count: number): Promise<Place> => {
    const [id, ownerId] = [snowflake(), snowflake()];
    const channelIds = kind === 'group_dm' ? [id] : [snowflake(), snowflake()];
    const made = {
      ...{ kind, id, ownerId, channelIds },
      path: {
        guild: `/guilds/${id}`,
        channel: `/guilds/${id}/channels/${channelIds[0]}`,
        group_dm: `/group-dms/${id}`,
      }[kind],
      key: `${partitionKey(partitionOfId(id))}${kind === 'group_dm' ? 'group-dm' : 'guild'}:${id}`,
    };
    await tell(made);
    const all = Array.from({ length: count }, () => unusedCode());
    await world.import(
      all.map((code, index) => ({
        ...{ put: 'invite', code, channel_id: channelIds[index % channelIds.length], inviter_id: ownerId },
        ...{ created_at: createdAt(index), max_age: 0, max_uses: 0, uses: 0, temporary: false },
      })),
    );
    const isInFirst = (_: string, index: number): boolean => index % channelIds.length === 0;
    const codes = kind === 'channel' ? all.filter(isInFirst) : all;
    return { ...made, codes, others: all.filter((code) => !codes.includes(code)) };
  };

  /** Puts it into the directory, once more too. */
  const tell = async ({ kind, id, ownerId, channelIds }: Omit<Place, 'codes' | 'others'>): Promise<void> => {
    if (kind === 'group_dm') {
      await put(world.host, `/group-dms/${id}`, { name: null, owner_id: ownerId, recipients: [ownerId] });
      return;
    }
    await put(world.host, `/guilds/${id}`, { name: 'A guild', owner_id: ownerId, max_members: MEMBERS_MAX });
    for (const channelId of channelIds) {
      await put(world.host, `/guilds/${id}/channels/${channelId}`, { name: 'general', type: 0, position: 0 });
    }
  };

  const addMembers = async (guildId: string, count: number): Promise<void> => {
    for (let from = 0; from < count; from += MEMBERS_AT_ONCE) {
      const some = Math.min(MEMBERS_AT_ONCE, count - from);
      await world.import(
        Array.from({ length: some }, () => ({ put: 'member', guild_id: guildId, user_id: snowflake() })),
      );
    }
  };

  /** Each ended once, for the reason that it has; and nobody came in behind that. */
  const expectEnded = async (
    { kind, codes, others }: Place,
    triers: Triers,
    after: string,
    goneAtMs: number | null,
  ): Promise<void> => {
    const { events } = await allEvents(world.host, after);
    const reason = kind === 'guild' ? 'guild_deleted' : 'channel_deleted';
    const ends = endsOf(events);
    const wrong = codes.filter((code) => {
      const [end, ...more] = ends.get(code) ?? [];
      return end?.data['reason'] !== reason || end.data['by'] !== BY || more.length > 0;
    });
    expect(wrong).toEqual([]);
    expect(others.filter((code) => ends.has(code))).toEqual([]);

    const seqOf = new Map([...ends].map(([code, [end]]) => [code, end?.seq ?? 0]));
    // A channel's invites end within the answer; those of the others from the moment of the deletion on.
    const first = Math.min(...codes.map((code) => seqOf.get(code) ?? 0));
    const own = new Set(codes);
    const accepts = events.filter(
      ({ type, data }) => type === 'INVITE_ACCEPT' && own.has(String(data['code'])),
    );
    const late = accepts.filter(({ seq, data }) => {
      return seq > (kind === 'channel' ? (seqOf.get(String(data['code'])) ?? 0) : first);
    });
    expect(late).toEqual([]);
    const joined = new Set(accepts.map(({ data }) => `${data['code']} ${data['user_id']}`));
    expect(triers.told.filter(({ code, userId }) => !joined.has(`${code} ${userId}`))).toEqual([]);
    const told = new Set(triers.told.map(({ code, userId }) => `${code} ${userId}`));
    expect([...joined].filter((one) => !told.has(one) && !triers.unknown.has(one))).toEqual([]);
    if (goneAtMs !== null) expect(triers.told.filter(({ sentAtMs }) => sentAtMs > goneAtMs)).toEqual([]);
    // Of a group DM: it is full.
    const statuses = kind === 'group_dm' ? [200, 400, 404] : [200, 404];
    expect([...triers.statuses.keys()].filter((status) => !statuses.includes(status))).toEqual([]);
    for (const code of codes.slice(0, 20)) {
      expect((await world.host.api.get(`/api/v1/invites/${code}`)).status).toBe(404);
    }
  };

  const noteNow = async (): Promise<string> => (await allEvents(world.host)).next;

  it(
    'end once each, with the guild, the channel or the group DM, while others are served',
    async () => {
      const after = await noteNow();
      for (const kind of ['guild', 'channel', 'group_dm'] as const) {
        const place = await fill(kind, INVITES);
        if (kind !== 'group_dm') await addMembers(place.id, kind === 'guild' ? MEMBERS : 100);
        const triers = new Triers(world, place.codes);
        await until('some came in', () => triers.told.length > 20, BACK_MAX_MS);
        load.enter(`before ${kind}`);
        const more = load.answered + 500;
        await until('others came', () => load.answered > more, BACK_MAX_MS);
        load.enter(kind);
        const startedAt = performance.now();
        await remove(world.host, place.path);
        const goneAtMs = performance.now();
        await until('some more tried', () => (triers.statuses.get(404) ?? 0) > 20, BACK_MAX_MS);
        await triers.stop();
        load.enter('after');
        await expectEnded(place, triers, after, goneAtMs);
        expect((await internalGet(world.host, place.path)).status).toBe(404);
        for (const code of place.others.slice(0, 20)) {
          expect((await accept(world.host, code, snowflake())).status).toBe(200);
        }
        const members = kind === 'guild' ? ` and ${MEMBERS} members` : '';
        say(
          `${kind} with ${place.codes.length} invites${members}: gone in ${(goneAtMs - startedAt).toFixed(0)} ms; ` +
            `the longest other answer ${load.longestMs(kind).toFixed(1)} ms, ${load.longestMs(`before ${kind}`).toFixed(1)} ms before`,
        );
      }
    },
    TEST_MAX_MS,
  );

  it(
    'end once each where the process that deletes is killed in the midst of it',
    async () => {
      const after = await noteNow();
      const lefts: number[] = [];
      for (let time = 0; time < KILLS_OF_EACH; time += 1) {
        for (const kind of ['guild', 'channel', 'group_dm'] as const) {
          const place = await fill(kind, INVITES);
          const triers = new Triers(world, place.codes);
          await until('some came in', () => triers.told.length > 20, BACK_MAX_MS);
          const pid = await world.workerPid();
          const counted = `${place.key}:${kind === 'channel' ? 'invites' : 'ending'}`;
          const leftAtKill = await world.redis(async (redis) => {
            const begun = kind === 'channel' ? INVITES - 1 : INVITES;
            await redis.ping();
            const answered = internalDelete(world.host, place.path).then(
              ({ status }) => status,
              () => null,
            );
            const deadline = Date.now() + BACK_MAX_MS;
            // As often as it can: it takes some milliseconds.
            for (;;) {
              const count = await redis.zcard(counted);
              const isBegun = kind === 'channel' ? count <= begun : count > 0;
              if (isBegun || Date.now() > deadline) break;
            }
            signal(pid, 'SIGKILL');
            const left = await redis.zcard(counted);
            await until('it is gone', async () => !(await isRunning(pid)));
            await answered;
            return kind === 'channel' ? left - place.others.length : left;
          });
          lefts.push(leftAtKill);
          await until('another worker', async () => (await world.workerPid()) !== pid, BACK_MAX_MS);
          await until('it is served again', () => world.isReady(), BACK_MAX_MS);
          const isEnded = () => world.redis(async (redis) => (await redis.exists(ENDINGS)) === 0);
          await until('all are ended', isEnded, BACK_MAX_MS);
          const goneAtMs = performance.now();
          await until('some more tried', () => (triers.statuses.get(404) ?? 0) > 20, BACK_MAX_MS);
          await triers.stop();
          await expectEnded(place, triers, after, goneAtMs);
        }
      }
      say(`worker killed while it deleted, seed ${SEED}: invites left at that moment: ${lefts.join(', ')}`);
      expect(Math.max(...lefts), 'never killed in the midst').toBeGreaterThan(0);
    },
    TEST_MAX_MS * KILLS_OF_EACH,
  );

  it(
    'never come back where the same is put again at once',
    async () => {
      const after = await noteNow();
      for (let time = 0; time < AGAIN_TIMES; time += 1) {
        const kind = (['guild', 'channel', 'group_dm'] as const)[time % 3] ?? 'guild';
        const place = await fill(kind, AGAIN_INVITES);
        const triers = new Triers(world, place.codes);
        await until('some came in', () => triers.told.length > 5, BACK_MAX_MS);
        // At once, and then as soon as there is an answer.
        const deleted = remove(world.host, place.path);
        const again = tell(place).catch(() => {});
        await deleted;
        const goneAtMs = performance.now();
        await again;
        await tell(place);
        const path = kind === 'group_dm' ? `channels/${place.id}` : `guilds/${place.id}`;
        const listed = await world.host.api.get(`/api/v1/${path}/invites`, { as: place.ownerId });
        expect(listed.status, listed.text).toBe(200);
        const own = new Set(place.codes);
        expect(listed.list().filter(({ code }) => own.has(String(code)))).toEqual([]);
        await until('some more tried', () => (triers.statuses.get(404) ?? 0) > 20, BACK_MAX_MS);
        await triers.stop();
        await expectEnded(place, triers, after, goneAtMs);
      }
      await load.stop();
      const sum = await world.settle('while things were deleted');
      expect(sum).toMatchObject({ lost: [], oversold: 0 });
    },
    TEST_MAX_MS,
  );
});

/** Those of one moment would end in one step. */
function createdAt(index: number): string {
  return new Date(Date.UTC(2026, 2, 1) + index).toISOString();
}
