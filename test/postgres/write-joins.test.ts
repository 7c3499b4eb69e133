// The ledger and what joins change beside it: rows in order, members, recipients, the uses of vanity codes; and that a
// batch is written once, by the one writer that owns its journal.

import { expect, it } from 'vitest';
import { NO_ENTITIES } from '../../src/postgres/entities.js';
import { claimJournal, journalStates } from '../../src/postgres/journals.js';
import { writeBatch } from '../../src/postgres/write.js';
import { LARGEST_ID, unusedVanity } from '../support/ids.js';
import { onEachPostgres } from '../support/postgres.js';
import { aGuild, anInvite, id, Journal, NOW_MS, recordOf, rowsOf } from './journal.js';

onEachPostgres('the joins', (database) => {
  const membersOf = (guildId: string | null) =>
    rowsOf(
      database().sql,
      'select user_id as "userId", temporary, roles::text[] from invited.members where guild_id = $1 order by user_id',
      [guildId ?? ''],
    );
  const joinsOf = (journal: number) =>
    rowsOf(
      database().sql,
      `select seq::int, code, guild_id as "guildId", channel_id as "channelId", user_id as "userId", inviter_id as "inviterId",
         (extract(epoch from at) * 1000)::text as at, temporary, vanity, uses::int
       from invited.joins where journal = $1 order by seq`,
      [String(journal)],
    );

  it('gives every user a row, with seq and uses growing by one', async () => {
    const journal = await Journal.open(database().sql);
    const invite = anInvite({ isTemporary: true });
    const users = [id(), LARGEST_ID as ReturnType<typeof id>, id()];
    const joined = journal.joined(invite, 4, users);
    await journal.write([joined]);
    expect(await joinsOf(journal.number)).toEqual(
      users.map((userId, index) => ({
        seq: joined.firstSeq + index,
        code: invite.code,
        guildId: invite.guildId,
        channelId: invite.channelId,
        userId,
        inviterId: invite.inviterId,
        at: `${NOW_MS}.000000`,
        temporary: true,
        vanity: false,
        uses: 4 + index,
      })),
    );
    expect(await membersOf(invite.guildId)).toHaveLength(3);
  });

  it('takes lines of many codes and guilds in one batch', async () => {
    const journal = await Journal.open(database().sql);
    const invites = Array.from({ length: 50 }, () => anInvite());
    const events = invites.flatMap((invite) => [
      journal.created(invite),
      journal.joined(invite, 1, [id(), id()]),
    ]);
    await journal.write(events);
    expect(await joinsOf(journal.number)).toHaveLength(100);
    const [counted] = await rowsOf(
      database().sql,
      'select count(*)::int as n, sum(uses)::int as uses from invited.invites where code = any (string_to_array($1, $2))',
      [invites.map(({ code }) => code).join(' '), ' '],
    );
    expect(counted).toEqual({ n: 50, uses: 100 });
  });

  it('leaves a member as the last event of the batch has it', async () => {
    const journal = await Journal.open(database().sql);
    const invite = anInvite();
    const guildId = invite.guildId ?? id();
    const [back, gone] = [id(), id()];
    await journal.write([
      journal.joined(invite, 1, [back, gone], { isTemporary: true }),
      journal.removed(guildId, back),
      journal.removed(guildId, gone),
      journal.joined(invite, 3, [back]),
    ]);
    expect(await membersOf(guildId)).toEqual([{ userId: back, temporary: false, roles: [] }]);
    expect(await joinsOf(journal.number)).toHaveLength(3);
  });

  it('takes the roles of who was removed and comes back', async () => {
    const journal = await Journal.open(database().sql);
    const invite = anInvite();
    const guildId = invite.guildId ?? id();
    const userId = id();
    const state = { guildId, userId, isTemporary: false, roles: [id()] };
    await journal.write([], { members: [{ seq: journal.next(), state }] });
    await journal.write([journal.removed(guildId, userId), journal.joined(invite, 1, [userId])]);
    expect(await membersOf(guildId)).toEqual([{ userId, temporary: false, roles: [] }]);
  });

  it('does not touch a member whom the directory told of later', async () => {
    const journal = await Journal.open(database().sql);
    const invite = anInvite();
    const guildId = invite.guildId ?? id();
    const [stays, left] = [id(), id()];
    const roles = [id(), id()];
    const joined = journal.joined(invite, 1, [stays]);
    const removed = journal.removed(guildId, left);
    const states = [stays, left].map((userId) => ({ guildId, userId, isTemporary: true, roles }));
    await journal.write([], { members: states.map((state) => ({ seq: journal.next(), state })) });
    await journal.write([joined, removed]);
    expect(await membersOf(guildId)).toEqual(
      [stays, left]
        .sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
        .map((userId) => ({ userId, temporary: true, roles })),
    );
  });

  it('appends recipients to a group DM in their order, each once', async () => {
    const journal = await Journal.open(database().sql);
    const channelId = id();
    const [owner, first, second] = [id(), id(), id()];
    const state = { id: channelId, ownerId: owner, name: null, recipients: [owner], record: recordOf('dm') };
    await journal.write([], { groupDms: [{ seq: journal.next(), state }] });
    const invite = anInvite({ guildId: null, channelId });
    await journal.write([
      journal.created(invite),
      journal.joined(invite, 1, [second, first]),
      journal.joined(invite, 3, [second, owner]),
    ]);
    expect(
      await rowsOf(database().sql, 'select recipients::text[] from invited.group_dms where id = $1', [
        channelId,
      ]),
    ).toEqual([{ recipients: [owner, second, first] }]);
    expect(await joinsOf(journal.number)).toHaveLength(4);
  });

  it('raises the uses of a vanity code', async () => {
    const journal = await Journal.open(database().sql);
    const vanity = { code: unusedVanity(), uses: 2, createdAtMs: NOW_MS, token: '7' };
    const guild = aGuild({ vanity });
    await journal.write([], { guilds: [{ seq: journal.next(), state: guild }] });
    const changes = { isVanity: true, channelId: null, inviterId: null };
    const invite = anInvite({ code: vanity.code, guildId: guild.id });
    await journal.write([journal.joined(invite, 3, [id(), id()], changes)]);
    await journal.write([], { guilds: [{ seq: journal.next(), state: guild }] });
    expect(
      await rowsOf(database().sql, 'select uses::int from invited.vanity where code = $1', [vanity.code]),
    ).toEqual([{ uses: 4 }]);
  });

  it('writes nothing for a position that it has, or a later one', async () => {
    const journal = await Journal.open(database().sql);
    const invite = anInvite();
    const batch = (streamId: string) => ({
      journal: journal.number,
      fence: journal.fence,
      position: { streamId, seq: 500, newestAtMs: NOW_MS },
      events: [journal.joined(invite, 1, [id()])],
      entities: NO_ENTITIES,
    });
    const { sql } = database();
    expect(await writeBatch(sql, batch('1000-9'))).toBe('written');
    expect(await writeBatch(sql, batch('1000-9'))).toBe('stale');
    expect(await writeBatch(sql, batch('999-10'))).toBe('stale');
    // Not as texts: 10 is more than 9.
    expect(await writeBatch(sql, batch('1000-10'))).toBe('written');
    expect(await writeBatch(sql, { ...batch('0-0'), position: null })).toBe('written');
    expect(await joinsOf(journal.number)).toHaveLength(3);
    const state = (await journalStates(sql)).find((state) => state.journal === journal.number);
    expect(state).toEqual({
      journal: journal.number,
      fence: journal.fence,
      position: { streamId: '1000-10', seq: 500, newestAtMs: NOW_MS },
      writtenAtMs: expect.any(Number),
    });
  });

  it('writes nothing for a writer whose journal another one has claimed', async () => {
    const { sql } = database();
    const old = await Journal.open(sql);
    const next = await Journal.open(sql, old.number);
    expect(BigInt(next.fence)).toBeGreaterThan(BigInt(old.fence));
    const invite = anInvite();
    expect(await old.write([old.joined(invite, 1, [id()])])).toBe('fenced');
    expect(await joinsOf(old.number)).toEqual([]);
    expect(await next.write([next.joined(invite, 1, [id()])])).toBe('written');
  });

  it('writes nothing into a journal that nobody has claimed here', async () => {
    const { sql } = database();
    const batch = { journal: 9999, fence: '3', position: null, events: [], entities: NO_ENTITIES };
    expect(await writeBatch(sql, batch)).toBe('fenced');
  });

  it('gives many who claim a journal at once numbers of their own', async () => {
    const { sql } = database();
    const fences = await Promise.all(Array.from({ length: 10 }, () => claimJournal(sql, 9998)));
    expect(new Set(fences).size).toBe(10);
  });

  it('writes the same batch of two who send it at once only once', async () => {
    const { sql } = database();
    const journal = await Journal.open(sql);
    const invite = anInvite();
    const batch = {
      journal: journal.number,
      fence: journal.fence,
      position: journal.position(),
      events: [journal.created(invite), journal.joined(invite, 1, [id(), id()])],
      entities: NO_ENTITIES,
    };
    const outcomes = await Promise.all([writeBatch(sql, batch), writeBatch(sql, batch)]);
    expect(outcomes.sort()).toEqual(['stale', 'written']);
    expect(await joinsOf(journal.number)).toHaveLength(2);
  });
});
