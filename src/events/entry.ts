// What the entries of a journal say (lua/README.md, Events). An entry that says something else than it should is damaged: it is told
// apart, and never guessed at.

import { isSnowflake, type Snowflake } from '../invite/id.js';
import type { JsonText } from '../invite/invite.js';
import type { EndReason } from '../invite/ledger-events.js';
import { parseTraceparent, type Traceparent } from '../invite/trace.js';
import type { JournalEntry } from '../store/journal-store.js';
import { type Change, countOf, type RemovalReason } from './change.js';

const END_REASONS: readonly EndReason[] = [
  'revoked',
  'exhausted',
  'expired',
  'channel_deleted',
  'guild_deleted',
];
const REMOVAL_REASONS: readonly RemovalReason[] = ['disconnected', 'banned', 'removed'];
const TEMPORARY = 1;
const PAUSED = 2;
const WORDS_BEFORE_USERS = 7;

/** null: damaged. Packed joins are one for each code, as they stand there. */
export function readEntry(entry: JournalEntry): readonly Change[] | null {
  try {
    const changes = read(new Fields(entry.fields));
    const traces = readTraces(entry.fields);
    return traces === null ? changes : withTraces(changes, traces);
  } catch (error) {
    if (error instanceof Damaged) return null;
    throw error;
  }
}

class Damaged extends Error {}

/** By the index of the event in the entry; null: none. What is no trace is left out: nothing else depends on it. */
function readTraces(fields: ReadonlyMap<string, string>): ReadonlyMap<number, Traceparent> | null {
  const alone = fields.get('trace');
  const lines = alone === undefined ? fields.get('traces')?.split('\n') : [`0 ${alone}`];
  if (lines === undefined) return null;
  const traces = new Map<number, Traceparent>();
  for (const line of lines) {
    const [index, text] = line.split(' ');
    const traceparent = parseTraceparent(text);
    if (traceparent !== null) traces.set(Number(index), traceparent);
  }
  return traces;
}

/** To each change those of its own events. */
function withTraces(changes: readonly Change[], traces: ReadonlyMap<number, Traceparent>): readonly Change[] {
  let first = 0;
  return changes.map((change) => {
    const own = new Map<number, Traceparent>();
    const count = countOf(change);
    for (let index = 0; index < count; index += 1) {
      const traceparent = traces.get(first + index);
      if (traceparent !== undefined) own.set(index, traceparent);
    }
    first += count;
    return own.size === 0 ? change : { ...change, traces: own };
  });
}

function read(fields: Fields): readonly Change[] {
  const type = fields.text('type');
  const seq = fields.number('seq');
  const atMs = fields.number('at');
  switch (type) {
    case 'INVITE_ACCEPT':
      return readJoins(fields.text('joins'), seq, atMs);
    case 'INVITE_CREATE':
    case 'INVITE_UPDATE':
      return [readInvite(fields, type === 'INVITE_CREATE' ? 'create' : 'update', seq, atMs)];
    case 'INVITE_DELETE': {
      const by = fields.optionalId('by');
      const reason = fields.oneOf('reason', END_REASONS);
      return [{ kind: 'delete', seq, atMs, code: fields.text('code'), reason, by, ...fields.place() }];
    }
    case 'MEMBER_REMOVE': {
      const guildId = fields.id('guild_id');
      const reason = fields.oneOf('reason', REMOVAL_REASONS);
      return [{ kind: 'member_remove', seq, atMs, guildId, userId: fields.id('user_id'), reason }];
    }
    case 'VANITY_UPDATE': {
      const [oldCode, newCode] = [fields.optionalText('old_code'), fields.optionalText('new_code')];
      return [{ kind: 'vanity_update', seq, atMs, guildId: fields.id('guild_id'), oldCode, newCode }];
    }
    default:
      throw new Damaged();
  }
}

function readInvite(fields: Fields, kind: 'create' | 'update', seq: number, atMs: number): Change {
  const flags = fields.number('flags');
  return {
    kind,
    seq,
    atMs,
    code: fields.text('code'),
    ...fields.place(),
    inviterId: fields.optionalId('inviter_id'),
    createdAtMs: fields.number('created_at_ms'),
    expiresAtMs: fields.optionalNumber('expires_at_ms'),
    maxAgeS: fields.number('max_age_s'),
    maxUses: fields.number('max_uses'),
    uses: fields.number('uses'),
    isTemporary: (flags & TEMPORARY) !== 0,
    isPaused: (flags & PAUSED) !== 0,
    version: fields.number('version'),
    guildJson: fields.optionalText('guild') as JsonText | null,
    channelJson: fields.optionalText('channel') as JsonText | null,
    recipientIds: fields.ids('recipients'),
  };
}

function readJoins(lines: string, firstSeq: number, atMs: number): readonly Change[] {
  let seq = firstSeq;
  return lines.split('\n').map((line) => {
    const words = line.split(' ');
    const [code = '', guildId, channelId, inviterId, temporary, vanity, firstUses] = words;
    const userIds = words.slice(WORDS_BEFORE_USERS);
    if (code === '' || userIds.length === 0 || !userIds.every(isSnowflake)) throw new Damaged();
    const joined = {
      kind: 'joins' as const,
      firstSeq: seq,
      atMs,
      code,
      guildId: idOrNone(guildId),
      channelId: idOrNone(channelId),
      inviterId: idOrNone(inviterId),
      isTemporary: temporary === '1',
      isVanity: vanity === '1',
      firstUses: wholeNumber(firstUses),
      userIds,
    };
    seq += userIds.length;
    return joined;
  });
}

class Fields {
  readonly #fields: ReadonlyMap<string, string>;

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields;
  }

  text(name: string): string {
    const text = this.#fields.get(name);
    if (text === undefined || text === '') throw new Damaged();
    return text;
  }

  number(name: string): number {
    return wholeNumber(this.text(name));
  }

  /** '' stands for none, as does a field that is missing. */
  optionalText(name: string): string | null {
    return this.#fields.get(name) || null;
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const text = this.text(name);
    const word = words.find((known) => known === text);
    if (word === undefined) throw new Damaged();
    return word;
  }

  /** Where an invite leads. */
  place(): { readonly guildId: Snowflake | null; readonly channelId: Snowflake } {
    return { guildId: this.optionalId('guild_id'), channelId: this.id('channel_id') };
  }

  ids(name: string): readonly Snowflake[] {
    const ids = this.optionalText(name)?.split(' ') ?? [];
    if (!ids.every(isSnowflake)) throw new Damaged();
    return ids;
  }

  /** '' stands for none. */
  optionalNumber(name: string): number | null {
    return this.#fields.get(name) === '' ? null : this.number(name);
  }

  id(name: string): Snowflake {
    const id = this.text(name);
    if (!isSnowflake(id)) throw new Damaged();
    return id;
  }

  optionalId(name: string): Snowflake | null {
    return this.#fields.get(name) === '' ? null : this.id(name);
  }
}

function wholeNumber(text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,16}$/.test(text)) throw new Damaged();
  return Number(text);
}

function idOrNone(text: string | undefined): Snowflake | null {
  if (text === '-') return null;
  if (!isSnowflake(text)) throw new Damaged();
  return text;
}
