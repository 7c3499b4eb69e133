// The store as a whole: everything the engine may ask of one Redis.

import type { Redis } from 'ioredis';
import { type AcceptReply, type AcceptRequest, acceptScript } from './accept.js';
import { type Batcher, createBatcher } from './batcher.js';
import { createDeadLetters, type DeadLetters } from './dead-letters.js';
import { createDirectoryStore, type DirectoryStore } from './directory.js';
import { createEndingStore, type EndingStore } from './endings.js';
import { createEpochs, type Epochs } from './epochs.js';
import { createEventStore, type EventStore } from './event-store.js';
import { type BatchedScript, type CodeRequest, partitionOf, runBatch } from './invite-batch.js';
import { createInviteStore, type InviteStore } from './invites.js';
import { createJournalStore, type EntityAsked, type JournalStore } from './journal-store.js';
import { type Journal, journalsOf } from './journals.js';
import { createLimitStore, type LimitStore } from './limits.js';
import { createPeek, type Peek } from './peek.js';
import { createPresenter } from './present.js';
import { type ReadReply, type ReadRequest, readScript } from './read.js';
import { Restoring } from './restoring.js';
import { scanEntities } from './scan.js';
import { createScripts, type Scripts } from './scripts.js';
import { createSurvey, type Survey } from './survey.js';
import { createToldFigures, type ToldFigures } from './told-figures.js';
import { fromRedisError } from './unavailable.js';
import { createUserStore, type UserStore } from './users.js';
import { createVanityStore, type VanityStore } from './vanities.js';

export interface StoreOptions {
  /** A Redis Cluster: what is in two partitions can't be asked for in one call. */
  readonly isCluster: boolean;
  /** Accepts, and likewise reads, that may wait for Redis; more are refused at once. */
  readonly waitingMax: number;
}

export interface Store {
  readonly accepts: Batcher<AcceptRequest, AcceptReply>;
  readonly reads: Batcher<ReadRequest, ReadReply>;
  readonly invites: InviteStore;
  readonly vanities: VanityStore;
  readonly directory: DirectoryStore;
  readonly endings: EndingStore;
  readonly users: UserStore;
  readonly events: EventStore;
  readonly scripts: Scripts;
  readonly journals: readonly Journal[];
  readonly journal: JournalStore;
  readonly isCluster: boolean;
  /** Everything that is stored, by the names of marks (scan.ts). */
  scan(): AsyncIterable<readonly EntityAsked[]>;
  readonly survey: Survey;
  readonly peek: Peek;
  readonly epochs: Epochs;
  readonly toldFigures: ToldFigures;
  readonly deadLetters: DeadLetters;
  readonly limits: LimitStore;
  /** To fill it from Postgres, for the holder of the lease 'restore'. */
  restoring(holder: string): Restoring;
  /** Rejects with StoreUnavailable while Redis can't be had, or holds other data than it should. */
  checkReady(): Promise<void>;
  /** Was this once-only step finished on this Redis? */
  isDone(step: string): Promise<boolean>;
  markDone(step: string): Promise<void>;
}

/** Requests in one call: it takes Redis a millisecond or two, and others wait meanwhile. */
const BATCH_MAX = 512;
/** One is enough: what arrives while it is under way makes the next one larger (docs/performance.md). */
const CALLS_MAX = 1;

/** What a request takes from its buckets, before and behind its verb. */
const TAKES_A_REQUEST_MAX = 4;

export function createStore(redis: Redis, { isCluster, waitingMax }: StoreOptions): Store {
  const scripts = createScripts(redis, isCluster);
  const journals = journalsOf(isCluster);
  const users = createUserStore(redis, isCluster);
  const presenter = createPresenter(users);
  const batched = <Request extends CodeRequest, Word, Answer>(
    script: BatchedScript<Request, Word, Answer>,
    shareKey: (request: Request) => string | null,
  ) =>
    createBatcher<Request, Answer>({
      shareKey,
      laneOf: (request) => (isCluster ? partitionOf(request) : 0),
      send: (requests) => runBatch(script, scripts, presenter, requests),
      batchMax: BATCH_MAX,
      callsMax: CALLS_MAX,
      waitingMax,
    });
  return {
    accepts: batched(acceptScript, () => null),
    // What nobody in particular reads at the same time is the same for all.
    reads: batched(readScript, ({ code, followed, caller, wantsCounts }) =>
      caller === null && followed === null && !wantsCounts ? code : null,
    ),
    invites: createInviteStore(scripts, presenter),
    vanities: createVanityStore(scripts),
    directory: createDirectoryStore(scripts, isCluster),
    endings: createEndingStore(scripts),
    users,
    events: createEventStore(scripts),
    scripts,
    journals,
    journal: createJournalStore(scripts),
    isCluster,
    scan: () => scanEntities(redis),
    survey: createSurvey(redis),
    peek: createPeek(redis, isCluster),
    epochs: createEpochs(redis, journals),
    toldFigures: createToldFigures(redis, scripts),
    deadLetters: createDeadLetters(scripts),
    limits: createLimitStore(scripts, isCluster, TAKES_A_REQUEST_MAX * waitingMax),
    restoring: (holder) => new Restoring(scripts, isCluster, holder),
    async checkReady() {
      await scripts.run('ready', 0, []);
    },
    async isDone(step) {
      const found = await redis.exists(doneKey(step)).catch((error: unknown) => {
        throw fromRedisError(error, 'is done');
      });
      return found === 1;
    },
    async markDone(step) {
      await redis.set(doneKey(step), '1').catch((error: unknown) => {
        throw fromRedisError(error, 'mark done');
      });
    },
  };
}

function doneKey(step: string): string {
  return `invited:{0}:done:${step}`;
}
