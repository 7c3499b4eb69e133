// invited itself, as `npm start` runs it: the program in its own processes with its embedded Redis, in a folder of its own.
// Filled over its import, counted in its Redis and not by what it answered.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { deadlineReached } from '../../src/embedded/deadline.js';
import { partitionOfCode, partitionOfId } from '../../src/invite/partition.js';
import type { Contender, Counts, Running, StartOptions, World } from '../contender.js';
import { InvitedCopy } from './invited-copy.js';
import { readJoins } from './invited-joins.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const READY_MAX_MS = 60_000;
const STOP_MAX_MS = 20_000;
const LINES_A_REQUEST = 20_000;

const DURABILITY = { off: 'cache', everysec: 'everysec', always: 'always' } as const;

/** @param env settings beside those of a default start */
export function invited(name = 'invited', env: Readonly<Record<string, string>> = {}): InvitedContender {
  return { name, start: (options) => start(options, env) };
}

export interface InvitedContender extends Contender {
  start(options: StartOptions): Promise<InvitedRunning>;
}

export interface InvitedRunning extends Running {
  /** How its copy in Postgres stands; null: it has none. */
  readonly copy: InvitedCopy | null;
  readonly adminUrl: string;
  /** The headers of a caller who is a service. */
  readonly service: Readonly<Record<string, string>>;
}

async function start(options: StartOptions, env: Readonly<Record<string, string>>): Promise<InvitedRunning> {
  const child = spawn(
    process.execPath,
    [...(process.env['BENCH_NODE_FLAGS']?.split(' ') ?? []), MAIN, 'start'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        INVITED_HOST: '127.0.0.1',
        INVITED_PORT: '0',
        INVITED_ADMIN_PORT: '0',
        INVITED_DATA_DIR: options.folder,
        INVITED_GATEWAY_KEYS: options.gatewayKey,
        INVITED_JWT_SECRET: options.jwtSecret,
        // So that a bench of creating is not a bench of refusing.
        INVITED_MAX_INVITES_PER_GUILD: '100000',
        INVITED_RATE_LIMITS: 'off',
        INVITED_LOG_LEVEL: 'warn',
        INVITED_DURABILITY: DURABILITY[options.fsync],
        ...env,
      },
    },
  );
  // However the bench ends, it leaves nothing behind.
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  const { url, adminUrl } = await readyUrls(child);
  const redis = new Redis({ path: join(options.folder, 'redis.sock'), protocol: 2 });
  const redisPid = Number(/^process_id:(\d+)/m.exec(await redis.info('server'))?.[1]);
  const service = {
    'x-invited-gateway-key': options.gatewayKey,
    'x-invited-user': '1',
    'x-invited-role': 'service',
  };
  const joins = readJoins(redis);
  const pid = child.pid ?? 0;
  const copy =
    env['INVITED_POSTGRES'] === 'off'
      ? null
      : await InvitedCopy.open(redis, env['INVITED_POSTGRES_URL'] ?? embeddedUrl(options.folder));

  return {
    url,
    adminUrl,
    service,
    copy,
    serverPids: () => [
      pid,
      ...childrenOf(pid).filter((child) => /main\.js.*(worker|jobs)/.test(commandOf(child))),
    ],
    storePids: () => [redisPid, ...embeddedPostgresOf(pid)],
    load: (world) => load(adminUrl, service, world),
    count: (world) => count(redis, joins, world),
    async settle() {
      await copy?.untilWhole();
    },
    async stop() {
      await copy?.close();
      redis.disconnect();
      child.kill('SIGTERM');
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (child.exitCode === null && (await deadlineReached(ended, STOP_MAX_MS))) child.kill('SIGKILL');
    },
  };
}

async function readyUrls(child: ChildProcess): Promise<{ readonly url: string; readonly adminUrl: string }> {
  let printed = '';
  const ready = new Promise<boolean>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (/^ready/m.test(printed)) resolve(true);
    });
    child.once('exit', () => resolve(false));
  });
  const isLate = await deadlineReached(ready, READY_MAX_MS);
  const url = /^ {2}public +(http:\S+)$/m.exec(printed)?.[1];
  const adminUrl = /^ {2}admin +(http:\S+)$/m.exec(printed)?.[1];
  if (!isLate && (await ready) && url !== undefined && adminUrl !== undefined) return { url, adminUrl };
  child.kill('SIGTERM');
  throw new Error('invited did not start.');
}

async function load(adminUrl: string, service: Record<string, string>, world: World): Promise<void> {
  const lines = [
    ...world.users.map((user) => ({ put: 'user', avatar_hash: null, ...user })),
    ...world.guilds.map(({ id, name, ownerId }) => ({ put: 'guild', id, name, owner_id: ownerId })),
    ...world.guilds.map(({ id, channelId }) => ({
      put: 'channel',
      guild_id: id,
      id: channelId,
      name: 'general',
      type: 0,
    })),
    ...world.invites.map((invite) => ({
      put: 'invite',
      code: invite.code,
      channel_id: invite.channelId,
      inviter_id: invite.inviterId,
      max_age: 0,
      max_uses: invite.maxUses,
    })),
  ];
  for (let at = 0; at < lines.length; at += LINES_A_REQUEST) {
    const body = lines.slice(at, at + LINES_A_REQUEST).map((line) => JSON.stringify(line));
    const answer = await fetch(`${adminUrl}/internal/v1/import`, {
      method: 'POST',
      headers: service,
      body: body.join('\n'),
    });
    const told = (await answer.json()) as { readonly failed_total?: number };
    if (answer.status !== 200 || told.failed_total !== 0) {
      throw new Error(`the import failed: ${JSON.stringify(told).slice(0, 500)}`);
    }
  }
}

async function count(redis: Redis, joins: { count(): Promise<number> }, world: World): Promise<Counts> {
  let uses = 0;
  const asked = redis.pipeline();
  for (const { code } of world.invites) {
    // The uses come first in an invite's record (lua/README.md).
    asked.getrange(`invited:{${partitionOfCode(code)}}:invite:${code}`, 0, 15);
  }
  const found = (await asked.exec()) ?? [];
  world.invites.forEach(({ maxUses }, at) => {
    const value = found[at]?.[1];
    // Nothing but its last use ends an invite here.
    uses += typeof value === 'string' && value !== '' ? Number(value) : maxUses;
  });
  const counted = redis.pipeline();
  for (const { id } of world.guilds) counted.hlen(`invited:{${partitionOfId(id)}}:guild:${id}:members`);
  let members = 0;
  for (const [, value] of (await counted.exec()) ?? []) members += Number(value);
  // Each guild's owner was in from the start.
  return { uses, joins: members - world.guilds.length, records: await joins.count() };
}

function embeddedUrl(folder: string): string {
  return `postgres://invited@/invited?host=${encodeURIComponent(join(folder, 'pg'))}`;
}

/** It runs under a guard of its own. */
function embeddedPostgresOf(pid: number): readonly number[] {
  return childrenOf(pid)
    .flatMap(childrenOf)
    .filter((process) => commandOf(process).includes('postgres-program'));
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
