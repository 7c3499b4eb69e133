// Starts the one Redis that a whole test run shares, and hands its URL to the tests: `inject('redisUrl')`.
// Tests make their own ids in it; none may flush it.

import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { startTestRedis } from './redis.js';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startTestRedis();
  process.stderr.write(`Redis for the tests: ${redis.source}\n`);
  project.provide('redisUrl', redis.url);
  return () => redis.stop();
}
