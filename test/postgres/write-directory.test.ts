// What the writer makes of the directory, and that the readers give back what was written: all kinds of entities, there
// and back, newer over older and never the other way.

import { describe, expect, it } from 'vitest';
import type { JsonText } from '../../src/invite/invite.js';
import { jsonText } from '../../src/invite/invite.js';
import type { SqlSession } from '../../src/postgres/connection.js';
import type { GroupDmState, GuildState, Present, UserState } from '../../src/postgres/entities.js';
import {
  readBans,
  readChannels,
  readGroupDms,
  readGuilds,
  readIpBans,
  readMembers,
  readUsers,
} from '../../src/postgres/read-directory.js';
import { LARGEST_ID, unusedVanity } from '../support/ids.js';
import { onEachPostgres } from '../support/postgres.js';
import { aGuild, anInvite, id, Journal, NOW_MS, recordOf, rowsOf } from './journal.js';

const LARGEST = LARGEST_ID as ReturnType<typeof id>;

/** Everything, in pages that are as short as they can be. */
async function all<State extends object>(
  sql: SqlSession,
  read: (sql: SqlSession, after: State | null, limit: number) => Promise<readonly Present<State>[]>,
): Promise<readonly Present<State>[]> {
  const found: Present<State>[] = [];
  for (let after: State | null = null; ; ) {
    const page: readonly Present<State>[] = await read(sql, after, 2);
    found.push(...page);
    after = page.at(-1)?.state ?? null;
    if (page.length < 2) return found;
  }
}

onEachPostgres('the directory', (database) => {
  const guildOf = async (guildId: string) => {
    const guilds = await all<GuildState>(database().sql, (sql, after, limit) =>
      readGuilds(sql, after?.id ?? null, limit),
    );
    return guilds.find(({ state }) => state.id === guildId)?.state ?? null;
  };

  it('comes back as it went in, kind by kind', async () => {
    const { sql } = database();
    const journal = await Journal.open(sql);
    const seq = journal.next();
    const told = <State>(states: readonly State[]) => states.map((state) => ({ seq, state }));
    const odd = jsonText({ name: 'a\0b', more: ['"', '\\', '{,}', '\ud800', 'ÄöÜ 🎉', null] });
    // As the host wrote it, spaces and all.
    const spaced = '{ "name" : "a\\u0000b",  "name":"twice" }' as JsonText;
    const guilds = [
      aGuild({ id: LARGEST, name: 'a\uFFFDb', record: odd, memberCount: 0, presenceCount: 12, bornSeq: 77 }),
      aGuild({
        record: spaced,
        roles: [
          { id: LARGEST, permissions: '18446744073709551615' },
          { id: id(), permissions: '0' },
        ],
        vanity: { code: unusedVanity(), uses: 3, createdAtMs: NOW_MS + 1, token: '123' },
        vanityVersion: 4,
      }),
      aGuild(),
    ];
    const channels = [0, 1, 2].map((type) => ({ guildId: LARGEST, id: id(), name: '', type, record: odd }));
    const members = [
      { guildId: LARGEST, userId: LARGEST, isTemporary: true, roles: [] },
      { guildId: LARGEST, userId: id(), isTemporary: false, roles: [LARGEST, id()] },
    ];
    const bans = [0, 1, 2].map(() => ({ guildId: LARGEST, userId: id(), record: odd }));
    const ipBans = ['198.18.0.1', '2001:db8::/64', 'x"y,{'].map((addressKey) => ({
      guildId: LARGEST,
      addressKey,
      record: spaced,
    }));
    const users = [0, 1, 2].map(() => ({ id: id(), username: 'a\uFFFD"\\b', record: odd }));
    const groupDms = [
      { id: LARGEST, ownerId: id(), name: null, recipients: [LARGEST, id(), id()], record: odd },
      { id: id(), ownerId: id(), name: 'NULL', recipients: [], record: spaced },
    ];
    await journal.write([], {
      guilds: told(guilds.map((guild) => ({ ...guild, name: guild.name.replace('\uFFFD', '\0') }))),
      channels: told(channels),
      members: told(members),
      bans: told(bans),
      ipBans: told(ipBans),
      users: told(users.map((user) => ({ ...user, username: 'a\0"\\b' }))),
      groupDms: told(groupDms),
    });
    const idOf = <State extends { readonly id: ReturnType<typeof id> }>(state: State | null) =>
      state?.id ?? null;
    const found = {
      guilds: await all<GuildState>(sql, (_, after, limit) => readGuilds(sql, idOf(after), limit)),
      channels: await all(sql, readChannels),
      members: await all(sql, readMembers),
      bans: await all(sql, readBans),
      ipBans: await all(sql, readIpBans),
      users: await all<UserState>(sql, (_, after, limit) => readUsers(sql, idOf(after), limit)),
      groupDms: await all<GroupDmState>(sql, (_, after, limit) => readGroupDms(sql, idOf(after), limit)),
    };
    const bySize = (a: string, b: string) => (BigInt(a) < BigInt(b) ? -1 : 1);
    expect(found).toEqual({
      guilds: told(guilds.toSorted((a, b) => bySize(a.id, b.id))),
      channels: told(channels.toSorted((a, b) => bySize(a.id, b.id))),
      members: told(members.toSorted((a, b) => bySize(a.userId, b.userId))),
      bans: told(bans.toSorted((a, b) => bySize(a.userId, b.userId))),
      ipBans: told(ipBans),
      users: told(users.toSorted((a, b) => bySize(a.id, b.id))),
      groupDms: told(groupDms.toSorted((a, b) => bySize(a.id, b.id))),
    });
  });

  it('is not taken back to what is older', async () => {
    const journal = await Journal.open(database().sql);
    const guild = aGuild({ name: 'new', roles: [{ id: id(), permissions: '1' }] });
    const user = { id: id(), username: 'new', record: recordOf('new') };
    const older = journal.next();
    const newer = journal.next();
    await journal.write([], {
      guilds: [{ seq: newer, state: guild }],
      users: [{ seq: newer, state: user }],
    });
    await journal.write([], {
      guilds: [{ seq: older, state: { ...guild, name: 'old', roles: [] } }],
      users: [{ seq: older, state: { ...user, username: 'old' } }],
    });
    await journal.write([], {
      guilds: [{ seq: older, state: null, id: guild.id }],
      users: [{ seq: older, state: null, id: user.id }],
    });
    expect(await guildOf(guild.id)).toEqual(guild);
    expect(
      await rowsOf(database().sql, 'select username from invited.users where id = $1', [user.id]),
    ).toEqual([{ username: 'new' }]);
  });

  it('takes the newest of what one batch tells twice', async () => {
    const journal = await Journal.open(database().sql);
    const user = { id: id(), username: '1', record: recordOf('1') };
    const guild = aGuild();
    const [first, second] = [journal.next(), journal.next()];
    await journal.write([], {
      users: [
        { seq: second, state: { ...user, username: '2' } },
        { seq: first, state: user },
      ],
      guilds: [
        { seq: first, state: null, id: guild.id },
        { seq: second, state: guild },
      ],
    });
    expect(
      await rowsOf(database().sql, 'select username from invited.users where id = $1', [user.id]),
    ).toEqual([{ username: '2' }]);
    expect(await guildOf(guild.id)).toEqual(guild);
  });

  it('replaces the roles of a guild with it', async () => {
    const journal = await Journal.open(database().sql);
    const [kept, gone, added] = [id(), id(), id()];
    const guild = aGuild({
      roles: [
        { id: kept, permissions: '1' },
        { id: gone, permissions: '2' },
      ],
    });
    const roles = [
      { id: added, permissions: '9' },
      { id: kept, permissions: '3' },
    ];
    await journal.write([], { guilds: [{ seq: journal.next(), state: guild }] });
    await journal.write([], { guilds: [{ seq: journal.next(), state: { ...guild, roles } }] });
    expect((await guildOf(guild.id))?.roles).toEqual(roles);
  });

  it('loses what is gone', async () => {
    const journal = await Journal.open(database().sql);
    const key = { guildId: id(), userId: id() };
    const state = { ...key, isTemporary: false, roles: [] };
    const count = () =>
      rowsOf(database().sql, 'select user_id from invited.members where guild_id = $1', [key.guildId]);
    await journal.write([], { members: [{ seq: journal.next(), state }] });
    expect(await count()).toHaveLength(1);
    await journal.write([], { members: [{ seq: journal.next(), state: null, ...key }] });
    expect(await count()).toEqual([]);
  });

  describe('a guild that is gone', () => {
    const childrenOf = async (guildId: string) => {
      const tables = ['roles', 'channels', 'members', 'bans', 'ip_bans', 'vanity'];
      const text = tables.map(
        (table) => `select '${table}' as table, count(*)::int as n from invited.${table} where guild_id = $1`,
      );
      const rows = await rowsOf(database().sql, text.join(' union all '), [guildId]);
      return Object.fromEntries(rows.map(({ table, n }) => [table, n]));
    };
    const fill = async (journal: Journal, guild: GuildState) => {
      const seq = journal.next();
      const record = recordOf('child');
      const guildId = guild.id;
      await journal.write([], {
        guilds: [{ seq, state: guild }],
        channels: [{ seq, state: { guildId, id: id(), name: 'c', type: 0, record } }],
        members: [{ seq, state: { guildId, userId: id(), isTemporary: false, roles: [] } }],
        bans: [{ seq, state: { guildId, userId: id(), record } }],
        ipBans: [{ seq, state: { guildId, addressKey: '198.18.0.1', record } }],
      });
    };
    const full = () =>
      aGuild({
        roles: [{ id: id(), permissions: '1' }],
        vanity: { code: unusedVanity(), uses: 0, createdAtMs: NOW_MS, token: '1' },
      });

    it('takes all that is its own along, and members who join in the same batch', async () => {
      const journal = await Journal.open(database().sql);
      const [guild, other] = [full(), full()];
      await fill(journal, guild);
      await fill(journal, other);
      const joined = journal.joined(anInvite({ guildId: guild.id }), 1, [id()]);
      await journal.write([joined], { guilds: [{ seq: journal.next(), state: null, id: guild.id }] });
      expect(await guildOf(guild.id)).toBeNull();
      expect(await childrenOf(guild.id)).toEqual({
        roles: 0,
        channels: 0,
        members: 0,
        bans: 0,
        ip_bans: 0,
        vanity: 0,
      });
      expect(await childrenOf(other.id)).toEqual({
        roles: 1,
        channels: 1,
        members: 1,
        bans: 1,
        ip_bans: 1,
        vanity: 1,
      });
    });

    it('and made again has only what is newer than its birth', async () => {
      const journal = await Journal.open(database().sql);
      const guild = full();
      await fill(journal, guild);
      const before = journal.joined(anInvite({ guildId: guild.id }), 1, [id()]);
      const bornSeq = journal.next();
      const after = journal.joined(anInvite({ guildId: guild.id }), 1, [id(), id()]);
      const reborn = { ...guild, bornSeq, roles: [], vanity: null };
      await journal.write([before, after], { guilds: [{ seq: journal.next(), state: reborn }] });
      expect(await guildOf(guild.id)).toEqual(reborn);
      expect(await childrenOf(guild.id)).toEqual({
        roles: 0,
        channels: 0,
        members: 2,
        bans: 0,
        ip_bans: 0,
        vanity: 0,
      });
    });
  });

  describe('vanity codes', () => {
    const vanity = (code: string, token: string, createdAtMs = NOW_MS, uses = 0) => ({
      code,
      uses,
      createdAtMs,
      token,
    });
    const ownersOf = async (...codes: readonly string[]) =>
      (
        await rowsOf(
          database().sql,
          `select guild_id as "guildId" from invited.vanity where code = any (string_to_array($1, ' ')) order by array_position(string_to_array($1, ' '), code)`,
          [codes.join(' ')],
        )
      ).map(({ guildId }) => guildId);

    it('change hands in a ring in one batch', async () => {
      const journal = await Journal.open(database().sql);
      const guilds = [aGuild(), aGuild(), aGuild()];
      const codes = guilds.map(() => unusedVanity());
      const write = (shift: number, token: string) =>
        journal.write([], {
          guilds: guilds.map((guild, at) => ({
            seq: journal.next(),
            state: { ...guild, vanity: vanity(codes[(at + shift) % 3] ?? '', token) },
          })),
        });
      await write(0, '1');
      expect(await ownersOf(...codes)).toEqual(guilds.map((guild) => guild.id));
      await write(1, '2');
      expect(await ownersOf(...codes)).toEqual([2, 0, 1].map((at) => guilds[at]?.id));
    });

    it('go to another guild before their old one is told of', async () => {
      const journal = await Journal.open(database().sql);
      const [old, next] = [aGuild(), aGuild()];
      const code = unusedVanity();
      await journal.write([], {
        guilds: [{ seq: journal.next(), state: { ...old, vanity: vanity(code, '1', NOW_MS, 5) } }],
      });
      await journal.write([], {
        guilds: [{ seq: journal.next(), state: { ...next, vanity: vanity(code, '2') } }],
      });
      expect(await ownersOf(code)).toEqual([next.id]);
      await journal.write([], { guilds: [{ seq: journal.next(), state: old }] });
      expect(await ownersOf(code)).toEqual([next.id]);
      expect((await guildOf(next.id))?.vanity).toEqual(vanity(code, '2'));
    });

    it('stay with the later claim, whoever of two is written last', async () => {
      const journal = await Journal.open(database().sql);
      const other = await Journal.open(database().sql);
      const [early, late] = [aGuild(), aGuild()];
      const code = unusedVanity();
      await journal.write([], {
        guilds: [{ seq: journal.next(), state: { ...late, vanity: vanity(code, '10') } }],
      });
      await other.write([], {
        guilds: [{ seq: other.next(), state: { ...early, vanity: vanity(code, '9') } }],
      });
      expect(await ownersOf(code)).toEqual([late.id]);
      const both = [early, late].map((guild, at) => ({
        seq: journal.next(),
        state: { ...guild, vanity: vanity(code, String(9 + at)) },
      }));
      await journal.write([], { guilds: both.reverse() });
      expect(await ownersOf(code)).toEqual([late.id]);
    });

    it('begin to count anew when they are set anew', async () => {
      const journal = await Journal.open(database().sql);
      const guild = aGuild();
      const code = unusedVanity();
      await journal.write([], {
        guilds: [{ seq: journal.next(), state: { ...guild, vanity: vanity(code, '1', NOW_MS, 5) } }],
      });
      await journal.write([], {
        guilds: [{ seq: journal.next(), state: { ...guild, vanity: vanity(code, '1', NOW_MS, 4) } }],
      });
      expect((await guildOf(guild.id))?.vanity?.uses).toBe(5);
      await journal.write([], {
        guilds: [{ seq: journal.next(), state: { ...guild, vanity: vanity(code, '2', NOW_MS + 1) } }],
      });
      expect((await guildOf(guild.id))?.vanity?.uses).toBe(0);
    });
  });
});
