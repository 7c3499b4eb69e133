// Starts the one Redis that a whole test run shares, and hands its URL to the tests: `inject('redisUrl')`.
// Tests make their own ids in it; none may flush it.

import { Redis } from 'ioredis';
import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { journalKey } from '../../src/store/journals.js';
import { startTestRedis } from './redis.js';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startTestRedis();
  process.stderr.write(`Redis for the tests: ${redis.source}\n`);
  await openJournal(redis.url);
  project.provide('redisUrl', redis.url);
  return () => redis.stop();
}

/** So that of the servers that start at the same time none finds it closed and opens it under another epoch. */
async function openJournal(url: string): Promise<void> {
  const redis = new Redis(url, { protocol: 2 });
  await redis.set(journalKey(0, 'epoch'), 'tests', 'NX');
  await redis.quit();
}
