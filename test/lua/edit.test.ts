import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { MANAGE_GUILD, newId, type Reply, rowOf, World, worlds } from './world.js';

const SERVICE = ['1', 1, ''] as const;

interface Changes {
  readonly maxAge?: number;
  readonly maxUses?: number;
  readonly temporary?: 0 | 1;
  readonly paused?: 0 | 1;
}

describe.each(worlds)('edit.lua on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  const argumentsOf = (
    code: string,
    { maxAge = -1, maxUses = -1, temporary, paused }: Changes,
    caller: readonly (string | number)[] = SERVICE,
    wanted = '*',
  ) =>
    [
      code,
      '',
      ...caller,
      wanted,
      maxAge === -1 ? '' : maxAge,
      maxUses === -1 ? '' : maxUses,
      temporary ?? '',
      paused ?? '',
    ] as const;
  const edit = (
    id: string,
    code: string,
    changes: Changes,
    caller: readonly (string | number)[] = SERVICE,
    wanted = '*',
  ): Promise<Reply> => world.at(id, 'edit', ...argumentsOf(code, changes, caller, wanted));
  const record = async (code: string) => ({ ...(await world.record(world.codeKey(code))) });
  /** Where the sweeper and the count of live invites look for it. */
  const expiry = async (place: { readonly id: string; readonly channelId: string }, code: string) => {
    const isDm = place.id === place.channelId;
    const member = `${partitionOfId(place.id)} ${code} ${isDm ? '-' : place.id} ${place.channelId}`;
    return [
      await world.redis.zscore(world.journalKey(place.id, 'expiring'), member),
      await world.redis.zscore(
        world.key(place.id, `${isDm ? 'group-dm' : 'guild'}:${place.id}:expiring`),
        code,
      ),
    ];
  };

  it('changes what is told, and nothing else', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxAge: 60, maxUses: 5 });
    const before = await record(code);
    const reply = await edit(guild.id, code, { maxUses: 9, temporary: 1, paused: 1 });
    expect(reply[0]).toBe('edited');
    expect(rowOf(reply)).toMatchObject({ code, flags: 3, version: 2, uses: 0 });
    const after = await record(code);
    expect(after).toEqual({
      ...before,
      max_uses: '9',
      flags: '3',
      version: '2',
      revision: after['revision'],
    });
    expect(after['revision']).not.toBe(before['revision']);
    expect((await edit(guild.id, code, { paused: 0 }))[0]).toBe('edited');
    expect(await record(code)).toMatchObject({ flags: '1', version: '3', max_uses: '9' });
  });

  it('writes one event that shows the whole invite, its guild and its channel', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxAge: 60, inviterId: guild.ownerId });
    const entries = await world.entries(guild.id);
    await edit(guild.id, code, { maxUses: 9, paused: 1 }, [guild.ownerId, 0, '']);
    expect(await world.entries(guild.id)).toBe(entries + 1);
    const { created_at_ms: createdAtMs, expires_at_ms: expiresAtMs } = await record(code);
    const [event] = await world.events(guild.id, 1);
    expect(event).toEqual({
      type: 'INVITE_UPDATE',
      seq: expect.stringMatching(/^\d+$/),
      at: expect.stringMatching(/^\d+$/),
      guild_id: guild.id,
      channel_id: guild.channelId,
      code,
      inviter_id: guild.ownerId,
      created_at_ms: createdAtMs,
      expires_at_ms: expiresAtMs,
      max_age_s: '60',
      max_uses: '9',
      uses: '0',
      flags: '2',
      version: '2',
      guild: `{"id":"${guild.id}"}`,
      channel: `{"id":"${guild.channelId}"}`,
      recipients: '',
    });
  });

  it('of a group DM tells its recipients in the event', async () => {
    const groupDm = await world.groupDm([newId(), '31', '32']);
    const code = await world.invite(groupDm);
    expect((await edit(groupDm.id, code, { maxUses: 2 }))[0]).toBe('edited');
    const events = await world.events(groupDm.id, 2);
    for (const event of events) {
      expect(event).toMatchObject({
        guild: '',
        channel: `{"id":"${groupDm.id}"}`,
        recipients: `${groupDm.ownerId} 31 32`,
      });
    }
    expect(events.map(({ type }) => type)).toEqual(['INVITE_CREATE', 'INVITE_UPDATE']);
  });

  it('with the same values, or none, changes nothing and writes no event', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxAge: 60, maxUses: 5, temporary: true });
    const [before, entries] = [await record(code), await world.entries(guild.id)];
    const endsAt = await world.redis.pexpiretime(world.codeKey(code));
    const same = { maxAge: 60, maxUses: 5, temporary: 1, paused: 0 } as const;
    for (const changes of [{}, same]) {
      const reply = await edit(guild.id, code, changes);
      expect(reply[0]).toBe('unchanged');
      expect(rowOf(reply)).toMatchObject({ code, version: 1, expiresAtMs: rowOf(reply).expiresAtMs });
      expect(String(rowOf(reply).expiresAtMs)).toBe(before['expires_at_ms']);
    }
    expect(await record(code)).toEqual(before);
    expect(await world.entries(guild.id)).toBe(entries);
    expect(await world.redis.pexpiretime(world.codeKey(code))).toBe(endsAt);
  });

  describe('an age', () => {
    it.each(['guild', 'group DM'])('moves its end in record, indexes and TTL, of a %s', async (what) => {
      const place = what === 'guild' ? await world.guild() : await world.groupDm([newId()]);
      const code = await world.invite(place, { maxAge: 60 });
      const createdAtMs = Number((await record(code))['created_at_ms']);
      for (const maxAge of [3600, 30, 604_800]) {
        expect((await edit(place.id, code, { maxAge }))[0]).toBe('edited');
        const endsAtMs = createdAtMs + maxAge * 1000;
        expect(await record(code)).toMatchObject({
          expires_at_ms: String(endsAtMs),
          max_age_s: String(maxAge),
        });
        expect(await expiry(place, code)).toEqual([String(endsAtMs), String(endsAtMs)]);
        expect(await world.redis.pexpiretime(world.codeKey(code))).toBe(endsAtMs + 60_000);
      }
      expect((await edit(place.id, code, { maxAge: 0 }))[0]).toBe('edited');
      expect(await record(code)).toMatchObject({ expires_at_ms: '-', max_age_s: '0' });
      expect(await expiry(place, code)).toEqual([null, null]);
      expect(await world.redis.pexpiretime(world.codeKey(code))).toBe(-1);
      expect((await edit(place.id, code, { maxAge: 60 }))[0]).toBe('edited');
      expect(await expiry(place, code)).toEqual(Array(2).fill(String(createdAtMs + 60_000)));
      expect((await record(code))['version']).toBe('6');
    });

    it.each([
      [-1, 'edited'],
      [0, 'already_over'],
      [1, 'already_over'],
    ])('that ends %d ms before now answers %s', async (afterMs, status) => {
      const guild = await world.guild();
      const code = await world.invite(guild);
      const before = await record(code);
      const nowMs = Number(before['created_at_ms']) + 60_000 + afterMs;
      const reply = await world.atTime(nowMs, guild.id, 'edit', ...argumentsOf(code, { maxAge: 60 }));
      expect(reply[0]).toBe(status);
      if (status === 'edited') return;
      expect(reply).toEqual(['already_over', 1, 0]);
      expect(await record(code)).toEqual(before);
      expect(await expiry(guild, code)).toEqual([null, null]);
    });

    it('that is prolonged is not swept at the old end, and one that is shortened is at the new', async () => {
      // A server of its own: the sweep is of all that has expired there.
      const own = await World.open(kind, false);
      try {
        const guild = await own.guild();
        const [longer, shorter, never] = [
          await own.invite(guild, { maxAge: 60 }),
          await own.invite(guild, { maxAge: 600 }),
          await own.invite(guild, { maxAge: 60 }),
        ];
        const createdAtMs = Number((await own.record(own.codeKey(never)))?.['created_at_ms']);
        await own.at(guild.id, 'edit', ...argumentsOf(longer, { maxAge: 600 }));
        await own.at(guild.id, 'edit', ...argumentsOf(shorter, { maxAge: 60 }));
        await own.at(guild.id, 'edit', ...argumentsOf(never, { maxAge: 0 }));
        expect(await own.atTime(createdAtMs + 60_000, guild.id, 'sweep', 100)).toEqual(['swept', 1, 0]);
        const [event] = await own.events(guild.id, 1);
        expect(event).toMatchObject({ type: 'INVITE_DELETE', code: shorter, reason: 'expired' });
        expect(await own.atTime(createdAtMs + 601_000, guild.id, 'sweep', 100)).toEqual(['swept', 1, 0]);
        expect((await own.events(guild.id, 1))[0]).toMatchObject({ code: longer });
        expect(await own.record(own.codeKey(never))).not.toBeNull();
      } finally {
        await own.close();
      }
    });

    it('that begins again counts against the limit of the guild as long as it says', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild, { maxAge: 60 });
      await edit(guild.id, code, { maxAge: 600 });
      const expiresAtMs = Number((await record(code))['expires_at_ms']);
      const list = (nowMs: number) => world.atTime(nowMs, guild.id, 'list', guild.id, '', ...SERVICE, '', '');
      expect((await list(expiresAtMs - 1))[1]).toHaveLength(1);
      expect((await list(expiresAtMs))[1]).toHaveLength(0);
    });
  });

  it.each([
    [1, 'already_over'],
    [2, 'already_over'],
    [3, 'edited'],
    [0, 'edited'],
  ])('a cap of %d on two uses answers %s', async (maxUses, status) => {
    const guild = await world.guild();
    const code = await world.invite(guild, { maxUses: 10 });
    for (const userId of [newId(), newId()]) await world.accept(guild.id, code, userId);
    const before = await record(code);
    const reply = await edit(guild.id, code, { maxUses, paused: 1 });
    expect(reply[0]).toBe(status);
    if (status === 'edited') {
      expect(await record(code)).toMatchObject({ max_uses: String(maxUses), uses: before['uses'] });
    } else {
      expect(reply).toEqual(['already_over', 0, 1]);
      expect(await record(code)).toEqual(before);
    }
  });

  it('tells of an age and a cap that are over at once', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    await world.accept(guild.id, code, newId());
    const nowMs = Number((await record(code))['created_at_ms']) + 5000;
    const args = argumentsOf(code, { maxAge: 5, maxUses: 1 });
    expect(await world.atTime(nowMs, guild.id, 'edit', ...args)).toEqual(['already_over', 1, 1]);
  });

  it('pauses: nobody comes in until it is let go again', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    await edit(guild.id, code, { paused: 1 });
    expect((await world.accept(guild.id, code, newId()))[0]).toBe('invites_disabled');
    await edit(guild.id, code, { paused: 0 });
    expect((await world.accept(guild.id, code, newId()))[0]).toBe('accepted');
  });

  it.each([
    ['*', 'edited'],
    ['2', 'edited'],
    ['7 2 9', 'edited'],
    ['1', 'version_mismatch'],
    ['22', 'version_mismatch'],
    ['1 12 3', 'version_mismatch'],
    ['', 'version_mismatch'],
  ])('of version 2, insisting on "%s", answers %s', async (wanted, status) => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    await edit(guild.id, code, { paused: 1 });
    const before = await record(code);
    const reply = await edit(guild.id, code, { paused: 0 }, SERVICE, wanted);
    expect(reply[0]).toBe(status);
    if (status === 'version_mismatch') expect(await record(code)).toEqual(before);
    const revoked = await world.at(
      guild.id,
      'revoke',
      code,
      '',
      ...SERVICE,
      status === 'edited' ? '3' : wanted,
    );
    expect(revoked).toEqual([status === 'edited' ? 'revoked' : 'version_mismatch']);
    expect((await record(code))['version']).toBe(status === 'edited' ? undefined : '2');
  });

  it('checks who asks before the version, and the version before the rules', async () => {
    const guild = await world.guild();
    const code = await world.invite(guild);
    await world.accept(guild.id, code, newId());
    const stranger = [newId(), 0, ''];
    expect(await edit(guild.id, code, { maxUses: 1 }, stranger, '7')).toEqual(['missing_permissions']);
    expect(await edit(guild.id, code, { maxUses: 1 }, SERVICE, '7')).toEqual(['version_mismatch']);
    expect(await edit(guild.id, code, {}, SERVICE, '7')).toEqual(['version_mismatch']);
    expect((await edit(guild.id, code, { maxUses: 1 }, SERVICE, '1'))[0]).toBe('already_over');
    expect((await edit(guild.id, code, { maxUses: 2 }, [newId(), 0, MANAGE_GUILD], '1'))[0]).toBe('edited');
  });

  it('knows no vanity, nothing that has ended, and nothing that never was', async () => {
    const guild = await world.guild({ flags: 2 });
    const code = await world.invite(guild, { maxAge: 60 });
    const { expires_at_ms: expiresAtMs } = await record(code);
    const late = world.atTime(Number(expiresAtMs), guild.id, 'edit', ...argumentsOf(code, { maxAge: 0 }));
    expect(await late).toEqual(['unknown']);
    await world.at(guild.id, 'revoke', code, '', ...SERVICE, '*');
    expect(await edit(guild.id, code, { paused: 1 })).toEqual(['unknown']);
    const vanity = `v-${guild.id}`;
    await world.at(guild.id, 'vanity-set', guild.id, ...SERVICE, vanity, '1', 9_000_000_000_000, '*');
    const [, , ...rest] = argumentsOf(vanity, { paused: 1 });
    expect(await world.at(guild.id, 'edit', vanity, guild.id, ...rest)).toEqual(['unknown']);
  });

  it('says where a pointer leads', async () => {
    const guild = await world.guild();
    const code = `imported${newId()}`;
    await world.atCode(code, 'pointer-claim', code, guild.id, '');
    expect(await world.atCode(code, 'edit', ...argumentsOf(code, { paused: 1 }))).toEqual([
      'pointer',
      guild.id,
    ]);
  });
});
