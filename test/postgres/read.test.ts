// The readers: invites with the uses that row and ledger know, the joins of a guild page by page, the sums, and what is
// known of the copy as a whole.

import { beforeEach, expect, it } from 'vitest';
import { epoch, hasData, setEpoch } from '../../src/postgres/meta.js';
import { migrate } from '../../src/postgres/migrate.js';
import {
  checkSums,
  type InviteKey,
  readInvites,
  type StoredInvite,
} from '../../src/postgres/read-invites.js';
import { isJoinCursor, type JoinRecord, type JoinsAsked, readJoins } from '../../src/postgres/read-joins.js';
import { unusedVanity } from '../support/ids.js';
import { onEachPostgres } from '../support/postgres.js';
import { aGuild, anInvite, id, Journal, NOW_MS, rowsOf } from './journal.js';

onEachPostgres('the readers', (database) => {
  beforeEach(async () => {
    await rowsOf(database().sql, 'drop schema invited cascade');
    await migrate(database().sql);
  });

  const invites = async (nowMs: number | null) => {
    const found: StoredInvite[] = [];
    for (let after: InviteKey | null = null; ; ) {
      const page: readonly StoredInvite[] = await readInvites(database().sql, after, 2, nowMs);
      found.push(...page);
      if (page.length < 2) return found;
      after = page.at(-1) ?? null;
    }
  };

  const joinsOf = async (asked: Omit<JoinsAsked, 'limit'>, limit = 3) => {
    const found: JoinRecord[] = [];
    let page = await readJoins(database().sql, { ...asked, limit });
    for (;;) {
      found.push(...page.joins);
      if (page.next === null) return found;
      expect(page.joins).toHaveLength(limit);
      expect(isJoinCursor(page.next)).toBe(true);
      page = await readJoins(database().sql, { ...asked, limit, before: page.next });
    }
  };

  it('give the live invites, or all there ever were', async () => {
    const journal = await Journal.open(database().sql);
    const live = anInvite({ code: 'a', expiresAtMs: NOW_MS + 1, maxAgeS: 60 });
    const expired = anInvite({ code: 'b', expiresAtMs: NOW_MS });
    const ended = anInvite({ code: 'c' });
    const again = { ...ended, createdAtMs: NOW_MS + 1, maxUses: 9 };
    const by = id();
    const first = journal.created(ended);
    await journal.write([
      journal.created(live),
      journal.created(expired),
      first,
      journal.ended('c', 'revoked', NOW_MS, by),
      journal.created(again),
      journal.created(anInvite({ code: 'd' })),
      journal.created(anInvite({ code: 'e' })),
    ]);
    const found = await invites(NOW_MS);
    expect(found.map(({ code }) => code)).toEqual(['a', 'c', 'd', 'e']);
    expect(found[0]).toEqual({
      ...live,
      createdSeq: expect.any(Number),
      seq: expect.any(Number),
      endedAtMs: null,
      endedReason: null,
      endedBy: null,
    });
    expect(found[1]).toMatchObject({ ...again });
    const everything = await invites(null);
    expect(everything.map(({ code }) => code)).toEqual(['a', 'b', 'c', 'c', 'd', 'e']);
    expect(everything[2]).toMatchObject({
      createdSeq: first.seq,
      endedAtMs: NOW_MS,
      endedReason: 'revoked',
      endedBy: by,
    });
  });

  it('give the larger of the uses that row and ledger know, invite by invite', async () => {
    const journal = await Journal.open(database().sql);
    const first = anInvite({ code: 'a', uses: 3 });
    const second = { ...first, createdAtMs: NOW_MS + 1, uses: 0 };
    const other = anInvite({ code: 'b' });
    await journal.write([
      journal.created(first),
      journal.joined(first, 4, [id(), id()]),
      journal.ended('a', 'revoked'),
      journal.created(second),
      journal.joined(second, 1, [id()]),
      journal.created(other),
      journal.joined(other, 1, [id(), id(), id()]),
    ]);
    const uses = async () => (await invites(null)).map((invite) => invite.uses);
    expect(await uses()).toEqual([5, 1, 3]);
    await rowsOf(database().sql, 'update invited.invites set uses = base_uses');
    expect(await uses()).toEqual([5, 1, 3]);
    await rowsOf(database().sql, 'update invited.invites set uses = 10');
    expect(await uses()).toEqual([10, 10, 10]);
  });

  it('give the joins of a guild, newest first, filtered and page by page', async () => {
    const journal = await Journal.open(database().sql);
    const guildId = id();
    const [a, b] = [anInvite({ guildId }), anInvite({ guildId, isTemporary: true })];
    const users = Array.from({ length: 10 }, id);
    await journal.write([
      // At one moment, and over several: only time and seq together are an order.
      journal.joined(a, 1, users.slice(0, 4)),
      journal.joined(b, 1, users.slice(4, 7), { atMs: NOW_MS + 5 }),
      journal.joined(a, 5, users.slice(7), { atMs: NOW_MS + 5 }),
      journal.joined(anInvite(), 1, [users[0] ?? id()]),
    ]);
    const found = await joinsOf({ guildId });
    expect(found.map(({ userId }) => userId)).toEqual(users.toReversed());
    expect(found[3]).toEqual({
      id: expect.stringMatching(/^\d+-\d+$/),
      code: b.code,
      channelId: b.channelId,
      userId: users[6],
      inviterId: b.inviterId,
      atMs: NOW_MS + 5,
      isTemporary: true,
      isVanity: false,
      uses: 3,
    });
    expect(await joinsOf({ guildId, code: b.code })).toHaveLength(3);
    expect(await joinsOf({ guildId, inviterId: a.inviterId ?? id() }, 2)).toHaveLength(7);
    expect(await joinsOf({ guildId, userId: users[2] ?? id() })).toHaveLength(1);
    expect(await joinsOf({ guildId, userId: users[2] ?? id(), code: b.code })).toEqual([]);
    expect(await joinsOf({ guildId: id() })).toEqual([]);
  });

  it('do not repeat a join on the next page when others are added', async () => {
    const journal = await Journal.open(database().sql);
    const invite = anInvite();
    const guildId = invite.guildId ?? id();
    const users = [id(), id(), id(), id()];
    await journal.write([journal.joined(invite, 1, users)]);
    const first = await readJoins(database().sql, { guildId, limit: 2 });
    await journal.write([journal.joined(invite, 5, [id(), id()])]);
    if (first.next === null) throw new Error('there is more');
    const second = await readJoins(database().sql, { guildId, limit: 2, before: first.next });
    expect([...first.joins, ...second.joins].map(({ userId }) => userId)).toEqual(users.toReversed());
    expect(second.next).toBeNull();
  });

  it('know what is no cursor', () => {
    for (const text of ['', '1', '1-2', '1-2-3-4', '-1-2-3', '1-2-x', "1-2-3'", `${'1'.repeat(16)}-2-3`]) {
      expect(isJoinCursor(text), text).toBe(false);
    }
  });

  it('find the codes whose sums are wrong, and no others', async () => {
    const { sql } = database();
    const journal = await Journal.open(sql);
    const [right, lost, over] = ['r', 'l', 'o'].map((code) => anInvite({ code, maxUses: 5, uses: 1 }));
    const vanity = { code: unusedVanity(), uses: 0, createdAtMs: NOW_MS, token: '1' };
    const guild = aGuild({ vanity });
    const byVanity = anInvite({ code: vanity.code, guildId: guild.id });
    if (right === undefined || lost === undefined || over === undefined) throw new Error('three');
    await journal.write([], { guilds: [{ seq: journal.next(), state: guild }] });
    await journal.write([
      ...[right, lost, over].map((invite) => journal.created(invite)),
      journal.joined(right, 2, [id(), id(), id(), id()]),
      journal.joined(lost, 2, [id(), id()]),
      journal.joined(over, 2, [id(), id(), id(), id(), id()]),
      journal.joined(byVanity, 1, [id()], { isVanity: true, channelId: null, inviterId: null }),
    ]);
    await rowsOf(sql, `delete from invited.joins where code = 'l' and uses = 2`);
    const overLine = { code: 'o', isVanity: false, uses: 6, baseUses: 1, maxUses: 5, joins: 5 };
    const lostLine = { code: 'l', isVanity: false, uses: 3, baseUses: 1, maxUses: 5, joins: 1 };
    expect(await checkSums(sql, 10)).toEqual([lostLine, overLine]);
    expect(await checkSums(sql, 1)).toEqual([lostLine]);
    await rowsOf(sql, 'update invited.vanity set uses = 0');
    expect((await checkSums(sql, 10)).at(-1)).toMatchObject({ code: vanity.code, isVanity: true, joins: 1 });
  });

  it('know the one epoch that was set first, and whether there is anything', async () => {
    const { sql } = database();
    expect(await epoch(sql)).toBeNull();
    const told = await Promise.all(['one', 'two', 'three'].map((value) => setEpoch(sql, value)));
    expect(new Set(told).size).toBe(1);
    expect(await epoch(sql)).toBe(told[0]);
    expect(await hasData(sql)).toBe(false);
    const journal = await Journal.open(sql);
    await journal.write([journal.created(anInvite())]);
    expect(await hasData(sql)).toBe(true);
  });
});
