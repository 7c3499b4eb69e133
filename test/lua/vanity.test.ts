import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeIn, MANAGE_GUILD, newId, type Reply, revisionOf, World, worlds } from './world.js';

const VANITY_URL = 2;
const FAR = 9_000_000_000_000;

describe.each(worlds)('vanity codes and pointers on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  const newCode = () => `v-${newId()}`;
  const claim = (code: string, targetId: string, takeover: string | number = '') =>
    world.atCode(code, 'pointer-claim', code, targetId, takeover);
  /** Claims a code and gives the token of the claim. */
  const tokenOf = async (code: string, targetId: string) => String((await claim(code, targetId))[1]);
  const claimAt = (nowMs: number, code: string, targetId: string, takeover = '') =>
    world.atTimeCode(nowMs, code, 'pointer-claim', code, targetId, takeover);
  const set = (
    guildId: string,
    code: string,
    token: string,
    deadlineMs: number = FAR,
    caller = ['1', 1, ''] as readonly (string | number)[],
    wanted = '*',
  ) => world.at(guildId, 'vanity-set', guildId, ...caller, code, token, code === '' ? 0 : deadlineMs, wanted);
  const get = (
    guildId: string,
    wish = '-',
    caller = ['1', 1, ''] as readonly (string | number)[],
    wanted = '*',
  ) => world.at(guildId, 'vanity-get', guildId, ...caller, wish, wanted);

  describe('pointer-claim.lua', () => {
    it('gives a free code to the first, and tells the second by whom it is held', async () => {
      const code = newCode();
      const first = newId();
      expect((await claim(code, first))[0]).toBe('claimed');
      expect(await claim(code, newId())).toEqual(['held', first, '']);
      expect((await claim(code, first))[0]).toBe('reclaimed');
    });

    it.each([
      [29_999, false],
      [30_000, true],
      [30_001, true],
    ])('%d ms after a claim lets others know its token: %s', async (afterMs, isKnown) => {
      const code = newCode();
      const holder = newId();
      const token = isKnown ? await tokenOf(code, holder) : await tokenOf(code, holder).then(() => '');
      const claimedAtMs = Number((await world.record(world.codeKey(code)))?.['claimed_at_ms']);
      expect(await claimAt(claimedAtMs + afterMs, code, newId())).toEqual(['held', holder, token]);
    });

    it('lets an old claim be taken over by who names its token, and by nobody else', async () => {
      const code = newCode();
      const first = await tokenOf(code, newId());
      const taker = newId();
      expect((await claim(code, newId(), Number(first) + 1))[0]).toBe('held');
      expect((await claim(code, taker, first))[0]).toBe('claimed');
      expect((await world.record(world.codeKey(code)))?.['target_id']).toBe(taker);
    });

    it('does not take a live invite, and ends an expired one with its event', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild, { maxAge: 60 });
      expect(await claim(code, newId())).toEqual(['taken']);
      const expiresAtMs = Number((await world.record(world.codeKey(code)))?.['expires_at_ms']);
      expect(await claimAt(expiresAtMs - 1, code, newId())).toEqual(['taken']);
      expect((await claimAt(expiresAtMs, code, newId()))[0]).toBe('claimed');
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({ type: 'INVITE_DELETE', code, reason: 'expired' });
    });

    it('ends its deadline before others may take over', async () => {
      const code = newCode();
      const deadlineMs = Number((await claim(code, newId()))[2]);
      const claimedAtMs = Number((await world.record(world.codeKey(code)))?.['claimed_at_ms']);
      expect(deadlineMs).toBe(claimedAtMs + 25_000);
    });
  });

  describe('pointer-release.lua', () => {
    it('takes away the claim that is meant, and no newer one', async () => {
      const code = newCode();
      const holder = newId();
      const former = await tokenOf(code, holder);
      const latter = await tokenOf(code, holder);
      expect(Number(latter)).toBeGreaterThan(Number(former));
      expect(await world.atCode(code, 'pointer-release', code, holder, former)).toEqual(['kept']);
      expect(await world.atCode(code, 'pointer-release', code, newId(), latter)).toEqual(['kept']);
      expect(await world.atCode(code, 'pointer-release', code, holder, latter)).toEqual(['released']);
      expect(await world.atCode(code, 'pointer-release', code, holder, latter)).toEqual(['kept']);
    });

    it('never takes an invite away', async () => {
      const guild = await world.guild();
      const code = await world.invite(guild);
      expect(await world.atCode(code, 'pointer-release', code, guild.id, '')).toEqual(['kept']);
      expect((await world.accept(guild.id, code, newId()))[0]).toBe('accepted');
    });
  });

  describe('vanity-set.lua', () => {
    it('makes the pointer count, and gives back the old code with its token', async () => {
      const guild = await world.guild({ flags: VANITY_URL });
      const [first, second] = [newCode(), newCode()];
      expect(await set(guild.id, first, '1')).toEqual(['changed', '', '', 1]);
      expect(await get(guild.id)).toEqual(['is', first, 0, 1]);
      expect(await set(guild.id, second, '2')).toEqual(['changed', first, '1', 2]);
      const [event] = await world.events(guild.id, 1);
      expect(event).toMatchObject({
        type: 'VANITY_UPDATE',
        guild_id: guild.id,
        old_code: first,
        new_code: second,
      });
      expect((await world.marks(guild.id))[`guild:${guild.id}`]).toBe(Number(event?.['seq']));
      expect(await set(guild.id, '', '')).toEqual(['changed', second, '2', 3]);
      expect(await get(guild.id)).toEqual(['is', '', 0, 3]);
      expect(await set(guild.id, '', '')).toEqual(['unchanged', '', 0, 3]);
    });

    it('changes nothing for the present code, but keeps the newer token', async () => {
      const guild = await world.guild({ flags: VANITY_URL });
      const code = newCode();
      await set(guild.id, code, '1');
      expect(await set(guild.id, code, '2')).toEqual(['unchanged', code, 0, 1]);
      expect(await set(guild.id, code, '1')).toEqual(['unchanged', code, 0, 1]);
      expect(await set(guild.id, '', '')).toEqual(['changed', code, '2', 2]);
    });

    it.each([
      ['*', 'changed'],
      ['1', 'changed'],
      ['4 1', 'changed'],
      ['0', 'version_mismatch'],
      ['11', 'version_mismatch'],
      ['', 'version_mismatch'],
    ])('of version 1, insisting on "%s", answers %s', async (wanted, status) => {
      const guild = await world.guild({ flags: VANITY_URL });
      const [first, second] = [newCode(), newCode()];
      expect((await set(guild.id, first, '1', FAR, ['1', 1, ''], '0'))[0]).toBe('changed');
      const allowed = status === 'changed' ? 'may_change' : status;
      expect((await get(guild.id, second, ['1', 1, ''], wanted))[0]).toBe(allowed);
      expect((await set(guild.id, second, '2', FAR, ['1', 1, ''], wanted))[0]).toBe(status);
      const now = status === 'changed' ? second : first;
      expect(await get(guild.id)).toEqual(['is', now, 0, status === 'changed' ? 2 : 1]);
    });

    it('insists on a version also where the code is the same, and then keeps the newer token all the same', async () => {
      const guild = await world.guild({ flags: VANITY_URL });
      const code = newCode();
      await set(guild.id, code, '1');
      expect(await get(guild.id, code, ['1', 1, ''], '7')).toEqual(['version_mismatch']);
      expect(await set(guild.id, code, '5', FAR, ['1', 1, ''], '0')).toEqual(['version_mismatch']);
      const record = await world.record(world.key(guild.id, `guild:${guild.id}`));
      expect(record).toMatchObject({ vanity_token: '5', vanity_version: '1' });
      expect((await set(guild.id, code, '6', FAR, ['1', 1, ''], '1'))[0]).toBe('unchanged');
    });

    it.each([
      [-1, 'changed'],
      [0, 'claim_expired'],
      [1, 'claim_expired'],
    ])('%d ms from the deadline of the claim answers %s', async (offsetMs, status) => {
      const guild = await world.guild({ flags: VANITY_URL });
      const reply = await world.atTime(
        FAR + offsetMs,
        guild.id,
        'vanity-set',
        guild.id,
        '1',
        1,
        '',
        newCode(),
        '1',
        FAR,
        '*',
      );
      expect(reply[0]).toBe(status);
    });

    it('needs the feature to set, not to remove', async () => {
      const guild = await world.guild({ flags: VANITY_URL });
      const code = newCode();
      await set(guild.id, code, '1');
      await world.putGuild(guild.id, guild.ownerId, { flags: 0 });
      expect(await set(guild.id, newCode(), '1')).toEqual(['requires_feature']);
      expect(await get(guild.id, newCode())).toEqual(['requires_feature']);
      expect(await get(guild.id, code)).toEqual(['unchanged', code, 0, 1]);
      expect((await set(guild.id, '', ''))[0]).toBe('changed');
    });

    it('takes no code that an invite of the guild has', async () => {
      const guild = await world.guild({ flags: VANITY_URL });
      const code = await world.invite(guild);
      expect(await set(guild.id, code, '1')).toEqual(['taken']);
      expect(await get(guild.id, code)).toEqual(['taken']);
    });

    it('is for who manages the guild', async () => {
      const guild = await world.guild({ flags: VANITY_URL });
      const stranger = [newId(), 0, ''];
      expect(await set(guild.id, newCode(), '1', FAR, stranger)).toEqual(['missing_permissions']);
      expect(await get(guild.id, '-', stranger)).toEqual(['missing_permissions']);
      expect((await set(guild.id, newCode(), '1', FAR, [newId(), 0, MANAGE_GUILD]))[0]).toBe('changed');
      const unknown = newId();
      expect(await set(unknown, newCode(), '1')).toEqual(['unknown_guild']);
      expect(await get(unknown, newCode())).toEqual(['unknown_guild']);
      expect(await get(guild.id, newCode())).toEqual(['may_change']);
    });
  });

  it('a vanity is followed from its own partition, and counts only while its guild names it', async () => {
    const guild = await world.guild({ flags: VANITY_URL });
    const code = newCode();
    await claim(code, guild.id);
    const user = newId();
    const accept = (followed: string): Promise<Reply> =>
      followed === '' ? world.acceptByCode(code, user) : world.accept(followed, code, user, '-', followed);
    expect(await accept('')).toEqual(['pointer', guild.id]);
    expect(await accept(guild.id)).toEqual(['unknown']);
    expect(await world.at(guild.id, 'pointer-check', code, guild.id)).toEqual(['leads_nowhere']);
    await set(guild.id, code, '1');
    expect(await world.at(guild.id, 'pointer-check', code, guild.id)).toEqual(['leads']);
    const marks = await world.marks(guild.id);
    const accepted = await accept(guild.id);
    expect(accepted[0]).toBe('accepted');
    expect(revisionOf(accepted[1] as Reply)).toMatchObject({
      code,
      flags: 4,
      channelId: guild.channelId,
      inviterId: '',
    });
    const [event] = await world.events(guild.id, 1);
    expect(event).toMatchObject({ type: 'INVITE_ACCEPT', code, vanity: '1', channel_id: '', inviter_id: '' });
    // The copy learns of the use from the joins.
    expect(await world.marks(guild.id)).toEqual(marks);
    expect((await accept(guild.id))[0]).toBe('already');
    expect(await get(guild.id)).toEqual(['is', code, 1, 1]);
    expect(await world.at(guild.id, 'revoke', code, guild.id, '1', 1, '', '*')).toEqual(['unknown']);
    const read = await world.read(guild.id, code, ['', 0, ''], guild.id);
    expect([read[0], read[2]]).toEqual(['found', 0]);
  });

  it('a pointer to an imported invite leads while the invite lives', async () => {
    const guild = await world.guild();
    const code = codeIn(guild.id);
    expect(await world.at(guild.id, 'pointer-check', code, guild.id)).toEqual(['leads_nowhere']);
    await world.at(guild.id, 'invite-put', code, guild.id, guild.channelId, '', 1, 0, 0, 0, 0, 1000, 0);
    expect(await world.at(guild.id, 'pointer-check', code, guild.id)).toEqual(['leads']);
    expect(await world.at(guild.id, 'pointer-check', code, newId())).toEqual(['leads_nowhere']);
  });
});
