// The store as a whole: everything the engine may ask of one Redis.

import type { Redis } from 'ioredis';
import { createDirectoryStore, type DirectoryStore } from './directory.js';
import { createInviteStore, type InviteStore } from './invites.js';
import { createScripts, type Scripts } from './scripts.js';
import { fromRedisError } from './unavailable.js';
import { createUserStore, type UserStore } from './users.js';
import { createVanityStore, type VanityStore } from './vanities.js';

export interface Store {
  readonly invites: InviteStore;
  readonly vanities: VanityStore;
  readonly directory: DirectoryStore;
  readonly users: UserStore;
  readonly scripts: Scripts;
  /** Rejects with StoreUnavailable while Redis can't be had. */
  ping(): Promise<void>;
  /** Was this once-only step finished on this Redis? */
  isDone(step: string): Promise<boolean>;
  markDone(step: string): Promise<void>;
}

export function createStore(redis: Redis): Store {
  const scripts = createScripts(redis);
  return {
    invites: createInviteStore(scripts),
    vanities: createVanityStore(scripts),
    directory: createDirectoryStore(scripts),
    users: createUserStore(redis),
    scripts,
    async ping() {
      await redis.ping().catch((error: unknown) => {
        throw fromRedisError(error, 'ping');
      });
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
