// What a person who runs this Redis should know of it, for the doctor. Only reads, and asks with plain commands: nothing here
// needs our scripts, or a Redis that is open to us. Nothing of what Redis says of its errors gets out.

import type { Redis } from 'ioredis';
import type { Secret } from '../secret.js';
import { connectRedis, infoField, RedisUnreachable, reasonOf } from './connection.js';
import { createEpochs } from './epochs.js';
import { type Journal, journalKey, journalsOf } from './journals.js';
import { type Rights, readRights } from './rights.js';

export interface RedisFacts {
  /** A field of INFO; null: this Redis doesn't have it. */
  info(field: string): string | null;
  /** A setting of CONFIG GET; null: there is none, or we may not ask. */
  config(name: string): string | null;
  /** How long it took to answer the smallest question, each time. */
  readonly answersMs: readonly number[];
  readonly clock: ClockDifference;
  readonly rights: Rights;
  /** Fields of CLUSTER INFO; null: no cluster, or we may not ask. */
  readonly cluster: ((field: string) => string | null) | null;
}

export interface ClockDifference {
  /** How far theirs is ahead of ours. */
  readonly aheadMs: number;
  /** Give or take, for the way there and back. */
  readonly unsureMs: number;
}

/** What this Redis holds of ours. */
export interface HeldData {
  /** Of each journal; null: closed, or nothing is there. */
  readonly epochs: readonly (string | null)[];
  /** Entries of the fullest journal. */
  readonly entriesMax: number;
  readonly hasKeys: boolean;
}

export interface RedisVisit {
  /** @throws RedisUnreachable when it stops answering, or refuses the most needed */
  facts(): Promise<RedisFacts>;
  held(): Promise<HeldData>;
  /** How long the oldest entry has waited that stands behind these places; 0 where none does. `streamId` null: behind none. */
  waitingMs(
    copied: readonly { readonly journal: Journal; readonly streamId: string | null }[],
  ): Promise<number>;
  close(): void;
}

const ROUND_TRIPS = 50;
const CONFIG_NAMES = ['appendfsync', 'save', 'stop-writes-on-bgsave-error', 'min-replicas-to-write'];

/** @throws RedisUnreachable */
export async function visitRedis(options: {
  readonly url: Secret;
  readonly timeoutMs: number;
  readonly firstConnectMs: number;
}): Promise<RedisVisit> {
  const redis = await connectRedis(options);
  let isCluster = false;

  return {
    async facts() {
      try {
        const info = await redis.info();
        isCluster = infoField(info, 'cluster_enabled') === '1';
        return await readFacts(redis, info, isCluster);
      } catch (error) {
        throw new RedisUnreachable(reasonOf(error));
      }
    },

    async held() {
      const journals = journalsOf(isCluster);
      const lengths = await Promise.all(journals.map((journal) => redis.xlen(journalKey(journal, 'events'))));
      return {
        epochs: await createEpochs(redis, journals).read(),
        entriesMax: Math.max(...lengths),
        hasKeys: (await redis.dbsize()) > 0,
      };
    },

    async waitingMs(copied) {
      const places = new Map(copied.map(({ journal, streamId }) => [journal, streamId]));
      const oldest = await Promise.all(
        journalsOf(isCluster).map(async (journal) => {
          const place = places.get(journal) ?? null;
          const key = journalKey(journal, 'events');
          const [entry] = await redis.xrange(key, place === null ? '-' : `(${place}`, '+', 'COUNT', 1);
          return entry === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(entry[0], 10);
        }),
      );
      const since = Math.min(...oldest);
      return since === Number.POSITIVE_INFINITY ? 0 : Math.max(0, (await timeMs(redis)) - since);
    },

    close() {
      redis.disconnect();
    },
  };
}

async function readFacts(redis: Redis, info: string, isCluster: boolean): Promise<RedisFacts> {
  const config = await readConfig(redis);
  const clusterInfo = isCluster ? await orNull(redis.cluster('INFO')) : null;
  return {
    info: (field) => infoField(info, field),
    config: (name) => config.get(name) ?? null,
    ...(await measure(redis)),
    rights: await readRights(redis),
    cluster: clusterInfo === null ? null : (field) => infoField(String(clusterInfo), field),
  };
}

/** What we may not ask for stays away. */
async function readConfig(redis: Redis): Promise<ReadonlyMap<string, string>> {
  const answers = await Promise.all(CONFIG_NAMES.map((name) => orNull(redis.config('GET', name))));
  return new Map(
    answers.flatMap((answer) => {
      const [name, value] = Array.isArray(answer) ? answer : [];
      return name === undefined ? [] : [[String(name), String(value)]];
    }),
  );
}

/** By TIME, which Redis answers whatever is wrong with it: not even PING does that. The quickest answer tells the clock most surely. */
async function measure(redis: Redis): Promise<Pick<RedisFacts, 'answersMs' | 'clock'>> {
  const answersMs: number[] = [];
  let clock: ClockDifference = { aheadMs: 0, unsureMs: Number.POSITIVE_INFINITY };
  for (let at = 0; at < ROUND_TRIPS; at += 1) {
    const begunAt = Date.now();
    const begun = performance.now();
    const theirs = await timeMs(redis);
    const tookMs = performance.now() - begun;
    answersMs.push(tookMs);
    const unsureMs = tookMs / 2;
    if (unsureMs < clock.unsureMs) clock = { aheadMs: theirs - (begunAt + unsureMs), unsureMs };
  }
  return { answersMs, clock };
}

async function timeMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

function orNull<Result>(asked: Promise<Result>): Promise<Result | null> {
  return asked.catch(() => null);
}
