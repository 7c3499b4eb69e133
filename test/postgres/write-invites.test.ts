// What the writer makes of the events of invites: each as if they had come one by one, however they are packed.

import { describe, expect, it } from 'vitest';
import type { InviteSettings, LedgerEvent } from '../../src/invite/ledger-events.js';
import { checkSums } from '../../src/postgres/read-invites.js';
import { onEachPostgres } from '../support/postgres.js';
import { anInvite, id, Journal, NOW_MS, rowsOf } from './journal.js';

const WAYS = ['in one batch', 'one by one'] as const;

onEachPostgres('the invites', (database) => {
  const invitesOf = (code: string) =>
    rowsOf(
      database().sql,
      `select created_seq::int as "createdSeq", uses::int, base_uses::int as "baseUses", max_uses as "maxUses", paused,
         (extract(epoch from expires_at) * 1000)::bigint as "expiresAtMs",
         (extract(epoch from ended_at) * 1000)::bigint as "endedAtMs", ended_reason as reason, ended_by as by
       from invited.invites where code = $1 order by created_seq`,
      [code],
    );

  describe.each(WAYS)('%s', (way) => {
    const write = async (journal: Journal, events: readonly LedgerEvent[]) => {
      const batches = way === 'in one batch' ? [events] : events.map((event) => [event]);
      for (const batch of batches) expect(await journal.write(batch)).toBe('written');
    };

    it('keeps all of an invite, to the millisecond', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite({
        expiresAtMs: NOW_MS + 86_400_001,
        maxAgeS: 86_400,
        maxUses: 7,
        isTemporary: true,
        version: 3,
      });
      const created = journal.created(invite);
      await write(journal, [created]);
      expect(
        await rowsOf(
          database().sql,
          `select code, created_seq::int, seq::int, guild_id, channel_id, inviter_id, (extract(epoch from created_at) * 1000)::text as at,
             (extract(epoch from expires_at) * 1000)::text as expires, max_age, max_uses, uses, base_uses, temporary, paused, version,
             ended_at, ended_reason, ended_by
           from invited.invites where code = $1`,
          [invite.code],
        ),
      ).toEqual([
        {
          code: invite.code,
          created_seq: created.seq,
          seq: created.seq,
          guild_id: invite.guildId,
          channel_id: invite.channelId,
          inviter_id: invite.inviterId,
          at: `${NOW_MS}.000000`,
          expires: `${NOW_MS + 86_400_001}.000000`,
          max_age: 86_400,
          max_uses: 7,
          uses: '0',
          base_uses: '0',
          temporary: true,
          paused: false,
          version: 3,
          ended_at: null,
          ended_reason: null,
          ended_by: null,
        },
      ]);
    });

    it('counts uses that an update tells beyond the joins as base', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite({ uses: 5 });
      await write(journal, [
        journal.created(invite),
        journal.joined(invite, 6, [id(), id()]),
        journal.updated({ ...invite, uses: 7, isPaused: true }),
        journal.updated({ ...invite, uses: 10, maxUses: 20 }),
        journal.joined(invite, 11, [id()]),
      ]);
      expect(await invitesOf(invite.code)).toMatchObject([
        { uses: 11, baseUses: 8, maxUses: 20, paused: false },
      ]);
    });

    it('ends an invite with reason, time and who did it', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite();
      const by = id();
      await write(journal, [
        journal.created(invite),
        journal.joined(invite, 1, [id()]),
        journal.ended(invite.code, 'revoked', NOW_MS + 1, by),
      ]);
      expect(await invitesOf(invite.code)).toMatchObject([
        { uses: 1, endedAtMs: String(NOW_MS + 1), reason: 'revoked', by },
      ]);
    });

    it('keeps each invite that had a code apart', async () => {
      const journal = await Journal.open(database().sql);
      const first = anInvite();
      const second: InviteSettings = { ...first, createdAtMs: NOW_MS + 5, uses: 2 };
      await write(journal, [
        journal.created(first),
        journal.joined(first, 1, [id(), id()]),
        journal.ended(first.code, 'exhausted'),
        journal.created(second),
        journal.joined(second, 3, [id()]),
      ]);
      expect(await invitesOf(first.code)).toMatchObject([
        { uses: 2, baseUses: 0, reason: 'exhausted' },
        { uses: 3, baseUses: 2, reason: null },
      ]);
    });

    it('does not end an invite by the expiry of the one before it', async () => {
      const journal = await Journal.open(database().sql);
      const first = anInvite({ expiresAtMs: NOW_MS + 10 });
      const second = { ...first, createdAtMs: NOW_MS + 20, expiresAtMs: NOW_MS + 90_000 };
      await write(journal, [
        journal.created(first),
        journal.created(second),
        journal.ended(first.code, 'expired', NOW_MS + 30),
      ]);
      expect(await invitesOf(first.code)).toMatchObject([
        { reason: 'expired' },
        { reason: null, endedAtMs: null },
      ]);
    });

    it('takes an expiry that an update has moved', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite({ expiresAtMs: NOW_MS + 10 });
      await write(journal, [
        journal.created(invite),
        journal.updated({ ...invite, expiresAtMs: NOW_MS + 90_000 }),
        journal.ended(invite.code, 'expired', NOW_MS + 30),
      ]);
      expect(await invitesOf(invite.code)).toMatchObject([
        { reason: null, expiresAtMs: String(NOW_MS + 90_000) },
      ]);
    });

    it('knows an invite by an update alone, when it was created before all that is copied', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite({ uses: 4 });
      await write(journal, [journal.updated(invite), journal.joined(invite, 5, [id()])]);
      expect(await invitesOf(invite.code)).toMatchObject([{ uses: 5, baseUses: 4 }]);
    });

    it('ends all that still lives under a code', async () => {
      const journal = await Journal.open(database().sql);
      const first = anInvite();
      const second = { ...first, createdAtMs: NOW_MS + 1 };
      await write(journal, [
        journal.created(first),
        journal.created(second),
        journal.ended(first.code, 'channel_deleted'),
      ]);
      expect(await invitesOf(first.code)).toMatchObject([
        { reason: 'channel_deleted' },
        { reason: 'channel_deleted' },
      ]);
    });
  });

  it('never lets uses fall', async () => {
    const journal = await Journal.open(database().sql);
    const invite = anInvite();
    await journal.write([journal.created(invite), journal.joined(invite, 1, [id(), id(), id()])]);
    await journal.write([journal.updated({ ...invite, uses: 1 })]);
    expect(await invitesOf(invite.code)).toMatchObject([{ uses: 3, baseUses: 0 }]);
  });

  describe('read anew', () => {
    it('adds an invite that nothing is known of', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite({ uses: 9 });
      const seq = journal.next();
      await journal.write([], { invites: [{ seq, state: invite }] });
      expect(await invitesOf(invite.code)).toMatchObject([{ createdSeq: seq, uses: 9, baseUses: 9 }]);
    });

    it('changes the one with the same creation, and counts its joins from there on', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite({ uses: 2 });
      const created = journal.created(invite);
      await journal.write([created, journal.joined(invite, 3, [id()])]);
      await journal.write([], {
        invites: [{ seq: journal.next(), state: { ...invite, uses: 3, maxUses: 50 } }],
      });
      expect(await invitesOf(invite.code)).toMatchObject([
        { createdSeq: created.seq, uses: 3, baseUses: 3, maxUses: 50 },
      ]);
      await journal.write([journal.joined(invite, 4, [id()])]);
      expect(await invitesOf(invite.code)).toMatchObject([{ uses: 4, baseUses: 3 }]);
      expect(await checkSums(database().sql, 10)).toEqual([]);
    });

    it('says nothing against what has happened since', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite();
      const created = journal.created(invite);
      const readAt = journal.next();
      await journal.write([created, journal.ended(invite.code, 'revoked')]);
      await journal.write([], { invites: [{ seq: readAt, state: invite }] });
      expect(await invitesOf(invite.code)).toMatchObject([{ reason: 'revoked' }]);
    });

    it('is not doubled by the events that led to it, when they come later', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite();
      const created = journal.created(invite);
      const updated = journal.updated({ ...invite, maxUses: 5 });
      const joined = journal.joined(invite, 1, [id()]);
      const state = { ...invite, maxUses: 5, uses: 1 };
      await journal.write([], { invites: [{ seq: journal.next(), state }] });
      await journal.write([created, updated, joined]);
      expect(await invitesOf(invite.code)).toMatchObject([{ uses: 1, baseUses: 1, maxUses: 5 }]);
    });

    it('ends what is gone', async () => {
      const journal = await Journal.open(database().sql);
      const invite = anInvite({ expiresAtMs: NOW_MS + 1 });
      await journal.write([journal.created(invite)]);
      await journal.write([], { invites: [{ seq: journal.next(), state: null, code: invite.code }] });
      expect(await invitesOf(invite.code)).toMatchObject([{ endedAtMs: String(NOW_MS + 1), reason: 'lost' }]);
    });
  });
});
