// The copy to Postgres: each join once, whatever dies or stands still, and nothing forgotten that Postgres doesn't hold.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { partitionOfId } from '../../src/invite/partition.js';
import { Copier, type CopierOptions } from '../../src/jobs/copier.js';
import { copyAll } from '../../src/jobs/full-copy.js';
import { type Sql, statement } from '../../src/postgres/connection.js';
import { checkSums } from '../../src/postgres/read-invites.js';
import { PostgresUnavailable } from '../../src/postgres/unavailable.js';
import type { JournalStore } from '../../src/store/journal-store.js';
import { journalKey } from '../../src/store/journals.js';
import { onEachPostgres } from '../support/postgres.js';
import { newId, TestEngine } from './engine.js';

onEachPostgres('the copy', (database) => {
  let own: TestEngine;
  beforeAll(async () => {
    own = await TestEngine.open();
  });
  afterAll(() => own.close());

  const copierWith = (options: Partial<CopierOptions> = {}): Copier =>
    new Copier({
      store: own.store.journal,
      sql: database().sql,
      journal: 0,
      rowsAimed: 1000,
      kept: { forMs: 0, entriesMax: 1_000_000 },
      onReaderCut: () => {},
      onDamaged: (streamId) => {
        throw new Error(`a damaged entry ${streamId}`);
      },
      ...options,
    });

  const copyToTheEnd = async (copier: Copier): Promise<void> => {
    for (let page = 0; page < 1000; page += 1) {
      const { outcome, hasMore } = await copier.copy();
      expect(outcome).toBe('copied');
      if (!hasMore) return;
    }
    throw new Error('the copy came to no end');
  };

  const copyEverything = async (copier: Copier): Promise<void> => {
    const { store } = own;
    await copyAll({
      store: store.journal,
      scan: () => store.scan(),
      sql: database().sql,
      journal: 0,
      isCluster: false,
      fence: copier.claim?.fence ?? '',
      onDamaged: (what) => {
        throw new Error(`damaged: ${what}`);
      },
      keepLease: async () => true,
    });
    copier.end();
    await copyToTheEnd(copier);
  };

  const one = async <Row extends object>(text: string, params: readonly string[]): Promise<Row | undefined> =>
    (await database().sql.query<Row>(statement('look', text), params))[0];

  const sumsOf = (code: string) =>
    one<{ joins: number; uses: number; members: number }>(
      `select (select count(*)::int from invited.joins where code = $1) as joins,
         (select count(distinct user_id)::int from invited.joins where code = $1) as members,
         (select uses::int from invited.invites where code = $1) as uses`,
      [code],
    );

  it('holds what happened, in the end', async () => {
    const place = await own.guild({ member_count: 7 });
    const [open, capped] = [await own.invite(place), await own.invite(place, { maxUses: 3 })];
    expect([await own.accept(open, 10), await own.accept(capped, 5)]).toEqual([10, 3]);
    await copyToTheEnd(copierWith());
    expect(await sumsOf(open)).toEqual({ joins: 10, uses: 10, members: 10 });
    expect(await sumsOf(capped)).toEqual({ joins: 3, uses: 3, members: 3 });
    expect(
      await one('select ended_reason as reason, ended_by as by from invited.invites where code = $1', [
        capped,
      ]),
    ).toEqual({ reason: 'exhausted', by: null });
    expect(
      await one(
        'select member_count::int as told, (select count(*)::int from invited.members where guild_id = id) as members from invited.guilds where id = $1',
        [place.guildId],
      ),
    ).toEqual({ told: 7 + 13, members: 14 });
    const { entries, marks } = await own.store.journal.figures(0);
    expect([entries, marks]).toEqual([0, 0]);
  });

  it('takes what is changed of an invite, and nothing where nothing is', async () => {
    const place = await own.guild();
    const code = await own.invite(place, { maxUses: 9, maxAgeS: 60 });
    await copyToTheEnd(copierWith());
    await own.accept(code, 2);
    const service = { userId: newId(), role: 'service', permissions: null } as const;
    const nothing = { maxAgeS: null, maxUses: null, isTemporary: null, isPaused: null };
    const changes = { maxAgeS: 600, maxUses: 20, isTemporary: true, isPaused: true };
    const look = () =>
      one(
        `select max_age as age, max_uses as cap, temporary, paused, version, uses::int as uses, ended_at,
           extract(epoch from expires_at - created_at)::int as lives from invited.invites where code = $1`,
        [code],
      );
    await own.engine.edit(code, service, changes);
    await own.engine.edit(code, service, nothing);
    await copyToTheEnd(copierWith());
    const row = { age: 600, cap: 20, temporary: true, paused: true, version: 2, uses: 2, ended_at: null };
    expect(await look()).toEqual({ ...row, lives: 600 });
    await own.engine.edit(code, service, { ...nothing, maxAgeS: 0, isPaused: false });
    await copyToTheEnd(copierWith());
    expect(await look()).toEqual({ ...row, age: 0, lives: null, paused: false, version: 3 });
  });

  it('counts each join once, though 20 processes die between the commit and what they would tell Redis', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    const dying: JournalStore = {
      ...own.store.journal,
      copied: () => Promise.reject(new Error('killed')),
    };
    for (let death = 0; death < 20; death += 1) {
      await own.accept(code, 5);
      await own.engine.putMember({
        guild_id: place.guildId,
        user_id: newId(),
        roles: [],
        temporary: false,
      });
      await expect(copierWith({ store: dying }).copy()).rejects.toThrow('killed');
    }
    await copyToTheEnd(copierWith());
    expect(await sumsOf(code)).toEqual({ joins: 100, uses: 100, members: 100 });
    expect(
      await one('select count(*)::int as members from invited.members where guild_id = $1', [place.guildId]),
    ).toEqual({ members: 1 + 100 + 20 });
  });

  it('goes on where Postgres is, when the answer to a commit was lost', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    await copyToTheEnd(copierWith());
    let isLost = true;
    const { sql } = database();
    const losing: Sql = {
      ...sql,
      async transaction(work, timeoutMs) {
        const result = await sql.transaction(work, timeoutMs);
        if (isLost) throw new PostgresUnavailable('the connection was cut');
        return result;
      },
    };
    const copier = copierWith({ sql: losing });
    await own.accept(code, 30);
    await expect(copier.copy()).rejects.toThrow(PostgresUnavailable);
    isLost = false;
    // What is marked now comes with a page that Postgres has already.
    const memberId = newId();
    await own.engine.putMember({ guild_id: place.guildId, user_id: memberId, roles: [], temporary: true });
    await copyToTheEnd(copier);
    expect(await sumsOf(code)).toEqual({ joins: 30, uses: 30, members: 30 });
    expect(
      await one('select temporary from invited.members where guild_id = $1 and user_id = $2', [
        place.guildId,
        memberId,
      ]),
    ).toEqual({ temporary: true });
  });

  it('lets only the last who began write', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    const frozen = copierWith();
    await copyToTheEnd(frozen);
    await own.accept(code, 4);
    const next = copierWith();
    await next.begin();
    // It slept through its lease, and wakes with what it was about to write.
    expect((await frozen.copy()).outcome).toBe('fenced');
    expect(await sumsOf(code)).toEqual({ joins: 0, uses: 0, members: 0 });
    await copyToTheEnd(next);
    expect(await sumsOf(code)).toEqual({ joins: 4, uses: 4, members: 4 });
  });

  it('gives the right sums when two copy at the same time', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    const copiers = [copierWith({ rowsAimed: 100 }), copierWith({ rowsAimed: 100 })];
    let accepted = 0;
    for (let round = 0; round < 10; round += 1) {
      accepted += await own.accept(code, 20);
      await Promise.all(copiers.map((copier) => copier.copy()));
    }
    await copyToTheEnd(copierWith());
    expect(await sumsOf(code)).toEqual({ joins: accepted, uses: accepted, members: accepted });
  });

  it('forgets neither entries nor marks while Postgres is away', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    await copyToTheEnd(copierWith());
    await own.accept(code, 3);
    await own.engine.putMember({ guild_id: place.guildId, user_id: newId(), roles: [], temporary: false });
    const away: Sql = {
      query: () => Promise.reject(new PostgresUnavailable('ECONNREFUSED')),
      transaction: () => Promise.reject(new PostgresUnavailable('ECONNREFUSED')),
      close: async () => {},
    };
    await expect(copierWith({ sql: away }).copy()).rejects.toThrow(PostgresUnavailable);
    const { entries, marks } = await own.store.journal.figures(0);
    expect([entries > 0, marks]).toEqual([true, 1]);
    await copyToTheEnd(copierWith());
    expect(await sumsOf(code)).toEqual({ joins: 3, uses: 3, members: 3 });
  });

  it('keeps a mark that was set anew while it was being copied', async () => {
    const place = await own.guild();
    await copyToTheEnd(copierWith());
    const memberId = newId();
    const put = (temporary: boolean) =>
      own.engine.putMember({ guild_id: place.guildId, user_id: memberId, roles: [], temporary });
    await put(true);
    const slow: JournalStore = {
      ...own.store.journal,
      async copied(...args) {
        await put(false);
        return own.store.journal.copied(...args);
      },
    };
    await copierWith({ store: slow }).copy();
    expect((await own.store.journal.figures(0)).marks).toBe(1);
    await copyToTheEnd(copierWith());
    const stored = 'select temporary from invited.members where guild_id = $1 and user_id = $2';
    expect(await one(stored, [place.guildId, memberId])).toEqual({ temporary: false });
  });

  it('keeps the events that may still be asked for', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    await own.accept(code, 1);
    await copyToTheEnd(copierWith({ kept: { forMs: 3_600_000, entriesMax: 1_000_000 } }));
    expect((await own.store.journal.figures(0)).entries).toBeGreaterThan(0);
    await copyToTheEnd(copierWith());
    expect((await own.store.journal.figures(0)).entries).toBe(0);
  });

  it('tells of an entry that says nothing, and goes on behind it', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    const damaged: string[] = [];
    const id = await own.redis.xadd(journalKey(0, 'events'), '*', 'type', 'INVITE_CREATE', 'seq', 'none');
    await own.accept(code, 2);
    await copyToTheEnd(copierWith({ onDamaged: (streamId) => damaged.push(streamId) }));
    expect(damaged).toEqual([id]);
    expect(await sumsOf(code)).toEqual({ joins: 2, uses: 2, members: 2 });
  });

  it('copies everything to a Postgres that was not there from the start', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    const revoked = await own.invite(place);
    await own.accept(code, 6);
    await copyToTheEnd(copierWith());
    // Another Postgres, as far as Redis can tell; of the old one a member is left who has gone since.
    const goneId = newId();
    for (const table of ['joins', 'journals', 'invites', 'guilds', 'members', 'channels']) {
      await database().sql.query(statement('forget', `delete from invited.${table}`));
    }
    await database().sql.query(
      statement(
        'leave one',
        'insert into invited.members (guild_id, user_id, seq, temporary, roles) values ($1, $2, 1, false, $3)',
      ),
      [place.guildId, goneId, '{}'],
    );
    await own.accept(code, 2);
    await own.engine.revoke(revoked, { userId: place.ownerId, role: 'user', permissions: null });

    const copier = copierWith();
    expect((await copier.copy()).outcome).toBe('gap');
    await copyEverything(copier);
    expect(
      await one('select uses::int, ended_at is null as live from invited.invites where code = $1', [code]),
    ).toEqual({ uses: 8, live: true });
    expect(await checkSums(database().sql, 10)).toEqual([]);
    expect(
      await one('select count(*)::int as live from invited.invites where code = $1 and ended_at is null', [
        revoked,
      ]),
    ).toEqual({ live: 0 });
    const isMember =
      'select count(*)::int as there from invited.members where guild_id = $1 and user_id = $2';
    expect(await one(isMember, [place.guildId, goneId])).toEqual({ there: 0 });
    expect(await one(isMember, [place.guildId, place.ownerId])).toEqual({ there: 1 });
  });

  it('has the right sums when it was off for a while, and joins of that time are gone', async () => {
    const place = await own.guild();
    const code = await own.invite(place);
    const vanity = `off-${place.guildId}`;
    const service = { userId: place.ownerId, role: 'service', permissions: null } as const;
    await own.engine.setVanity(place.guildId, service, vanity);
    const acceptBoth = async (count: number): Promise<void> => {
      await own.accept(code, count);
      await own.accept(vanity, count);
    };
    await acceptBoth(3);
    await copyToTheEnd(copierWith());
    await acceptBoth(4);
    await own.store.journal.forget(0, { forMs: 0, entriesMax: 1_000_000 });
    await acceptBoth(5);

    const copier = copierWith();
    expect((await copier.copy()).outcome).toBe('gap');
    await copyEverything(copier);
    await acceptBoth(6);
    await copyToTheEnd(copier);
    expect(await one('select uses::int from invited.invites where code = $1', [code])).toEqual({ uses: 18 });
    expect(await one('select uses::int from invited.vanity where code = $1', [vanity])).toEqual({ uses: 18 });
    expect(await checkSums(database().sql, 10)).toEqual([]);
  });

  it('passes over a record of the wrong kind, and copies the others', async () => {
    await copyToTheEnd(copierWith());
    const [broken, sound] = [newId(), newId()];
    for (const id of [broken, sound]) {
      await own.engine.putUser({ id, username: 'somebody', discriminator: 1, avatar_hash: null });
    }
    const key = `invited:{${partitionOfId(broken)}}:user:${broken}`;
    await own.redis.del(key);
    await own.redis.hset(key, 'no', 'text');
    const damaged: string[] = [];
    await copyToTheEnd(copierWith({ onDamaged: (what) => damaged.push(what) }));
    expect(damaged).toEqual([`user:${broken}`]);
    const nameOf = 'select username from invited.users where id = $1';
    expect(await one(nameOf, [sound])).toEqual({ username: 'somebody' });
    await own.redis.del(key);
  });
});
