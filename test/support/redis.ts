// Where the tests get a Redis: INVITED_TEST_REDIS_URL, else a container, else a redis-server of this machine.
// Every server that is started here ends with its test run, even when that is killed.

import { GenericContainer, Wait } from 'testcontainers';
import { deadlineReached } from '../../src/embedded/deadline.js';
import { engineHasImage } from './docker.js';
import { startLocalRedis } from './local-redis.js';

export { type LocalRedis, startClusterRedis, startLocalRedis } from './local-redis.js';

const CONTAINER_START_MAX_MS = 30_000;
/** With what testcontainers does before: it gets its own cleaner's image, unless TESTCONTAINERS_RYUK_DISABLED. */
const CONTAINER_ALL_MAX_MS = 60_000;

export interface TestRedis {
  readonly url: string;
  /** Where it comes from, for people. */
  readonly source: string;
  stop(): Promise<void>;
}

/** The Redis of a test run, from the first source that has one. */
export async function startTestRedis(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<TestRedis> {
  const given = env['INVITED_TEST_REDIS_URL'];
  if (given !== undefined && given !== '') {
    return { url: given, source: 'INVITED_TEST_REDIS_URL', stop: async () => {} };
  }
  const image = env['INVITED_TEST_REDIS_IMAGE'] || 'redis:7-alpine';
  const problem = await engineHasImage(image, env['DOCKER_HOST']);
  if (problem === null) {
    try {
      const container = startContainer(image);
      if (!(await deadlineReached(container, CONTAINER_ALL_MAX_MS))) return await container;
      // Should it come after all, nobody waits for it any more.
      container.then((late) => late.stop()).catch(() => {});
      return await startLocal(`no container of ${image} within ${CONTAINER_ALL_MAX_MS / 1000} s`);
    } catch (error) {
      return startLocal(`no container of ${image}: ${firstLine(error)}`);
    }
  }
  return startLocal(problem);
}

async function startContainer(image: string): Promise<TestRedis> {
  const container = await new GenericContainer(image)
    .withCommand(['redis-server', '--save', '', '--appendonly', 'no', '--protected-mode', 'no'])
    .withExposedPorts(6379)
    // Not its default, to wait for the port: that needs a shell in the image.
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .withStartupTimeout(CONTAINER_START_MAX_MS)
    .start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    source: `a container of ${image}`,
    async stop() {
      await container.stop();
    },
  };
}

async function startLocal(whyNoContainer: string): Promise<TestRedis> {
  const redis = await startLocalRedis([]);
  return { ...redis, source: `redis-server of this machine, port ${redis.port} (${whyNoContainer})` };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
