// What the fault tests stand on: a Redis, a Postgres and one or more servers that are a test's own to break, filled with
// guilds and invites, and the accounts of all that was asked of them.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect } from 'vitest';
import { journalKey } from '../../src/store/journals.js';
import { type AccountedInvite, Accounts, type Sum, sumLine } from '../support/accounts.js';
import {
  asService,
  createInvite,
  type Host,
  importLines,
  setVanity,
  startHost,
} from '../support/directory.js';
import { snowflake, unusedCode, unusedVanity } from '../support/ids.js';
import { findPostgres, type LocalPostgres, startLocalPostgres } from '../support/local-postgres.js';
import { type LocalRedis, startLocalRedis, startLocalRedisOn } from '../support/local-redis.js';
import { jobsProcessOf, workerOf } from '../support/processes.js';
import { until } from '../support/until.js';
import { Load, type LoadOptions } from './load.js';
import { chance, SEED, say } from './seed.js';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** null: there is no Postgres of this machine's own here, and so nothing that could be killed. */
export const POSTGRES_PROGRAMS = findPostgres();
export const START_MAX_MS = 90_000;

const CONNECTIONS = 32;
const THINK_MS = 15;
const IMPORT_LINES = 5000;
const VERIFY_MAX_S = 60;
/** Longer than a lease, a pause of the supervisor and a start take together. */
export const BACK_MAX_MS = 30_000;

interface Guild {
  readonly id: string;
  readonly ownerId: string;
  readonly channelId: string;
}

export interface Filling {
  readonly guilds: number;
  /** Of each guild, with caps of 1 to 100. */
  readonly capped: number;
}

export interface Verified {
  readonly code: number;
  readonly out: string;
}

export class FaultWorld {
  readonly postgres: LocalPostgres;
  readonly chance = chance(SEED);
  accounts = new Accounts();
  readonly hosts: Host[] = [];
  open: readonly AccountedInvite[] = [];
  capped: readonly AccountedInvite[] = [];
  vanity: AccountedInvite | null = null;
  #guilds: readonly Guild[] = [];
  #redisServer: LocalRedis;
  #load: Load | null = null;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(redis: LocalRedis, postgres: LocalPostgres, env: Readonly<Record<string, string>>) {
    this.#redisServer = redis;
    this.postgres = postgres;
    this.#env = env;
  }

  /** @param env settings of all its servers */
  static async open(servers = 1, env: Readonly<Record<string, string>> = {}): Promise<FaultWorld> {
    if (POSTGRES_PROGRAMS === null) throw new Error('no Postgres');
    say(`seed ${SEED}`);
    const postgres = await startLocalPostgres(POSTGRES_PROGRAMS);
    const world = new FaultWorld(await startLocalRedis([]), postgres, env);
    for (let number = 0; number < servers; number += 1) world.hosts.push(await world.startHost());
    return world;
  }

  startHost(env: Readonly<Record<string, string>> = {}): Promise<Host> {
    return startHost({ ...this.#stores, ...this.#env, ...env });
  }

  get #stores(): Record<string, string> {
    return {
      INVITED_REDIS_URL: this.#redisServer.url,
      INVITED_POSTGRES: 'on',
      INVITED_POSTGRES_URL: this.postgres.url,
    };
  }

  get host(): Host {
    const [host] = this.hosts;
    if (host === undefined) throw new Error('no server');
    return host;
  }

  /** For afterEach: what the servers said is the first that one wants to know. */
  tellIfFailed(state: string | undefined): void {
    if (state === 'fail') for (const { server } of this.hosts) say(server.output());
  }

  async close(): Promise<void> {
    await this.#load?.stop();
    for (const host of this.hosts) await host.stop();
    await this.#redisServer.stop();
    await this.postgres.stop();
  }

  /** SIGTERM, while the clients stay as they are; fails unless it exits with 0. */
  async stopServer(): Promise<void> {
    await this.host.server.stop();
  }

  // The things that can be broken.

  /** Kills Redis, and starts an empty one in its place. */
  async replaceRedis(): Promise<void> {
    const { port, pid } = this.#redisServer;
    process.kill(pid, 'SIGKILL');
    await this.#redisServer.stop();
    this.#redisServer = await startLocalRedisOn(port);
  }

  jobsPid(host = this.host): Promise<number> {
    return until('a jobs process', () => jobsProcessOf(host.server.pid), BACK_MAX_MS);
  }

  workerPid(host = this.host): Promise<number> {
    return until('a worker', () => workerOf(host.server.pid), BACK_MAX_MS);
  }

  // What is there.

  async redis<Result>(ask: (redis: Redis) => Promise<Result>): Promise<Result> {
    const redis = new Redis(this.#redisServer.url, { protocol: 2 });
    redis.on('error', () => {});
    try {
      return await ask(redis);
    } finally {
      redis.disconnect();
    }
  }

  async sql<Row extends object>(text: string): Promise<readonly Row[]> {
    return this.session(async (client) => (await client.query<Row>(text)).rows);
  }

  async session<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    client.on('error', () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Where the copy of the journal has come to. */
  async copiedTo(): Promise<number> {
    const rows = await this.sql<{ seq: string }>('select seq from invited.journals where journal = 0');
    return Number(rows[0]?.seq ?? 0);
  }

  /** Waits until the copy goes on: what happens from now on reaches Postgres. */
  async copiesOn(): Promise<void> {
    const from = Number(await this.redis((redis) => redis.get(journalKey(0, 'seq'))));
    await until('the copy goes on', async () => (await this.copiedTo()) > from, BACK_MAX_MS);
  }

  async isReady(host = this.host): Promise<boolean> {
    return (await host.admin.get('/readyz').catch(() => null))?.status === 200;
  }

  async metric(name: string): Promise<number | null> {
    const { text } = await this.host.admin.get('/metrics');
    const found = new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found);
  }

  /** Lines of a server's log in which the text stands. */
  logLines(text: string, host = this.host): readonly string[] {
    return host.server
      .output()
      .split('\n')
      .filter((line) => line.includes(text));
  }

  // Filling it, and loading it.

  /** With guilds that nobody knows yet, and accounts of them alone. */
  async fill({ guilds, capped }: Filling): Promise<void> {
    this.accounts = new Accounts();
    this.#guilds = Array.from({ length: guilds }, () => ({
      ...{ id: snowflake(), ownerId: snowflake(), channelId: snowflake() },
    }));
    const open: AccountedInvite[] = [];
    const limited: AccountedInvite[] = [];
    const lines: object[] = [];
    for (const { id, ownerId, channelId } of this.#guilds) {
      lines.push({ put: 'guild', id, name: 'A guild', owner_id: ownerId, features: ['VANITY_URL'] });
      lines.push({ put: 'channel', id: channelId, guild_id: id, name: 'general', type: 0, position: 0 });
    }
    await this.import(lines.splice(0));
    for (const { id, ownerId, channelId } of this.#guilds) {
      const line = { put: 'invite', channel_id: channelId, inviter_id: ownerId, max_age: 0, uses: 0 };
      const own = { code: unusedCode(), guildId: id, maxUses: 0 };
      open.push(own);
      for (let number = 0; number < capped; number += 1) {
        limited.push({ code: unusedCode(), guildId: id, maxUses: 1 + this.chance.below(100) });
      }
      for (const { code, maxUses } of [own, ...limited.slice(-capped)]) {
        lines.push({
          ...line,
          code,
          max_uses: maxUses,
          temporary: false,
          created_at: createdAt(lines.length),
        });
      }
    }
    await this.import(lines);
    const [first] = this.#guilds;
    if (first === undefined) throw new Error('no guild');
    this.vanity = { code: `vanity-${unusedVanity(12)}`, guildId: first.id, maxUses: 0 };
    await setVanity(this.host, { ...first, name: 'A guild' }, this.vanity.code);
    this.open = [...open.slice(0, 5), this.vanity];
    this.capped = limited;
    for (const invite of [...open, ...limited, this.vanity]) this.accounts.addInvite(invite);
    for (const { ownerId } of this.#guilds) this.accounts.addResident(ownerId);
  }

  /** All of them, or it fails. */
  async import(lines: readonly object[]): Promise<void> {
    for (let from = 0; from < lines.length; from += IMPORT_LINES) {
      const page = lines.slice(from, from + IMPORT_LINES);
      expect(await importLines(this.host, page)).toMatchObject({ applied: page.length, failed_total: 0 });
    }
  }

  /** Users come, until the test stops them. */
  startLoad(options: Partial<LoadOptions> = {}): Load {
    this.#load = new Load({
      servers: this.hosts.map(({ api, server }) => ({ api, gatewayKey: server.gatewayKey })),
      accounts: this.accounts,
      chance: this.chance,
      open: this.open,
      capped: this.capped,
      renew: () => this.#newInvite(),
      repeats: true,
      connections: CONNECTIONS,
      thinkMs: THINK_MS,
      ...options,
    });
    return this.#load;
  }

  /** null: not right now. */
  async #newInvite(): Promise<AccountedInvite | null> {
    const { id, ownerId, channelId } = this.chance.pick(this.#guilds);
    const maxUses = 1 + this.chance.below(100);
    const fields = { max_uses: maxUses, unique: true };
    const invite = await createInvite(this.host, channelId, ownerId, fields).catch(() => null);
    return invite === null ? null : { code: invite.code, guildId: id, maxUses };
  }

  /** The guild that a code leads to. */
  async guildBehind(code: string): Promise<unknown> {
    const answer = await this.host.api.get(`/api/v1/invites/${code}`, asService());
    expect(answer.status, answer.text).toBe(200);
    return answer.object()['guild_id'];
  }

  // Judging it.

  /** `invited verify`, as a person runs it. */
  verify(...args: readonly string[]): Promise<Verified> {
    const env = { PATH: process.env['PATH'], ...this.#stores };
    return new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, 'verify', ...args], { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out: `${out}${err}` }),
      );
    });
  }

  /** Waits until Redis and Postgres agree, and holds the accounts against both. */
  async settle(what: string): Promise<Sum> {
    const { code, out } = await this.verify('--watch', '--timeout', `${VERIFY_MAX_S}s`);
    expect(code, out).toBe(0);
    const sum = await this.sum(what);
    expect(sum).toMatchObject({ doubled: 0, unasked: 0, overfull: 0 });
    expect([...this.accounts.wrong]).toEqual([]);
    return sum;
  }

  async sum(what: string): Promise<Sum> {
    const joins = await this.sql<{ code: string; userId: string; times: number }>(
      'select code, user_id::text as "userId", count(*)::int as times from invited.joins group by 1, 2',
    );
    const sum = await this.redis((redis) => this.accounts.sum(redis, joins));
    say(`${what}: ${sumLine(sum)}`);
    return sum;
  }
}

/** Of no two invites the same. */
function createdAt(index: number): string {
  return new Date(Date.UTC(2026, 2, 1) + index).toISOString();
}
