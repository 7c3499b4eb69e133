// A redis-server of this machine on a free port, with nothing on disk but what its arguments ask for.
// It is ended by its pid, and by the guard when the test run dies first.

import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { deadlineReached, holdsWithin } from '../../src/embedded/deadline.js';
import { spawnGuarded } from '../../src/embedded/guarded-process.js';
import { removeFolder } from './remove-folder.js';

// Under the range from which systems give out ports of their own, and low enough for a cluster's second port.
const PORT_FIRST = 20_000;
const PORT_COUNT = 10_000;
const CLUSTER_BUS_OFFSET = 10_000;
const PORT_TRIES_MAX = 10;
const READY_MAX_MS = 10_000;

export interface LocalRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a Redis of its own for a test, e.g. with `['--maxmemory-policy', 'allkeys-lru']`. */
export async function startLocalRedis(extraArgs: readonly string[]): Promise<LocalRedis> {
  let lastProblem = '';
  for (let tries = 0; tries < PORT_TRIES_MAX; tries += 1) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORT_COUNT);
    if (!(await isFree(port)) || !(await isFree(port + CLUSTER_BUS_OFFSET))) continue;
    const outcome = await tryStart(port, extraArgs);
    if (typeof outcome !== 'string') return outcome;
    lastProblem = outcome;
  }
  throw new Error(`No redis-server could be started: ${lastProblem || 'no free port'}`);
}

/** An empty one where another was before. */
export async function startLocalRedisOn(port: number): Promise<LocalRedis> {
  const outcome = await tryStart(port, []);
  if (typeof outcome === 'string') throw new Error(`No redis-server on port ${port}: ${outcome}`);
  return outcome;
}

/** One node of a cluster that owns all 16,384 slots, and says that its cluster is well. */
export async function startClusterRedis(extraArgs: readonly string[] = []): Promise<LocalRedis> {
  const server = await startLocalRedis([
    ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
    ...['--cluster-announce-ip', '127.0.0.1'],
    ...extraArgs,
  ]);
  const client = connect(server.port);
  try {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const isWell = await holdsWithin(
      async () => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      READY_MAX_MS,
    );
    if (!isWell) throw new Error('The cluster did not get ready.');
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    client.disconnect();
  }
}

/** The server, or why it did not start. */
async function tryStart(port: number, extraArgs: readonly string[]): Promise<LocalRedis | string> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-test-redis-'));
  const redis = await spawnGuarded('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ...extraArgs,
  ]);
  const stop = async () => {
    await redis.end();
    await removeFolder(folder);
  };
  let hasEnded = false;
  void redis.ended.then(() => {
    hasEnded = true;
  });
  const client = connect(port);
  try {
    const answered = await holdsWithin(
      async () => hasEnded || (await client.ping().catch(() => '')) === 'PONG',
      READY_MAX_MS,
    );
    const isReady = answered && !hasEnded;
    // Another server may have taken the port between our look and this start: then that one answered.
    const isOurs = isReady && (await client.info('server')).includes(`process_id:${redis.pid}\r\n`);
    if (isOurs && redis.pid !== null) return { url: `redis://127.0.0.1:${port}`, port, pid: redis.pid, stop };
  } finally {
    client.disconnect();
  }
  await stop();
  const { output, missing } = await redis.ended;
  return missing ? 'redis-server is not on the PATH' : output.trim().split('\n').slice(-3).join(' ');
}

function connect(port: number): Redis {
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  return client;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return !(await deadlineReached(listening, 1000));
  } catch {
    return false;
  } finally {
    server.close();
  }
}
