// The scripts that restore a journal: that they work on a closed one only and for the holder of the lease,
// and what becomes of each row. On servers of their own, whose journals stay closed.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { partitionOfCode, partitionOfId } from '../../src/invite/partition.js';
import { journalKey, journalOf } from '../../src/store/journals.js';
import { readLibrary } from '../../src/store/script-texts.js';
import type { Argument } from '../../src/store/scripts.js';
import { codeIn, newId, World, worlds } from './world.js';

const HOLDER = 'me';
const names = [...readLibrary().scripts.keys()].filter((name) => name.startsWith('restore-'));
const DAY_MS = 86_400_000;

describe.each(worlds)('restoring on a %s server', (kind) => {
  let world: World;
  // Everything is in one partition.
  const guildId = newId();
  const ownerId = newId();
  const channelId = newId();
  const journal = journalOf(partitionOfId(guildId), kind !== 'single');
  const epochKey = journalKey(journal, 'epoch');
  const leaseKey = `invited:{${journal}}:lease:restore`;
  const newerKey = `invited:{${journal}}:newer`;
  const keyOf = (what: 'dirty' | 'events' | 'expiring' | 'seq') => journalKey(journal, what);
  const dirtyKey = keyOf('dirty');

  beforeAll(async () => {
    world = await World.open(kind, false);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.redis.flushall();
    await world.redis.set(leaseKey, HOLDER);
  });

  const run = (name: string, ...args: readonly Argument[]) => world.withEpoch(HOLDER, guildId, name, ...args);

  const guild = (
    changes: { bornSeq?: number; vanity?: readonly Argument[]; roles?: readonly Argument[] } = {},
  ) =>
    run(
      'restore-guilds',
      ...[2, guildId, changes.bornSeq ?? 7, ownerId, 2, 1000, '', '', '{"id":1}', '{"told":1}'],
      ...(changes.vanity ?? [3, '', 0, '', '']),
      (changes.roles ?? []).length / 2,
      ...(changes.roles ?? []),
    );

  const inviteArgs = (
    code: string,
    changes: { uses?: number; maxUses?: number; version?: number; at?: number; ends?: number } = {},
  ) => {
    const createdAt = changes.at ?? 1000;
    const ends = changes.ends ?? Date.now() + DAY_MS;
    const head = `${String(changes.uses ?? 0).padStart(16, '0')} ${guildId} ${channelId} - ${ends} ${changes.maxUses ?? 0} 0 `;
    const tail = ` ${createdAt} 60 ${changes.version ?? 1}`;
    const member = `${partitionOfId(guildId)} ${code} ${guildId} ${channelId}`;
    return [2, `guild:${guildId}`, code, head, tail, ends, createdAt * 1000 + 5, member];
  };
  const invites = (...all: readonly (readonly Argument[])[]) => run('restore-invites', ...all.flat());
  const inviteKey = (code: string) => world.key(guildId, `invite:${code}`);

  it.each(names)('%s works on no open journal, and for the holder of the lease only', async (name) => {
    const args = Array.from({ length: 12 }, () => 2);
    await world.redis.set(epochKey, 'tests');
    expect(await run(name, ...args)).toEqual(['open']);
    await world.redis.del(epochKey);
    await world.redis.set(leaseKey, 'another');
    expect(await run(name, ...args)).toEqual(['lost']);
    await world.redis.del(leaseKey);
    expect(await run(name, ...args)).toEqual(['lost']);
    expect(await world.redis.keys('*')).toEqual([]);
  });

  it('begin raises the seq, never lowers it, and notes what the events behind a place tell', async () => {
    expect(await run('restore-begin', 50, '', 10)).toEqual(['begun', 0, '']);
    expect(await world.redis.get(keyOf('seq'))).toBe('50');
    expect(await run('restore-begin', 40, '', 10)).toEqual(['begun', 1, '']);
    expect(await world.redis.get(keyOf('seq'))).toBe('50');

    const add = (entryId: string, ...fields: readonly string[]) =>
      world.redis.xadd(keyOf('events'), entryId, ...fields);
    await add('1-1', 'type', 'MEMBER_REMOVE', 'guild_id', '1', 'user_id', '2');
    await add('2-1', 'type', 'MEMBER_REMOVE', 'guild_id', '3', 'user_id', '4');
    await add('2-2', 'type', 'INVITE_DELETE', 'code', 'abc');
    await add('2-3', 'type', 'VANITY_UPDATE', 'old_code', 'x', 'new_code', '');
    await add('2-4', 'type', 'INVITE_ACCEPT', 'joins', 'c1 5 6 - 0 0 1 7 8\nc2 - 9 - 0 0 1 10');
    expect(await run('restore-begin', 1, '1-1', 3)).toEqual(['begun', 1, '2-3']);
    expect(await run('restore-begin', 1, '2-3', 3)).toEqual(['begun', 1, '']);
    expect((await world.redis.smembers(newerKey)).sort()).toEqual(
      ['member:3:4', 'invite:abc', 'invite:c1', 'member:5:7', 'member:5:8', 'invite:c2', 'group-dm:9'].sort(),
    );
    expect(await run('restore-end', '')).toEqual(['ended']);
    expect(await world.redis.exists(newerKey)).toBe(0);
  });

  it('end lets the stream go on behind an entry, and never takes it back', async () => {
    const lastId = async () => {
      const about = (await world.redis.call('XINFO', 'STREAM', keyOf('events'))) as readonly unknown[];
      return about[about.indexOf('last-generated-id') + 1];
    };
    expect(await run('restore-end', '0-0')).toEqual(['ended']);
    expect(await world.redis.exists(keyOf('events'))).toBe(0);
    await run('restore-end', '5000-3');
    expect([await lastId(), await world.redis.xlen(keyOf('events'))]).toEqual(['5000-3', 0]);
    await run('restore-end', '5000-12');
    await run('restore-end', '4999-99');
    expect(await lastId()).toBe('5000-12');
    await world.redis.xadd(keyOf('events'), '*', 'type', 'x');
    await run('restore-end', '6000-0');
    expect(await world.redis.xlen(keyOf('events'))).toBe(1);
  });

  it('puts a guild back, with its owner, roles and vanity', async () => {
    const vanity = [4, 'nice', 12, 1500, 33];
    expect(await guild({ vanity, roles: [guildId, 1024, 5, 8] })).toEqual(['restored', 'w']);
    expect(await world.record(world.key(guildId, `guild:${guildId}`))).toMatchObject({
      ...{
        told_member_count: '-'.repeat(16),
        vanity_uses: '0000000000000012',
        owner_id: ownerId,
        flags: '2',
      },
      ...{ max_members: '1000', presence_count: '-', ban_kinds: '0', born_seq: '7', landing_channel_id: '-' },
      ...{ vanity_version: '4', vanity_code: 'nice', vanity_created_at_ms: '1500', vanity_token: '33' },
    });
    expect(await world.redis.hgetall(world.key(guildId, `guild:${guildId}:roles`))).toEqual({
      [guildId]: '1024',
      5: '8',
    });
    expect(await world.redis.hgetall(world.key(guildId, `guild:${guildId}:members`))).toEqual({
      [ownerId]: 'p',
    });
    // Uses that are more here stay; roles that are gone go.
    await world.setField(world.key(guildId, `guild:${guildId}`), 'vanity_uses', '0000000000000020');
    await guild({ vanity });
    expect(await world.record(world.key(guildId, `guild:${guildId}`))).toMatchObject({
      vanity_uses: '0000000000000020',
    });
    expect(await world.redis.exists(world.key(guildId, `guild:${guildId}:roles`))).toBe(0);
  });

  it('keeps a guild that has a mark, and erases one that was another', async () => {
    await guild();
    await world.redis.hset(world.key(guildId, `guild:${guildId}:members`), '5', 'p');
    const code = codeIn(guildId);
    await invites(inviteArgs(code));
    await world.redis.zadd(dirtyKey, 1, `guild:${guildId}`);
    expect(await guild({ bornSeq: 9 })).toEqual(['restored', 'k']);
    expect(await world.redis.exists(inviteKey(code))).toBe(1);
    await world.redis.del(dirtyKey);
    expect(await guild({ bornSeq: 9 })).toEqual(['restored', 'w']);
    expect(await world.redis.hgetall(world.key(guildId, `guild:${guildId}:members`))).toEqual({
      [ownerId]: 'p',
    });
    expect(await world.redis.exists(inviteKey(code), keyOf('expiring'))).toBe(0);
  });

  it('puts channels back, chooses the one a vanity shows, and keeps what is newer', async () => {
    const channels = (...ids: readonly string[]) =>
      run(
        'restore-channels',
        2,
        guildId,
        ids.length,
        ...ids.flatMap((one) => [one, `0 ${one}`, '{}', '{"r":1}']),
      );
    expect(await channels('5')).toEqual(['restored', 'n']);
    await guild();
    await world.redis.zadd(dirtyKey, 1, `channel:${guildId}:4`);
    expect(await channels('6', '5', '4')).toEqual(['restored', 'wwk']);
    expect(await world.redis.hkeys(world.key(guildId, `guild:${guildId}:channel-records`))).toEqual([
      '6',
      '5',
    ]);
    expect(await world.record(world.key(guildId, `guild:${guildId}`))).toMatchObject({
      landing_channel_id: '5',
    });
    expect(await run('restore-channel-homes', 2, '5', guildId)).toEqual(['restored', 'w']);
    expect(await world.redis.get(world.key(guildId, 'channel:5'))).toBe(guildId);
  });

  it('puts members back, and what a disconnection needs', async () => {
    const members = (...rows: readonly (readonly [string, string])[]) =>
      run('restore-members', 2, guildId, rows.length, ...rows.flat());
    expect(await members(['5', 'p'])).toEqual(['restored', 'n']);
    await world.redis.sadd(newerKey, `guild:${guildId}`);
    expect(await members(['5', 'p'])).toEqual(['restored', 'k']);
    await world.redis.del(newerKey);
    await guild();
    await world.redis.sadd(newerKey, `member:${guildId}:6`);
    await world.redis.zadd(dirtyKey, 1, `member:${guildId}:8`);
    expect(await members(['5', 't'], ['6', 'p'], ['7', 'p3,4'], ['8', 't'])).toEqual(['restored', 'wkwk']);
    expect(await world.redis.hgetall(world.key(guildId, `guild:${guildId}:members`))).toEqual({
      ...{ [ownerId]: 'p', 5: 't', 7: 'p3,4' },
    });
    expect(await world.redis.smembers(world.temporaryKey(guildId, '5'))).toEqual([
      `${partitionOfId(guildId)} ${guildId}`,
    ]);
    await members(['5', 'p']);
    expect(await world.redis.exists(world.temporaryKey(guildId, '5'))).toBe(0);
  });

  it('puts bans back, so that accepts look for them', async () => {
    const bans = (owner: string, ...who: readonly string[]) =>
      run('restore-bans', 2, `${owner}:${guildId}`, who.length, ...who.flatMap((one) => [one, '{}']));
    expect(await bans('bans', '5')).toEqual(['restored', 'n']);
    await guild();
    await world.redis.zadd(dirtyKey, 1, `ip-bans:${guildId}:2001:db8:1:2::/64`);
    expect(await bans('ip-bans', '2001:db8:1:2::/64')).toEqual(['restored', 'k']);
    expect(await world.record(world.key(guildId, `guild:${guildId}`))).toMatchObject({ ban_kinds: '0' });
    expect(await bans('bans', '5', '6')).toEqual(['restored', 'ww']);
    expect(await bans('ip-bans', '198.18.0.1')).toEqual(['restored', 'w']);
    expect(await world.record(world.key(guildId, `guild:${guildId}`))).toMatchObject({ ban_kinds: '3' });
  });

  it('puts users and group DMs back, recipients in order, and keeps what is newer', async () => {
    await world.redis.zadd(dirtyKey, 1, 'user:6', 2, 'group-dm:8');
    expect(await run('restore-users', 2, '5', '{"a":1}', 2, '6', '{}')).toEqual(['restored', 'wk']);
    expect(await world.redis.get(world.key(guildId, 'user:5'))).toBe('{"a":1}');
    const groupDm = (one: string, ...recipients: readonly string[]) => [
      ...[2, one, recipients.length, '3', '{}', '{"r":1}'],
      ...recipients,
    ];
    expect(await run('restore-group-dms', ...groupDm('7', '9', '3', '4'), ...groupDm('8', '3'))).toEqual([
      'restored',
      'wk',
    ]);
    await run('restore-group-dms', ...groupDm('7', '9', '4', '3'));
    expect(await world.redis.zrange(world.key(guildId, 'group-dm:7:recipients'), '0', '-1')).toEqual([
      '9',
      '4',
      '3',
    ]);
    expect(await world.redis.hgetall(world.key(guildId, 'group-dm:7'))).toEqual({
      owner_id: '3',
      json: '{}',
      record: '{"r":1}',
    });
  });

  it('puts invites back as they were, with their indexes', async () => {
    const code = codeIn(guildId);
    const endsAt = Date.now() + DAY_MS;
    expect(await invites(inviteArgs(code))).toEqual(['restored', 'n']);
    await guild();
    const never = inviteArgs('never').map((one, at) =>
      at === 5 ? '' : String(one).replace(/ \d{13} /, ' - '),
    );
    expect(await invites(inviteArgs(code, { uses: 2, maxUses: 5, ends: endsAt }), never)).toEqual([
      'restored',
      'ww',
    ]);
    expect(await world.record(inviteKey(code))).toMatchObject({
      ...{ uses: '0000000000000002', guild_id: guildId, channel_id: channelId, inviter_id: '-', flags: '0' },
      ...{
        expires_at_ms: String(endsAt),
        max_uses: '5',
        created_at_ms: '1000',
        max_age_s: '60',
        version: '1',
      },
    });
    expect(await world.redis.pexpiretime(inviteKey(code))).toBe(endsAt + 60_000);
    expect(await world.redis.pexpiretime(inviteKey('never'))).toBe(-1);
    const place = world.key(guildId, `guild:${guildId}`);
    expect(await world.redis.zscore(`${place}:invites`, code)).toBe('1000005');
    expect(await world.redis.zrange(`${place}:expiring`, '0', '-1', 'WITHSCORES')).toEqual([
      code,
      String(endsAt),
    ]);
    expect(await world.redis.zrange(keyOf('expiring'), '0', '-1', 'WITHSCORES')).toEqual([
      `${partitionOfId(guildId)} ${code} ${guildId} ${channelId}`,
      String(endsAt),
    ]);
  });

  it('brings no invite back that is over, newer here, or whose code leads elsewhere', async () => {
    await guild();
    const [expired, usedUp, newer, pointed] = [1, 2, 3, 4].map(() => codeIn(guildId)) as [
      string,
      string,
      string,
      string,
    ];
    await world.redis.sadd(newerKey, `invite:${newer}`);
    await world.redis.set(inviteKey(pointed), '> 5 1 1');
    const rows = [
      inviteArgs(expired, { ends: Date.now() - 1 }),
      inviteArgs(usedUp, { uses: 5, maxUses: 5 }),
      inviteArgs(newer),
      inviteArgs(pointed),
    ];
    expect(await invites(...rows)).toEqual(['restored', 'ookt']);
    expect(await world.redis.exists(inviteKey(expired), inviteKey(usedUp), inviteKey(newer))).toBe(0);
    const elsewhere = codeIn(guildId);
    await world.redis.set(inviteKey(elsewhere), `${'0'.repeat(16)} 5 6 - - 0 0 1 1000 60 1`);
    expect(await invites(inviteArgs(elsewhere))).toEqual(['restored', 't']);
  });

  it('makes one of an invite that is there: the larger uses, the settings of the later version, its place in the list', async () => {
    await guild();
    const code = codeIn(guildId);
    await invites(inviteArgs(code, { uses: 4, maxUses: 10, version: 3 }));
    await world.redis.zadd(world.key(guildId, `guild:${guildId}:invites`), '1000777', code);
    await invites(inviteArgs(code, { uses: 6, maxUses: 20, version: 2 }));
    expect(await world.record(inviteKey(code))).toMatchObject({
      uses: '0000000000000006',
      max_uses: '10',
      version: '3',
    });
    await invites(inviteArgs(code, { uses: 2, maxUses: 20, version: 4 }));
    expect(await world.record(inviteKey(code))).toMatchObject({
      uses: '0000000000000006',
      max_uses: '20',
      version: '4',
    });
    expect(await world.redis.zscore(world.key(guildId, `guild:${guildId}:invites`), code)).toBe('1000777');
    // Another one of the same code: that of Postgres.
    await invites(inviteArgs(code, { uses: 1, at: 2000 }));
    expect(await world.record(inviteKey(code))).toMatchObject({
      uses: '0000000000000001',
      created_at_ms: '2000',
    });
    expect(await invites(inviteArgs(code, { uses: 9, maxUses: 9, version: 5, at: 2000 }))).toEqual([
      'restored',
      'o',
    ]);
    expect(await world.redis.exists(inviteKey(code), keyOf('expiring'))).toBe(0);
  });

  it('takes an ended invite away, and no other one of its code', async () => {
    await guild();
    const code = codeIn(guildId);
    await invites(inviteArgs(code));
    expect(await run('restore-ended', 2, code, 999, 2, 'other', 1000)).toEqual(['restored', 'kk']);
    await world.redis.sadd(newerKey, `invite:${code}`);
    expect(await run('restore-ended', 2, code, 1000)).toEqual(['restored', 'k']);
    await world.redis.del(newerKey);
    expect(await run('restore-ended', 2, code, 1000)).toEqual(['restored', 'w']);
    expect(await world.redis.exists(inviteKey(code))).toBe(0);
    expect(await world.redis.exists(keyOf('events'))).toBe(0);
  });

  it('points a code to one only, and takes a vanity from who should not have it', async () => {
    const code = codeIn(guildId);
    const point = (target: string, token: number, takeover: Argument = '') =>
      run('restore-pointers', 2, code, target, token, 1500, takeover);
    expect(partitionOfCode(code)).toBe(partitionOfId(guildId));
    expect(await point(guildId, 33)).toEqual(['restored', 'w']);
    expect(await point('5', 40)).toEqual(['restored', 'h', guildId, '33']);
    expect(await point('5', 40, 32)).toEqual(['restored', 'h', guildId, '33']);
    await point(guildId, 30);
    expect(await world.redis.get(inviteKey(code))).toBe(`> ${guildId} 33 1500`);

    await guild({ vanity: [4, code, 12, 1500, 33] });
    await world.redis.sadd(newerKey, `guild:${guildId}`);
    expect(await run('restore-vanity', guildId, code)).toEqual(['has']);
    await world.redis.del(newerKey);
    expect(await run('restore-vanity', guildId, 'other')).toEqual(['has_not']);
    expect(await run('restore-vanity', guildId, code)).toEqual(['has_not']);
    expect(await world.record(world.key(guildId, `guild:${guildId}`))).toMatchObject({
      vanity_code: '-',
      vanity_version: '5',
    });
    expect(await world.redis.zscore(dirtyKey, `guild:${guildId}`)).not.toBeNull();

    expect(await point('5', 40, 33)).toEqual(['restored', 'w']);
    await world.redis.set(inviteKey(code), `${'0'.repeat(16)} 5 6 - - 0 0 1 1000 60 1`);
    expect(await point(guildId, 50)).toEqual(['restored', 't']);
  });
});
