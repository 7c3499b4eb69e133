// The Redis of a peer: a redis-server of its own on a Unix socket, filled and counted in the keys of
// bench/peers/invite-row.lua.

import { join } from 'node:path';
import { type ChainableCommander, Redis } from 'ioredis';
import { askRedis } from '../../src/embedded/ask-redis.js';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { spawnGuarded } from '../../src/embedded/guarded-process.js';
import type { Counts, StartOptions, World } from '../contender.js';
import { channelJson, chunks, guildJson, userJson } from './peer-json.js';
import type { PeerBackend } from './peer-servers.js';

const READY_MAX_MS = 30_000;
const PING_MAX_MS = 1000;
const CONNECT_MAX_MS = 5000;
const PIPELINE_MAX = 5000;
const GUILD_MEMBERS_MAX = 1_000_000;

export async function startPeerRedis({ folder, fsync }: StartOptions): Promise<PeerBackend> {
  const socketPath = join(folder, 'redis.sock');
  const redis = await spawnGuarded('redis-server', redisArguments(folder, socketPath, fsync));
  let hasEnded = false;
  void redis.ended.then(() => {
    hasEnded = true;
  });
  let client: Redis | undefined;
  const stop = async () => {
    client?.disconnect();
    await redis.end();
  };
  try {
    const isReady = await holdsWithin(
      async () => hasEnded || (await askRedis(socketPath, 'PING', PING_MAX_MS)) === 'ready',
      READY_MAX_MS,
    );
    const { pid } = redis;
    if (!isReady || hasEnded || pid === null) {
      throw new Error(`redis-server did not start: is Redis 7 installed? See ${join(folder, 'redis.log')}.`);
    }
    const connected = new Redis(socketPath, {
      lazyConnect: true,
      connectTimeout: CONNECT_MAX_MS,
      retryStrategy: () => null,
    });
    client = connected;
    connected.on('error', () => {});
    await connected.connect();
    return {
      env: { PEER_REDIS_URL: `unix://${socketPath}` },
      pids: () => [pid],
      load: (world) => load(connected, world),
      count: (world) => count(connected, world),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function redisArguments(folder: string, socketPath: string, fsync: StartOptions['fsync']): readonly string[] {
  const settings: readonly (readonly [string, string])[] = [
    ['port', '0'],
    ['unixsocket', socketPath],
    ['unixsocketperm', '700'],
    ['dir', folder],
    ['logfile', join(folder, 'redis.log')],
    ['save', ''],
    ['appendonly', fsync === 'off' ? 'no' : 'yes'],
    ['appendfsync', fsync === 'off' ? 'no' : fsync],
    ['maxmemory-policy', 'noeviction'],
    ['daemonize', 'no'],
  ];
  return settings.flatMap(([name, value]) => [`--${name}`, value]);
}

async function load(redis: Redis, world: World): Promise<void> {
  await pipelined(redis, world.users, (line, user) => line.hset(`user:${user.id}`, { json: userJson(user) }));
  await pipelined(redis, world.guilds, (line, guild) =>
    line
      .hset(`guild:${guild.id}`, {
        owner_id: guild.ownerId,
        max_members: GUILD_MEMBERS_MAX,
        json: guildJson(guild),
      })
      .hset(`guild:${guild.id}:members`, guild.ownerId, '')
      .hset(`channel:${guild.channelId}`, { guild_id: guild.id, json: channelJson(guild) }),
  );
  const createdAtMs = Date.now();
  await pipelined(redis, world.invites, (line, invite) =>
    line.hset(`invite:${invite.code}`, {
      guild_id: invite.guildId,
      channel_id: invite.channelId,
      inviter_id: invite.inviterId,
      created_at_ms: createdAtMs,
      expires_at_ms: '',
      max_age_s: 0,
      max_uses: invite.maxUses,
      uses: 0,
      temporary: 0,
      version: 1,
    }),
  );
}

async function count(redis: Redis, world: World): Promise<Counts> {
  const uses = await pipelined(redis, world.invites, (line, { code }) => line.hget(`invite:${code}`, 'uses'));
  const members = await pipelined(redis, world.guilds, (line, { id }) => line.hlen(`guild:${id}:members`));
  return {
    uses: sum(uses),
    joins: sum(members) - world.guilds.length,
    records: await redis.xlen('joins'),
  };
}

/** Adds commands for each item, and gives the replies of all. The first that failed is thrown. */
async function pipelined<T>(
  redis: Redis,
  items: readonly T[],
  add: (line: ChainableCommander, item: T) => unknown,
): Promise<readonly unknown[]> {
  const replies: unknown[] = [];
  for (const chunk of chunks(items, PIPELINE_MAX)) {
    const line = redis.pipeline();
    for (const item of chunk) add(line, item);
    for (const [error, reply] of (await line.exec()) ?? []) {
      if (error !== null) throw error;
      replies.push(reply);
    }
  }
  return replies;
}

function sum(values: readonly unknown[]): number {
  return values.reduce<number>((total, value) => total + Number(value), 0);
}
