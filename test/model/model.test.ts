// Random commands by several users in two guilds, against the oracle. A failing run prints its seed and the shortest
// list of commands that shows it; MODEL_SEED and MODEL_RUNS repeat it or go further.

import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.js';
import type { Caller } from '../../src/invite/caller.js';
import type { Snowflake } from '../../src/invite/id.js';
import { createStore } from '../../src/store/store.js';
import { Oracle } from './oracle.js';

const SEED = Number(process.env['MODEL_SEED'] ?? 20261123);
const RUNS = Number(process.env['MODEL_RUNS'] ?? 400);
const USERS = 6;
const GUILDS = 2;
const VANITIES = 3;

type Command =
  | { readonly do: 'create'; readonly guild: number; readonly user: number; readonly maxUses: number }
  | { readonly do: 'accept'; readonly invite: number; readonly user: number; readonly address: number }
  | { readonly do: 'accept vanity'; readonly vanity: number; readonly user: number; readonly shout: boolean }
  | { readonly do: 'revoke'; readonly invite: number; readonly user: number }
  | {
      readonly do: 'edit';
      readonly invite: number;
      readonly user: number;
      readonly version: number | null;
      readonly maxUses: number | null;
      readonly isPaused: boolean | null;
    }
  | { readonly do: 'ban' | 'unban' | 'remove' | 'put member'; readonly guild: number; readonly user: number }
  | { readonly do: 'ban address' | 'unban address'; readonly guild: number; readonly address: number }
  | { readonly do: 'set vanity'; readonly guild: number; readonly vanity: number }
  | { readonly do: 'remove vanity'; readonly guild: number }
  | {
      readonly do: 'put guild';
      readonly guild: number;
      readonly isPaused: boolean;
      readonly hasFeature: boolean;
      readonly maxMembers: number;
    };

const guild = fc.nat(GUILDS - 1);
const user = fc.nat(USERS - 1);
const address = fc.nat(2);
const vanity = fc.nat(VANITIES - 1);
const invite = fc.nat(7);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      guild,
      user,
      maxUses: fc.constantFrom(0, 1, 2, 3),
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('accept' as const), invite, user, address }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('accept vanity' as const), vanity, user, shout: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('revoke' as const), invite, user }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('edit' as const),
      invite,
      user,
      version: fc.constantFrom(null, 1, 2, 3),
      maxUses: fc.constantFrom(null, 0, 1, 2, 3),
      isPaused: fc.constantFrom(null, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('ban', 'unban', 'remove', 'put member'), guild, user }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('ban address', 'unban address'), guild, address }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('set vanity' as const), guild, vanity }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove vanity' as const), guild }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('put guild' as const),
      guild,
      isPaused: fc.boolean(),
      hasFeature: fc.boolean(),
      maxMembers: fc.constantFrom(2, 3, 1000),
    }),
  },
);

describe('the engine and the oracle', () => {
  let redis: Redis;
  let engine: Engine;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'), { protocol: 2 });
    engine = createEngine(createStore(redis, { isCluster: false, waitingMax: 1000 }), {
      codeLength: 8,
      maxInvitesPerGuild: 1000,
    });
  });
  afterAll(() => redis.quit());

  it(`agree on ${RUNS} runs of up to 50 random commands (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 50, size: 'max' }), async (commands) => {
        const world = new ModelWorld(engine);
        await world.start();
        for (const one of commands) await world.run(one);
        await world.compare();
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 120_000);
});

class ModelWorld {
  readonly #engine: Engine;
  readonly #users = Array.from({ length: USERS }, newId);
  readonly #guilds: { readonly id: Snowflake; readonly channelId: Snowflake; readonly oracle: Oracle }[] = [];
  readonly #vanities = Array.from({ length: VANITIES }, () => `model-${newId()}`);
  readonly #codes: { readonly code: string; readonly guild: number }[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async start(): Promise<void> {
    for (let at = 0; at < GUILDS; at += 1) {
      const entry = { id: newId(), channelId: newId(), oracle: new Oracle(this.#user(at), 1000) };
      this.#guilds.push(entry);
      await this.#putGuild(at);
      await this.#engine.putChannel({
        id: entry.channelId,
        guild_id: entry.id,
        name: 'general',
        type: 0,
        position: 0,
        permission_overwrites: [],
      });
    }
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case 'create': {
        const { id: _, channelId, oracle } = this.#guild(command.guild);
        const inviter = this.#user(command.user);
        const outcome = await this.#engine.create(
          { channelId, maxAgeS: 0, maxUses: command.maxUses, isTemporary: false, isUnique: true },
          callerOf(inviter),
        );
        expect(outcome.status).toBe(oracle.create(inviter));
        if (!('invite' in outcome)) return;
        oracle.invites.set(outcome.invite.revision.code, {
          ...{ inviter, maxUses: command.maxUses },
          ...{ uses: 0, isPaused: false, version: 1 },
        });
        this.#codes.push({ code: outcome.invite.revision.code, guild: command.guild });
        return;
      }
      case 'accept': {
        const target = this.#codes[command.invite % Math.max(1, this.#codes.length)];
        if (target === undefined) return;
        const outcome = await this.#engine.accept(
          target.code,
          this.#user(command.user),
          addressOf(command.address),
        );
        const expected = this.#guild(target.guild).oracle.accept(
          target.code,
          this.#user(command.user),
          addressOf(command.address),
        );
        expect(outcome.status).toBe(expected);
        return;
      }
      case 'accept vanity': {
        const code = this.#vanities[command.vanity] ?? '';
        const spelled = command.shout ? code.toUpperCase() : code;
        const outcome = await this.#engine.accept(spelled, this.#user(command.user), null);
        const holder = this.#guilds.find(({ oracle }) => oracle.vanity?.code === code);
        expect(outcome.status).toBe(holder?.oracle.accept(code, this.#user(command.user), '') ?? 'unknown');
        return;
      }
      case 'revoke': {
        const target = this.#codes[command.invite % Math.max(1, this.#codes.length)];
        if (target === undefined) return;
        const by = this.#user(command.user);
        const outcome = await this.#engine.revoke(target.code, callerOf(by));
        expect(outcome.status).toBe(this.#guild(target.guild).oracle.revoke(target.code, by));
        return;
      }
      case 'edit': {
        const target = this.#codes[command.invite % Math.max(1, this.#codes.length)];
        if (target === undefined) return;
        const { version, maxUses, isPaused } = command;
        const by = this.#user(command.user);
        const outcome = await this.#engine.edit(
          target.code,
          callerOf(by),
          { maxAgeS: null, maxUses, isTemporary: null, isPaused },
          version === null ? 'any' : [version],
        );
        const { oracle } = this.#guild(target.guild);
        expect(outcome.status).toBe(oracle.edit(target.code, by, version, maxUses, isPaused));
        return;
      }
      case 'set vanity':
      case 'remove vanity': {
        const { id, oracle } = this.#guild(command.guild);
        const code = command.do === 'set vanity' ? (this.#vanities[command.vanity] ?? '') : null;
        const isTaken = this.#guilds.some((other) => other.id !== id && other.oracle.vanity?.code === code);
        const outcome = await this.#engine.setVanity(id, SERVICE, code);
        expect(outcome.status).toBe(oracle.setVanity(code, isTaken));
        return;
      }
      case 'put guild': {
        const { oracle } = this.#guild(command.guild);
        oracle.isPaused = command.isPaused;
        oracle.hasFeature = command.hasFeature;
        oracle.maxMembers = command.maxMembers;
        return this.#putGuild(command.guild);
      }
      default:
        return this.#direct(command);
    }
  }

  /** At the end every number must be the oracle's. */
  async compare(): Promise<void> {
    for (const { id, oracle } of this.#guilds) {
      const listed = await this.#engine.listGuild(id, SERVICE);
      if (listed.status !== 'listed') throw new Error(listed.status);
      const found = listed.invites.map(({ revision, uses }) => [revision.code, uses, revision.version]);
      const expected = [...oracle.invites].map(([code, { uses, version }]) => [code, uses, version]);
      expect(found).toEqual(expected.reverse());
      const vanity = await this.#engine.getVanity(id, SERVICE);
      if (vanity.status !== 'is') throw new Error(vanity.status);
      expect([vanity.vanity.code, vanity.vanity.uses]).toEqual([
        oracle.vanity?.code ?? null,
        oracle.vanity?.uses ?? 0,
      ]);
      for (const user of this.#users) {
        const member = await this.#engine.getMember(id, user);
        expect(member !== 'unknown_member').toBe(oracle.members.has(user));
      }
    }
  }

  async #direct(
    command: Exclude<
      Command,
      {
        do:
          | 'create'
          | 'accept'
          | 'accept vanity'
          | 'revoke'
          | 'edit'
          | 'set vanity'
          | 'remove vanity'
          | 'put guild';
      }
    >,
  ): Promise<void> {
    const { id, oracle } = this.#guild(command.guild);
    if ('address' in command) {
      const text = addressOf(command.address);
      const address = { text, banKey: text };
      if (command.do === 'ban address') {
        oracle.addressBans.add(text);
        await this.#engine.putIpBan({ guild_id: id, address: text, reason: null }, address);
      } else {
        oracle.addressBans.delete(text);
        await this.#engine.deleteIpBan(id, address);
      }
      return;
    }
    const userId = this.#user(command.user);
    switch (command.do) {
      case 'ban':
        oracle.ban(userId);
        await this.#engine.putBan({ guild_id: id, user_id: userId, reason: null });
        return;
      case 'unban':
        oracle.bans.delete(userId);
        await this.#engine.deleteBan(id, userId);
        return;
      case 'remove':
        oracle.remove(userId);
        await this.#engine.deleteMember(id, userId);
        return;
      case 'put member':
        oracle.members.add(userId);
        await this.#engine.putMember({ guild_id: id, user_id: userId, roles: [], temporary: false });
        return;
    }
  }

  async #putGuild(at: number): Promise<void> {
    const { id, oracle } = this.#guild(at);
    await this.#engine.putGuild({
      id,
      name: 'model',
      owner_id: oracle.owner as Snowflake,
      icon_hash: null,
      banner_hash: null,
      splash_hash: null,
      features: [
        ...(oracle.isPaused ? ['INVITES_DISABLED'] : []),
        ...(oracle.hasFeature ? ['VANITY_URL'] : []),
      ],
      roles: [],
      max_members: oracle.maxMembers,
      member_count: null,
      presence_count: null,
    });
  }

  #guild(at: number) {
    const found = this.#guilds[at];
    if (found === undefined) throw new Error('no such guild');
    return found;
  }

  #user(at: number): Snowflake {
    const found = this.#users[at];
    if (found === undefined) throw new Error('no such user');
    return found;
  }
}

const SERVICE: Caller = { userId: '1' as Snowflake, role: 'service', permissions: null };

function callerOf(userId: Snowflake): Caller {
  return { userId, role: 'user', permissions: null };
}

function addressOf(at: number): string {
  return `192.0.2.${at}`;
}

function newId(): Snowflake {
  return `${randomInt(1, 2 ** 31)}${String(randomInt(0, 10 ** 9)).padStart(9, '0')}` as Snowflake;
}
