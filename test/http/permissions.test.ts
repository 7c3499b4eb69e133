// How permissions are resolved from roles and overwrites, and how claimed ones take their place.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call } from '../support/client.js';
import {
  bits,
  createInvite,
  type Host,
  makeChannel,
  makeGuild,
  makeMember,
  type Overwrite,
  type PERMISSION,
  putGuild,
  startHost,
} from '../support/directory.js';
import { snowflake } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

type Names = readonly (keyof typeof PERMISSION)[];

interface World {
  /** What @everyone has; left out, the guild tells no such role. */
  readonly everyone?: Names;
  /** What the roles of the member have, called 0, 1, … */
  readonly roles?: readonly Names[];
  readonly overwrites?: readonly {
    readonly of: 'everyone' | 'member' | 'stranger' | number;
    readonly allow?: Names;
    readonly deny?: Names;
    /** Tells the overwrite as one of the other kind. */
    readonly wrongType?: boolean;
  }[];
}

/** What a member may do in a channel, by asking for it. */
async function mayOf(world: World, call: Call = {}): Promise<string> {
  const id = snowflake();
  const member = snowflake();
  const roles = (world.roles ?? []).map((names) => ({ id: snowflake(), permissions: bits(...names) }));
  const everyone = world.everyone === undefined ? [] : [{ id, permissions: bits(...world.everyone) }];
  const guild = await makeGuild(host, { id, roles: [...everyone, ...roles] });
  await makeMember(host, id, { id: member, roles: roles.map((role) => role.id) });
  const permission_overwrites = (world.overwrites ?? []).map(
    ({ of, allow = [], deny = [], wrongType = false }) => {
      const target =
        { everyone: id, member, stranger: snowflake() }[String(of)] ?? roles[Number(of)]?.id ?? '';
      const type = (of === 'member' || of === 'stranger') !== wrongType ? 1 : 0;
      return { id: target, type, allow: bits(...allow), deny: bits(...deny) } satisfies Overwrite;
    },
  );
  const channel = await makeChannel(host, id, { permission_overwrites });
  const asMember = { as: member, ...call };
  const create = await host.api.post(`/api/v1/channels/${channel}/invites`, asMember);
  const channels = await host.api.get(`/api/v1/channels/${channel}/invites`, asMember);
  const guilds = await host.api.get(`/api/v1/guilds/${guild.id}/invites`, asMember);
  const answers = Object.entries({ create, channels, guilds });
  for (const [, answer] of answers) expect([200, 403]).toContain(answer.status);
  for (const [, answer] of answers)
    if (answer.status === 403) expect(answer.object()['code']).toBe('MISSING_PERMISSIONS');
  return answers.flatMap(([name, answer]) => (answer.status === 200 ? [name] : [])).join(' ');
}

const NOTHING = '';
const ALL = 'create channels guilds';

describe('the guild', () => {
  it.each<readonly [string, World, string]>([
    ['lets members invite by default', {}, 'create'],
    ['lets them do nothing where @everyone has nothing', { everyone: [] }, NOTHING],
    ['needs VIEW_CHANNEL beside', { everyone: ['CREATE_INSTANT_INVITE'] }, NOTHING],
    ['lets them look alone', { everyone: ['VIEW_CHANNEL'] }, NOTHING],
    ['lets them invite by @everyone', { everyone: ['VIEW_CHANNEL', 'CREATE_INSTANT_INVITE'] }, 'create'],
    ['adds a role to the default', { roles: [['MANAGE_CHANNELS']] }, 'create channels'],
    ['adds up the roles', { everyone: [], roles: [['VIEW_CHANNEL'], ['MANAGE_CHANNELS']] }, 'channels'],
    ['takes MANAGE_GUILD for the guild alone', { everyone: [], roles: [['MANAGE_GUILD']] }, 'guilds'],
    ['takes MANAGE_GUILD of @everyone', { everyone: ['MANAGE_GUILD'] }, 'guilds'],
    ['takes ADMINISTRATOR for all', { everyone: [], roles: [['ADMINISTRATOR']] }, ALL],
    ['takes ADMINISTRATOR of @everyone for all', { everyone: ['ADMINISTRATOR'] }, ALL],
    ['gives nothing by an empty role', { everyone: [], roles: [[]] }, NOTHING],
  ])('%s', async (_name, world, expected) => {
    expect(await mayOf(world)).toBe(expected);
  });

  it('gives its owner all, whatever the roles and overwrites say', async () => {
    const id = snowflake();
    const guild = await makeGuild(host, { id, roles: [{ id, permissions: '0' }] });
    const deny = bits('VIEW_CHANNEL', 'CREATE_INSTANT_INVITE', 'MANAGE_CHANNELS', 'ADMINISTRATOR');
    const channel = await makeChannel(host, id, {
      permission_overwrites: [
        { id, type: 0, allow: '0', deny },
        { id: guild.ownerId, type: 1, allow: '0', deny },
      ],
    });
    const as = guild.ownerId;
    expect((await host.api.post(`/api/v1/channels/${channel}/invites`, { as })).status).toBe(200);
    expect((await host.api.get(`/api/v1/channels/${channel}/invites`, { as })).status).toBe(200);
    expect((await host.api.get(`/api/v1/guilds/${id}/invites`, { as })).status).toBe(200);
  });

  it('takes a role it does not have for nothing until it has it', async () => {
    const role = { id: snowflake(), permissions: bits('MANAGE_GUILD') };
    const guild = await makeGuild(host);
    const as = await makeMember(host, guild.id, { roles: [role.id] });
    const statusOf = async () => (await host.api.get(`/api/v1/guilds/${guild.id}/invites`, { as })).status;
    expect(await statusOf()).toBe(403);
    await putGuild(host, guild, { roles: [role] });
    expect(await statusOf()).toBe(200);
    await putGuild(host, guild, { roles: [{ ...role, permissions: '0' }] });
    expect(await statusOf()).toBe(403);
  });

  it("takes a new owner at once, and the old one's rights away", async () => {
    const guild = await makeGuild(host);
    const next = await makeMember(host, guild.id);
    const statusOf = async (as: string) =>
      (await host.api.get(`/api/v1/guilds/${guild.id}/invites`, { as })).status;
    expect([await statusOf(guild.ownerId), await statusOf(next)]).toEqual([200, 403]);
    await putGuild(host, guild, { owner_id: next });
    expect([await statusOf(guild.ownerId), await statusOf(next)]).toEqual([403, 200]);
  });

  it('takes bits beyond 2^53 for what they are', async () => {
    for (const permissions of [(1n << 60n) | (1n << 5n), (1n << 53n) | (1n << 62n) | (1n << 5n)]) {
      const call = { permissions: String(permissions) };
      expect(await mayOf({ everyone: [] }, call)).toBe('guilds');
    }
    expect(await mayOf({ everyone: [] }, { permissions: String(1n << 60n) })).toBe(NOTHING);
  });
});

describe('the overwrites of a channel', () => {
  const CREATE = ['CREATE_INSTANT_INVITE'] as const;

  it.each<readonly [string, World, string]>([
    ['@everyone denied', { overwrites: [{ of: 'everyone', deny: CREATE }] }, NOTHING],
    [
      '@everyone allowed',
      { everyone: ['VIEW_CHANNEL'], overwrites: [{ of: 'everyone', allow: CREATE }] },
      'create',
    ],
    [
      '@everyone allowed and denied: the allow is last',
      { overwrites: [{ of: 'everyone', allow: CREATE, deny: CREATE }] },
      'create',
    ],
    [
      'a role allowed over @everyone denied',
      {
        roles: [[]],
        overwrites: [
          { of: 'everyone', deny: CREATE },
          { of: 0, allow: CREATE },
        ],
      },
      'create',
    ],
    [
      'the same in the other order of the list',
      {
        roles: [[]],
        overwrites: [
          { of: 0, allow: CREATE },
          { of: 'everyone', deny: CREATE },
        ],
      },
      'create',
    ],
    [
      'a role denied over @everyone allowed',
      {
        roles: [[]],
        overwrites: [
          { of: 'everyone', allow: CREATE },
          { of: 0, deny: CREATE },
        ],
      },
      NOTHING,
    ],
    [
      'one role denied, another allowed: the allow holds',
      {
        roles: [[], []],
        overwrites: [
          { of: 0, deny: CREATE },
          { of: 1, allow: CREATE },
        ],
      },
      'create',
    ],
    [
      'one role allowed, another denied: the allow holds',
      {
        roles: [[], []],
        overwrites: [
          { of: 0, allow: CREATE },
          { of: 1, deny: CREATE },
        ],
      },
      'create',
    ],
    [
      'a role denied what it gives itself',
      { everyone: ['VIEW_CHANNEL'], roles: [CREATE], overwrites: [{ of: 0, deny: CREATE }] },
      NOTHING,
    ],
    [
      'the member denied over a role allowed',
      {
        roles: [[]],
        overwrites: [
          { of: 0, allow: CREATE },
          { of: 'member', deny: CREATE },
        ],
      },
      NOTHING,
    ],
    [
      'the member allowed over all denied',
      {
        roles: [[]],
        overwrites: [
          { of: 'member', allow: CREATE },
          { of: 'everyone', deny: CREATE },
          { of: 0, deny: CREATE },
        ],
      },
      'create',
    ],
    ['somebody else denied', { overwrites: [{ of: 'stranger', deny: CREATE }] }, 'create'],
    [
      'a role denied that is told as a member',
      { roles: [[]], overwrites: [{ of: 0, deny: CREATE, wrongType: true }] },
      'create',
    ],
    [
      'the member denied, told as a role',
      { overwrites: [{ of: 'member', deny: CREATE, wrongType: true }] },
      'create',
    ],
    [
      'VIEW_CHANNEL denied takes all of the channel and nothing of the guild',
      {
        roles: [['MANAGE_CHANNELS', 'MANAGE_GUILD']],
        overwrites: [{ of: 'everyone', deny: ['VIEW_CHANNEL'] }],
      },
      'guilds',
    ],
    [
      'VIEW_CHANNEL given to the member alone',
      {
        roles: [['MANAGE_CHANNELS']],
        overwrites: [
          { of: 'everyone', deny: ['VIEW_CHANNEL'] },
          { of: 'member', allow: ['VIEW_CHANNEL'] },
        ],
      },
      'create channels',
    ],
    [
      'MANAGE_CHANNELS given in the channel',
      { overwrites: [{ of: 'member', allow: ['MANAGE_CHANNELS'] }] },
      'create channels',
    ],
    [
      'MANAGE_GUILD given in a channel',
      { overwrites: [{ of: 'member', allow: ['MANAGE_GUILD'] }] },
      'create',
    ],
    [
      'nothing denied to ADMINISTRATOR',
      {
        roles: [['ADMINISTRATOR']],
        overwrites: [{ of: 'member', deny: ['VIEW_CHANNEL', 'CREATE_INSTANT_INVITE', 'MANAGE_CHANNELS'] }],
      },
      ALL,
    ],
  ])('%s', async (_name, world, expected) => {
    expect(await mayOf(world)).toBe(expected);
  });
});

describe('claimed permissions', () => {
  it.each<readonly [string, Names, string]>([
    ['none', [], NOTHING],
    ['VIEW_CHANNEL', ['VIEW_CHANNEL'], NOTHING],
    ['CREATE_INSTANT_INVITE without VIEW_CHANNEL', ['CREATE_INSTANT_INVITE'], NOTHING],
    ['CREATE_INSTANT_INVITE', ['CREATE_INSTANT_INVITE', 'VIEW_CHANNEL'], 'create'],
    ['MANAGE_CHANNELS without VIEW_CHANNEL', ['MANAGE_CHANNELS'], NOTHING],
    ['MANAGE_CHANNELS', ['MANAGE_CHANNELS', 'VIEW_CHANNEL'], 'channels'],
    ['MANAGE_GUILD', ['MANAGE_GUILD'], 'guilds'],
    ['ADMINISTRATOR', ['ADMINISTRATOR'], ALL],
  ])(
    'of %s take the place of what a member with all roles and without any may',
    async (_name, names, expected) => {
      const call = { permissions: bits(...names) };
      expect(await mayOf({ everyone: ['ADMINISTRATOR'] }, call)).toBe(expected);
      expect(await mayOf({ everyone: [] }, call)).toBe(expected);
      const denied: World = {
        overwrites: [{ of: 'member', deny: ['VIEW_CHANNEL', 'CREATE_INSTANT_INVITE'] }],
      };
      expect(await mayOf(denied, call)).toBe(expected);
      expect(await mayOf({ everyone: [] }, { ...call, as: snowflake() })).toBe(expected);
    },
  );

  it('do not take a creator his own invite', async () => {
    const guild = await makeGuild(host);
    const creator = await makeMember(host, guild.id);
    const { code } = await createInvite(host, guild.channelId, creator);
    const answer = await host.api.delete(`/api/v1/invites/${code}`, { as: creator, permissions: '0' });
    expect(answer.status, answer.text).toBe(204);
  });
});
