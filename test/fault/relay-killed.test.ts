// Every way out, under every fault at once: changes of all kinds, while the jobs process, which sweeps, copies and sends to the
// webhook, is killed again and again, the reader of the stream is cut, and the webhook's receiver fails. In the end each change that
// was answered has been told to both, in its guild's order, and nothing else has.

import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { internalGet } from '../support/directory.js';
import { snowflake } from '../support/ids.js';
import { isRunning, signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { Receiver, SECRET } from '../webhooks/world.js';
import { type ChangedGuild, Changes } from './changes.js';
import { allEvents, CutReader, KEEP_EVENTS, outOfOrder, Told } from './events.js';
import { chance, IS_LONG, SEED, say } from './seed.js';
import { BACK_MAX_MS, FaultWorld, POSTGRES_PROGRAMS, START_MAX_MS } from './world.js';

const CHANGES = IS_LONG ? 100_000 : 5000;
const GUILDS = IS_LONG ? 60 : 20;
const CONNECTIONS = IS_LONG ? 24 : 8;
/** Of the webhook's requests, in thousands: each holds its guild up for about a second. */
const FAILING_PERMILLE = IS_LONG ? 6 : 12;
const SLOW_MAX_MS = 300;
const TIMEOUT_MS = 1000;
const MOMENT_MAX_MS = 1200;
const SENDING_MAX_MS = 400;
/** More than the longest life. */
const OVER_MAX_MS = 25_000;
const SETTLED_MAX_MS = IS_LONG ? 600_000 : 60_000;
const TEST_MAX_MS = IS_LONG ? 1_500_000 : 180_000;

describe.skipIf(POSTGRES_PROGRAMS === null)('events on their way out', () => {
  let world: FaultWorld;
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await Receiver.start();
    world = await FaultWorld.open(1, {
      ...KEEP_EVENTS,
      INVITED_WEBHOOK_URLS: receiver.url,
      INVITED_WEBHOOK_SECRET: SECRET.reveal(),
      INVITED_WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS),
      INVITED_WEBHOOK_ATTEMPTS: '100',
    });
  }, START_MAX_MS);
  afterAll(async () => {
    await world.close();
    await receiver.stop();
  });
  afterEach(({ task }) => world.tellIfFailed(task.result?.state));

  it(
    'are told to both readers, all of them, in order and no others, however often the relay is killed',
    async () => {
      const { host } = world;
      const dice = chance(SEED + 1);
      const webhook = new Webhook(SECRET.reveal());
      const [first, taken, failed] = [new Told(), new Set<string>(), { count: 0 }];
      const unverified: string[] = [];
      const fails = { isOn: true };
      receiver.answer = async ({ id, body, headers }, response) => {
        try {
          webhook.verify(body, headers as Record<string, string>);
        } catch (error) {
          unverified.push(String(error));
        }
        first.take(body);
        const isFailing = fails.isOn && dice.below(1000) < FAILING_PERMILLE;
        if (isFailing) {
          failed.count += 1;
          const way = dice.below(3);
          if (way === 0) return 500;
          if (way === 1) {
            response.destroy();
            return null;
          }
          // Too slow: it is sent again, though it was taken.
          await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS + SLOW_MAX_MS));
        } else if (fails.isOn && dice.below(1000) < FAILING_PERMILLE) {
          await new Promise((resolve) => setTimeout(resolve, dice.below(SLOW_MAX_MS)));
        }
        if (!response.destroyed) taken.add(id);
        return 204;
      };

      // The webhook's place is noted before anything happens; what was before is not for it.
      const isKnown = async (): Promise<boolean> =>
        ((await internalGet(host, '/consumers')).object()['consumers'] as readonly unknown[]).length > 0;
      await until('the webhook is known', isKnown, BACK_MAX_MS);
      const reader = new CutReader(host, chance(SEED + 2));
      const guilds: readonly ChangedGuild[] = Array.from({ length: GUILDS }, () => ({
        ...{ id: snowflake(), ownerId: snowflake(), channelId: snowflake() },
      }));
      await world.import(
        guilds.flatMap(({ id, ownerId, channelId }) => [
          { put: 'guild', id, name: 'A guild', owner_id: ownerId },
          { put: 'channel', id: channelId, guild_id: id, name: 'general', type: 0, position: 0 },
        ]),
      );

      const startedAt = Date.now();
      const changes = new Changes(host, world.chance, guilds);
      const running = { isOver: false };
      const run = changes.run(CONNECTIONS, CHANGES).finally(() => {
        running.isOver = true;
      });
      const [kills, whileSending] = [{ count: 0 }, { count: 0 }];
      while (!running.isOver) {
        const pid = await world.jobsPid();
        // At any moment; or while it sends, for which it must have the lease of the one before.
        const seen = first.times;
        if (kills.count % 2 === 1) {
          const sends = () => first.times > seen || running.isOver;
          await until('it sends', sends, BACK_MAX_MS);
          whileSending.count += first.times > seen ? 1 : 0;
        }
        const at = Date.now() + dice.below(kills.count % 2 === 1 ? SENDING_MAX_MS : MOMENT_MAX_MS);
        await until('the moment', () => Date.now() >= at || running.isOver);
        expect(signal(pid, 'SIGKILL')).toBe(true);
        kills.count += 1;
        await until('it is gone', async () => !(await isRunning(pid)));
      }
      await run;
      const ranMs = Date.now() - startedAt;
      reader.isCutting = false;

      // Till the last that can expire has, all of it is copied, and both have all.
      const { code, out } = await world.verify('--watch', '--timeout', '60s');
      expect(code, out).toBe(0);
      const expiring = () => world.redis((redis) => redis.zcard('invited:{0}:expiring'));
      await until('nothing is left to expire', async () => (await expiring()) === 0, OVER_MAX_MS);
      const all = (await allEvents(host)).events;
      const settled = (): boolean => all.every(({ id }) => taken.has(id) && reader.told.ids.has(id));
      await until('both have all', settled, SETTLED_MAX_MS).catch(() => {});
      await reader.stop();
      const settledMs = Date.now() - startedAt - ranMs;

      const counts = await changes.judge(all);
      const { unknown } = changes;
      say(
        `relay killed ${kills.count} times (${whileSending.count} while it sent), seed ${SEED}: ${changes.answered} changes in ${ranMs} ms, ` +
          `${all.length} events ${JSON.stringify(counts)}, all told ${settledMs} ms after; stream: ${reader.told.times} deliveries, ` +
          `${reader.cuts} cuts; webhook: ${first.times} deliveries, ${failed.count} failed by the receiver; unknown: ` +
          `${unknown.creates + unknown.accepts.size + unknown.edits + unknown.revokes.size}`,
      );
      const ids = all.map(({ id }) => id).sort();
      expect(new Set(ids).size).toBe(ids.length);
      expect(outOfOrder(all)).toEqual([]);
      for (const told of [reader.told, first]) {
        expect([...told.ids].sort()).toEqual(ids);
        expect(outOfOrder(told.first)).toEqual([]);
        expect(told.changed).toEqual([]);
      }
      expect(ids.filter((id) => !taken.has(id))).toEqual([]);
      expect(unverified).toEqual([]);
      expect(unknown.creates + unknown.accepts.size + unknown.edits + unknown.revokes.size).toBe(0);
      expect(await world.redis((redis) => redis.xlen('invited:{0}:dead-letters'))).toBe(0);
    },
    TEST_MAX_MS,
  );
});
