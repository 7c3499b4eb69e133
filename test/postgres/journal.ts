// A journal for the tests of the writer: events with a growing `seq`, written batch by batch into a journal of its own.
// Must give every test a journal that no other test of the file has.

import type { Snowflake } from '../../src/invite/id.js';
import { type JsonText, jsonText } from '../../src/invite/invite.js';
import type {
  EndReason,
  InviteSettings,
  InviteTold,
  Joined,
  LedgerEvent,
} from '../../src/invite/ledger-events.js';
import type { Sql } from '../../src/postgres/connection.js';
import { type Entities, type GuildState, NO_ENTITIES } from '../../src/postgres/entities.js';
import { claimJournal, type Position } from '../../src/postgres/journals.js';
import { writeBatch } from '../../src/postgres/write.js';
import { snowflake, unusedCode } from '../support/ids.js';

export const id = (): Snowflake => snowflake() as Snowflake;

let journals = 0;

export const NOW_MS = 1_764_000_000_123;

/** An invite that nothing has happened to. */
export function anInvite(changes: Partial<InviteSettings> = {}): InviteSettings {
  return {
    code: unusedCode(),
    guildId: id(),
    channelId: id(),
    inviterId: id(),
    createdAtMs: NOW_MS,
    expiresAtMs: null,
    maxAgeS: 0,
    maxUses: 0,
    uses: 0,
    isTemporary: false,
    isPaused: false,
    version: 1,
    ...changes,
  };
}

export function aGuild(changes: Partial<GuildState> = {}): GuildState {
  const guildId = changes.id ?? id();
  return {
    id: guildId,
    bornSeq: 1,
    ownerId: id(),
    name: 'Guild',
    record: recordOf(guildId),
    memberCount: null,
    presenceCount: null,
    roles: [],
    vanity: null,
    vanityVersion: 0,
    ...changes,
  };
}

export function recordOf(name: string): JsonText {
  return jsonText({ name });
}

export class Journal {
  readonly number: number;
  readonly sql: Sql;
  readonly fence: string;
  #seq = 100;
  #entry = 0;

  private constructor(sql: Sql, journal: number, fence: string) {
    this.sql = sql;
    this.number = journal;
    this.fence = fence;
  }

  static async open(sql: Sql, journal = journals++): Promise<Journal> {
    return new Journal(sql, journal, await claimJournal(sql, journal));
  }

  next(count = 1): number {
    this.#seq += count;
    return this.#seq - count + 1;
  }

  position(): Position {
    this.#entry += 1;
    return { streamId: `${NOW_MS}-${this.#entry}`, seq: this.#seq, newestAtMs: NOW_MS };
  }

  write(events: readonly LedgerEvent[], entities: Partial<Entities> = {}) {
    return writeBatch(this.sql, {
      journal: this.number,
      fence: this.fence,
      position: this.position(),
      events,
      entities: { ...NO_ENTITIES, ...entities },
    });
  }

  created(invite: InviteSettings): InviteTold {
    return { ...invite, kind: 'create', seq: this.next(), atMs: NOW_MS };
  }

  updated(invite: InviteSettings): InviteTold {
    return { ...invite, kind: 'update', seq: this.next(), atMs: NOW_MS };
  }

  ended(code: string, reason: EndReason, atMs = NOW_MS, by: Snowflake | null = null): LedgerEvent {
    return { kind: 'delete', seq: this.next(), atMs, code, reason, by };
  }

  joined(
    invite: InviteSettings,
    firstUses: number,
    userIds: readonly Snowflake[],
    changes: Partial<Joined> = {},
  ): Joined {
    return {
      kind: 'joins',
      firstSeq: this.next(userIds.length),
      atMs: NOW_MS,
      code: invite.code,
      guildId: invite.guildId,
      channelId: invite.channelId,
      inviterId: invite.inviterId,
      isTemporary: invite.isTemporary,
      isVanity: false,
      firstUses,
      userIds,
      ...changes,
    };
  }

  removed(guildId: Snowflake, userId: Snowflake): LedgerEvent {
    return { kind: 'member_remove', seq: this.next(), guildId, userId };
  }
}

/** Rows as people would see them, for what no reader of ours gives. */
export function rowsOf(sql: Sql, text: string, params: readonly string[] = []) {
  return sql.query<Readonly<Record<string, unknown>>>({ name: 'look', text }, params);
}
