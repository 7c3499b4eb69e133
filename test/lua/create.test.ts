import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import {
  ADMINISTRATOR,
  codeIn,
  EVERYONE,
  MANAGE_GUILD,
  newId,
  type Reply,
  rowOf,
  World,
  worlds,
} from './world.js';

interface Options {
  readonly code?: string;
  readonly userId?: string;
  readonly isService?: boolean;
  readonly claimed?: number | '';
  readonly maxAge?: number;
  readonly maxUses?: number;
  readonly temporary?: boolean;
  readonly unique?: boolean;
  readonly limit?: number;
}

describe.each(worlds)('create.lua on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  const create = (
    place: { readonly id: string; readonly channelId: string },
    options: Options = {},
  ): Promise<Reply> =>
    world.at(
      place.id,
      'create',
      options.code ?? codeIn(place.id),
      place.id === place.channelId ? '' : place.id,
      place.channelId,
      options.userId ?? '1',
      options.isService ? 1 : 0,
      options.claimed ?? '',
      options.maxAge ?? 0,
      options.maxUses ?? 0,
      options.temporary ? 1 : 0,
      options.unique === false ? 0 : 1,
      options.limit ?? 1000,
      '',
      '',
    );

  it('makes an invite that expires exactly max_age after its creation', async () => {
    const guild = await world.guild();
    const [entries, marks] = [await world.entries(guild.id), await world.marks(guild.id)];
    const code = codeIn(guild.id);
    const reply = await create(guild, {
      code,
      userId: guild.ownerId,
      maxAge: 60,
      maxUses: 7,
      temporary: true,
    });
    expect(reply[0]).toBe('created');
    const row = rowOf(reply);
    expect(row).toMatchObject({ code, inviterId: guild.ownerId, uses: 0, version: 1, flags: 1 });
    expect(Number(row.expiresAtMs)).toBe(row.createdAtMs + 60_000);
    const key = world.key(guild.id, `invite:${code}`);
    expect(await world.redis.pexpiretime(key)).toBe(Number(row.expiresAtMs) + 60_000);
    const member = `${partitionOfId(guild.id)} ${code} ${guild.id} ${guild.channelId}`;
    expect(await world.redis.zscore(world.journalKey(guild.id, 'expiring'), member)).toBe(
      String(row.expiresAtMs),
    );
    expect(await world.entries(guild.id)).toBe(entries + 1);
    // The copy learns of the invite from its event.
    expect(await world.marks(guild.id)).toEqual(marks);
    const [event] = await world.events(guild.id, 1);
    expect(event).toMatchObject({
      type: 'INVITE_CREATE',
      guild_id: guild.id,
      channel_id: guild.channelId,
      code,
      inviter_id: guild.ownerId,
      expires_at_ms: String(row.expiresAtMs),
      max_age_s: '60',
      max_uses: '7',
      version: '1',
    });
  });

  it('keeps an invite without max_age for ever', async () => {
    const guild = await world.guild();
    const code = codeIn(guild.id);
    expect(rowOf(await create(guild, { code, userId: guild.ownerId })).expiresAtMs).toBe('');
    expect(await world.redis.pttl(world.key(guild.id, `invite:${code}`))).toBe(-1);
  });

  it('takes no code that is taken, by an invite or by a pointer', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    expect(await create(guild, { code, userId: guild.ownerId })).toEqual(['code_taken']);
    const pointed = codeIn(guild.id);
    await world.at(guild.id, 'pointer-claim', pointed, newId(), '');
    expect(await create(guild, { code: pointed, userId: guild.ownerId })).toEqual(['code_taken']);
  });

  it('knows no channel that the guild does not have', async () => {
    const guild = await world.guild();
    expect(await create({ id: guild.id, channelId: newId() }, { userId: guild.ownerId })).toEqual([
      'unknown_channel',
    ]);
    expect(await create({ id: newId(), channelId: newId() }, { isService: true })).toEqual([
      'unknown_channel',
    ]);
  });

  it('invites nobody to a category', async () => {
    const guild = await world.guild({ rule: '4 0' });
    expect(await create(guild, { userId: guild.ownerId })).toEqual(['invalid_channel_type']);
  });

  it('counts live invites against the limit, exactly', async () => {
    const guild = await world.guild();
    const of = { userId: guild.ownerId, limit: 3 };
    const replies = [];
    for (let at = 0; at < 4; at += 1) replies.push((await create(guild, of))[0]);
    expect(replies).toEqual(['created', 'created', 'created', 'max_invites']);
  });

  it.each([
    [-1, 'max_invites'],
    [0, 'created'],
    [1, 'created'],
  ])('%d ms from the end of the only other invite answers %s', async (offsetMs, status) => {
    const guild = await world.guild();
    const first = await create(guild, { userId: guild.ownerId, maxAge: 60 });
    const nowMs = Number(rowOf(first).expiresAtMs) + offsetMs;
    const reply = await world.atTime(
      nowMs,
      guild.id,
      'create',
      codeIn(guild.id),
      guild.id,
      guild.channelId,
      guild.ownerId,
      0,
      '',
      0,
      0,
      0,
      1,
      1,
      '',
      '',
    );
    expect(reply[0]).toBe(status);
  });

  it('finds the newest own invite with the same settings when a new one is not asked for', async () => {
    const guild = await world.guild();
    const settings = { userId: guild.ownerId, maxAge: 60, maxUses: 5 };
    await create(guild, settings);
    const newest = rowOf(await create(guild, settings)).code;
    await create(guild, { ...settings, maxUses: 6 });
    await create(guild, { ...settings, maxAge: 61 });
    await create(guild, { ...settings, temporary: true });
    const reused = await create(guild, { ...settings, unique: false, limit: 1 });
    expect(reused[0]).toBe('reused');
    expect(rowOf(reused).code).toBe(newest);
  });

  it("does not take a paused or an expired invite, or another one's, for the own", async () => {
    const guild = await world.guild();
    const mine = { userId: guild.ownerId, unique: false };
    const paused = rowOf(await create(guild, mine)).code;
    await world.setField(world.codeKey(String(paused)), 'flags', 2);
    const second = await create(guild, mine);
    expect(second[0]).toBe('created');
    await world.setField(world.codeKey(String(rowOf(second).code)), 'inviter_id', newId());
    const third = await create(guild, mine);
    expect(third[0]).toBe('created');
    await world.setField(world.codeKey(String(rowOf(third).code)), 'expires_at_ms', 1);
    expect((await create(guild, mine))[0]).toBe('created');
  });

  it('lets a recipient invite to a group DM, and knows it for nobody else', async () => {
    const groupDm = await world.groupDm([newId(), newId()]);
    expect((await create(groupDm, { userId: groupDm.ownerId }))[0]).toBe('created');
    expect((await create(groupDm, { isService: true }))[0]).toBe('created');
    expect(await create(groupDm, { userId: newId() })).toEqual(['unknown_channel']);
    expect(await create(groupDm, { userId: newId(), claimed: ADMINISTRATOR })).toEqual(['unknown_channel']);
  });

  // Who may: owner, ADMINISTRATOR, @everyone, roles, then overwrites for @everyone, roles (denies, then allows), member.
  const role = newId();
  const other = newId();
  it.each<{
    name: string;
    roles?: [string, number][];
    has?: string;
    rule?: (g: string, u: string) => string;
    may: boolean;
  }>([
    { name: 'a member by the default of @everyone', may: true },
    { name: 'nobody where @everyone lacks it', roles: [['G', 1024]], may: false },
    {
      name: 'a member by a role',
      roles: [
        ['G', 1024],
        [role, 1],
      ],
      has: role,
      may: true,
    },
    {
      name: 'nobody by a role that he lacks',
      roles: [
        ['G', 1024],
        [role, 1],
      ],
      may: false,
    },
    { name: 'nobody by a role that the guild lacks', roles: [['G', 1024]], has: role, may: false },
    {
      name: 'an administrator against every overwrite',
      roles: [[role, ADMINISTRATOR]],
      has: role,
      rule: (g, u) => `0 0 ${g}:0:0:1025 ${u}:1:0:1025`,
      may: true,
    },
    { name: 'nobody against an overwrite for @everyone', rule: (g) => `0 0 ${g}:0:0:1`, may: false },
    {
      name: 'a member by an overwrite for @everyone',
      roles: [['G', 1024]],
      rule: (g) => `0 0 ${g}:0:1:0`,
      may: true,
    },
    {
      name: 'a member whose role is allowed again',
      has: role,
      rule: (g) => `0 0 ${g}:0:0:1 ${role}:0:1:0`,
      may: true,
    },
    {
      name: 'a member with one role denied and one allowed',
      has: `${role},${other}`,
      rule: () => `0 0 ${role}:0:0:1 ${other}:0:1:0`,
      may: true,
    },
    {
      name: 'nobody whose own overwrite denies',
      has: role,
      rule: (_, u) => `0 0 ${role}:0:1:0 ${u}:1:0:1`,
      may: false,
    },
    {
      name: 'a member whose own overwrite allows',
      has: role,
      rule: (_, u) => `0 0 ${role}:0:0:1 ${u}:1:1:0`,
      may: true,
    },
    { name: 'nobody who can not view the channel', rule: (g) => `0 0 ${g}:0:0:1024`, may: false },
  ])('lets in $name', async ({ roles, has, rule, may }) => {
    const id = newId();
    const userId = newId();
    const guild = await world.guild({
      id,
      rule: rule?.(id, userId) ?? '0 0',
      roles: (roles ?? []).map(([roleId, bits]) => [roleId === 'G' ? id : roleId, bits] as const),
    });
    await world.at(id, 'member-put', id, userId, `p${has ?? ''}`);
    expect((await create(guild, { userId }))[0]).toBe(may ? 'created' : 'missing_permissions');
  });

  it.each([
    ['what he claims', EVERYONE, 'created'],
    ['administrator', ADMINISTRATOR, 'created'],
    ['too little', 1024, 'missing_permissions'],
    ['the right, but not the view', 1, 'missing_permissions'],
    ['nothing', 0, 'missing_permissions'],
    ['another right', MANAGE_GUILD | 1024, 'missing_permissions'],
  ])('believes a claim, of a stranger too: %s', async (_, claimed, status) => {
    const guild = await world.guild();
    expect((await create(guild, { userId: newId(), claimed }))[0]).toBe(status);
  });

  it('lets in a service and the owner, and no stranger', async () => {
    const guild = await world.guild({ roles: [] });
    expect((await create(guild, { isService: true }))[0]).toBe('created');
    expect((await create(guild, { userId: guild.ownerId }))[0]).toBe('created');
    expect(await create(guild, { userId: newId() })).toEqual(['missing_permissions']);
  });
});
