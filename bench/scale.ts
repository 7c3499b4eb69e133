// Does it get slower or larger than it should as it fills? Three of it are up at once, with 1 thousand, 100 thousand and
// 1 million live invites, the last with 5 million members besides; they take turns at accepting and reading.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { partitionOfId } from '../src/invite/partition.js';
import type { Running, StartOptions, World } from './contender.js';
import { invited } from './contenders/invited.js';
import type { RequestShape, Traffic } from './load/traffic.js';
import { KEYS, type RoundSettings, type Standing, takeTurns } from './rounds.js';
import { makeWorld, zipfPicks } from './world.js';

const SIZES = [
  { invites: 1_000, members: 0 },
  { invites: 100_000, members: 0 },
  { invites: 1_000_000, members: 5_000_000 },
] as const;
/** So that no guild has more than a thousand invites, which is the default limit. */
const INVITES_A_GUILD = 500;
const MEMBERS_A_COMMAND = 1000;
const PICKS = 65_536;
/** Invites that the load asks for. */
const ASKED = 1000;
const FIRST_MEMBER = 3_000_000_000_000_000n;

export interface ScaleResult {
  readonly sizes: readonly {
    readonly invites: number;
    readonly members: number;
    readonly acceptPerSecond: number;
    readonly readPerSecond: number;
    /** Throughput as a share of that of the smallest: the median of the ratios within each round. */
    readonly acceptOfSmallest: number;
    readonly readOfSmallest: number;
    /** Redis memory of one invite with its index entries; of one member; null where none were put in. */
    readonly bytesPerInvite: number;
    readonly bytesPerMember: number | null;
    /** The event and the change mark of one invite, which wait for whoever copies and hears them. */
    readonly bytesWaitingPerInvite: number;
  }[];
}

interface Filled {
  readonly name: string;
  readonly running: Running;
  readonly world: World;
  readonly bytes: { readonly invite: number; readonly member: number | null; readonly waiting: number };
}

export async function measureScale(
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<ScaleResult> {
  tell('scale');
  const filled: Filled[] = [];
  const folders: string[] = [];
  try {
    for (const size of SIZES) {
      const folder = await mkdtemp(join(tmpdir(), 'invited-bench-'));
      folders.push(folder);
      filled.push(await fill(size, { ...KEYS, folder, fsync: 'everysec' }, tell));
    }
    const accepts = await compare(filled, 'accept', settings, tell);
    const reads = await compare(filled, 'read', settings, tell);
    return {
      sizes: SIZES.map(({ invites, members }, at) => ({
        invites,
        members,
        acceptPerSecond: accepts[at]?.median.perSecond ?? Number.NaN,
        readPerSecond: reads[at]?.median.perSecond ?? Number.NaN,
        acceptOfSmallest: accepts[at]?.median.share ?? Number.NaN,
        readOfSmallest: reads[at]?.median.share ?? Number.NaN,
        bytesPerInvite: filled[at]?.bytes.invite ?? Number.NaN,
        bytesPerMember: filled[at]?.bytes.member ?? null,
        bytesWaitingPerInvite: filled[at]?.bytes.waiting ?? Number.NaN,
      })),
    };
  } finally {
    for (const { running } of filled) await running.stop();
    for (const folder of folders)
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function fill(
  { invites, members }: (typeof SIZES)[number],
  options: StartOptions,
  tell: (line: string) => void,
): Promise<Filled> {
  const name = `${invites} invites`;
  // What is filled in past the engine is in no copy.
  const running = await invited(name, { INVITED_POSTGRES: 'off' }).start(options);
  const redis = new Redis({ path: join(options.folder, 'redis.sock'), protocol: 2 });
  try {
    const world = makeWorld({ guilds: Math.ceil(invites / INVITES_A_GUILD), invites });
    await running.load({ ...world, invites: [] });
    const start = await usedBytes(redis);
    await running.load({ users: [], guilds: [], invites: world.invites });
    const withWaiting = await usedBytes(redis);
    await forgetWaiting(redis);
    const withInvites = await usedBytes(redis);
    tell(`${name}: filled`);
    let member: number | null = null;
    if (members > 0) {
      await putMembers(redis, world, members);
      member = ((await usedBytes(redis)) - withInvites) / members;
      tell(`${members} members: filled`);
    }
    const bytes = {
      invite: (withInvites - start) / invites,
      waiting: (withWaiting - withInvites) / invites,
      member,
    };
    return { name, running, world, bytes };
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    redis.disconnect();
  }
}

/** Memberships as an accept leaves them, put past the engine: five million accepts would take minutes. */
async function putMembers(redis: Redis, world: World, members: number): Promise<void> {
  // A tenth of the guilds are large.
  const large = world.guilds.filter((_, at) => at % 10 === 0);
  const each = Math.ceil(members / large.length);
  let number = 0n;
  for (const { id } of large) {
    const key = `invited:{${partitionOfId(id)}}:guild:${id}:members`;
    for (let at = 0; at < each; at += MEMBERS_A_COMMAND) {
      const fields: string[] = [];
      for (let count = Math.min(MEMBERS_A_COMMAND, each - at); count > 0; count -= 1) {
        fields.push(String(FIRST_MEMBER + number), 'p');
        number += 1n;
      }
      await redis.hset(key, ...fields);
    }
  }
}

/** Takes away what waits for the copy and the host, which is not what an invite costs for as long as it lives. */
async function forgetWaiting(redis: Redis): Promise<void> {
  await redis.del('invited:{0}:events', 'invited:{0}:dirty');
}

async function usedBytes(redis: Redis): Promise<number> {
  return (
    Number(/^used_memory_dataset:(\d+)/m.exec(await redis.info('memory'))?.[1]) +
    (await overheadOfKeys(redis))
  );
}

/** The key space's own tables, which Redis counts as overhead and not as data. */
async function overheadOfKeys(redis: Redis): Promise<number> {
  const text = String(await redis.call('MEMORY', 'STATS'));
  return (
    Number(/overhead\.hashtable\.main,(\d+)/.exec(text)?.[1] ?? 0) +
    Number(/overhead\.hashtable\.expires,(\d+)/.exec(text)?.[1] ?? 0)
  );
}

function compare(
  filled: readonly Filled[],
  verb: 'accept' | 'read',
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<readonly Standing[]> {
  const entrants = filled.map(({ name, running, world }) => {
    // Each is asked for as many invites, spread over all it has: only what it holds shall make the difference.
    const asked = Array.from(
      { length: ASKED },
      (_, at) => world.invites[Math.floor((at * world.invites.length) / ASKED)],
    ).filter((invite) => invite !== undefined);
    const guildIds = new Set(asked.map(({ guildId }) => guildId));
    const part = { users: [], guilds: world.guilds.filter(({ id }) => guildIds.has(id)), invites: asked };
    return { name, running, world: part, traffic: traffic(asked, verb) };
  });
  const sum = verb === 'accept' ? 'every answer joins' : 'no answer joins';
  return takeTurns(entrants, entrants[0]?.name ?? '', sum, settings, tell);
}

function traffic(invites: World['invites'], verb: 'accept' | 'read'): Traffic {
  const shape = (code: string): RequestShape =>
    verb === 'accept'
      ? { method: 'POST', path: `/api/v1/invites/${code}`, body: '', user: 'next' }
      : { method: 'GET', path: `/api/v1/invites/${code}`, body: '', user: 'nobody' };
  return {
    requests: zipfPicks(invites.length, PICKS).map((at) => shape(invites[at]?.code ?? '')),
    auth: 'gateway',
    members: null,
  };
}
