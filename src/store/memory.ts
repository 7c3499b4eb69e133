// How much memory Redis uses, and how much it may.

import type { Redis } from 'ioredis';
import { fromRedisError } from './unavailable.js';

export interface RedisMemory {
  readonly usedBytes: number;
  /** null: it has no bound of its own (maxmemory 0). */
  readonly maxBytes: number | null;
}

/** @throws StoreUnavailable */
export async function readMemory(redis: Redis): Promise<RedisMemory> {
  const info = await redis.info('memory').catch((error: unknown) => {
    throw fromRedisError(error, 'read memory');
  });
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { usedBytes: field('used_memory'), maxBytes: field('maxmemory') || null };
}
