// Reads the replies of the scripts. A reply that isn't what its script promises is a bug, and is said so at once.

import { isSnowflake, type Snowflake } from '../invite/id.js';
import type { BareRevision, JsonText } from '../invite/invite.js';
import { StoreBug } from './unavailable.js';

/** The fields of one reply, read from left to right. */
export class ReplyReader {
  readonly #fields: readonly unknown[];
  readonly #what: string;
  #at = 0;

  constructor(reply: unknown, what: string) {
    if (!Array.isArray(reply)) throw new StoreBug(`${what}: not an array`);
    this.#fields = reply;
    this.#what = what;
  }

  /** The next field, one of these words. */
  oneOf<const Word extends string>(words: readonly Word[]): Word {
    const text = this.text();
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw this.#bug('an unknown status');
    return word;
  }

  text(): string {
    const field = this.#next();
    if (typeof field === 'string') return field;
    if (typeof field === 'number') return String(field);
    throw this.#bug('no text');
  }

  integer(): number {
    const number = Number(this.text());
    if (!Number.isSafeInteger(number)) throw this.#bug('no integer');
    return number;
  }

  /** An integer, or null where the script gave ''. */
  optionalInteger(): number | null {
    const text = this.text();
    if (text === '') return null;
    const number = Number(text);
    if (!Number.isSafeInteger(number)) throw this.#bug('no integer');
    return number;
  }

  id(): Snowflake {
    const text = this.text();
    if (!isSnowflake(text)) throw this.#bug('no id');
    return text;
  }

  /** An id, or null where the script gave ''. */
  optionalId(): Snowflake | null {
    const text = this.text();
    if (text === '') return null;
    if (!isSnowflake(text)) throw this.#bug('no id');
    return text;
  }

  /** JSON that we stored ourselves, or null where the script gave ''. */
  optionalJson(): JsonText | null {
    const text = this.text();
    return text === '' ? null : (text as JsonText);
  }

  json(): JsonText {
    const text = this.optionalJson();
    if (text === null) throw this.#bug('no JSON');
    return text;
  }

  ids(): readonly Snowflake[] {
    const inner = new ReplyReader(this.#next(), this.#what);
    const ids: Snowflake[] = [];
    while (!inner.atEnd()) ids.push(inner.id());
    return ids;
  }

  inner(): ReplyReader {
    return new ReplyReader(this.#next(), this.#what);
  }

  /** An inner reply; one of a single text may be given without its brackets. */
  innerOrText(): ReplyReader {
    const field = this.#next();
    return new ReplyReader(typeof field === 'string' ? [field] : field, this.#what);
  }

  /** One text, or several in a list; null for ''. */
  textOrTexts(): string | readonly string[] | null {
    const field = this.#next();
    if (field === '') return null;
    if (typeof field === 'string') return field;
    const inner = new ReplyReader(field, this.#what);
    const texts: string[] = [];
    while (!inner.atEnd()) texts.push(inner.text());
    return texts;
  }

  atEnd(): boolean {
    return this.#at === this.#fields.length;
  }

  /** Asserts that nothing is left. */
  end(): void {
    if (!this.atEnd()) throw this.#bug('too many fields');
  }

  #next(): unknown {
    if (this.atEnd()) throw this.#bug('too few fields');
    const field = this.#fields[this.#at];
    this.#at += 1;
    return field;
  }

  #bug(problem: string): StoreBug {
    return new StoreBug(`${this.#what}: ${problem} at field ${this.#at}`);
  }
}

const GROUP_DM = 1;
const TEMPORARY = 1;
const PAUSED = 2;
const VANITY = 4;

/** A revision as a script tells it. */
export interface ToldRevision {
  /** Names all that follows; '' for what is told each time. */
  readonly name: string;
  readonly revision: BareRevision;
}

/** An invite as a script tells it. */
export interface InviteRow {
  readonly uses: number;
  readonly memberCount: number;
  readonly presenceCount: number;
  /** null: the script was told that we know it. */
  readonly told: ToldRevision | null;
}

/** Reads the row of lua/lib/invites.lua, to the end of the reply. */
export function readInviteRow(row: ReplyReader): InviteRow {
  const uses = row.integer();
  const memberCount = row.integer();
  const presenceCount = row.optionalInteger() ?? 0;
  return { uses, memberCount, presenceCount, told: row.atEnd() ? null : readRevisionRow(row) };
}

/** Reads the revision row of lua/lib/invites.lua, to the end of the reply. */
export function readRevisionRow(row: ReplyReader): ToldRevision {
  const name = row.text();
  const recipientIds = row.ids();
  const code = row.text();
  const type = row.integer();
  const guildId = row.optionalId();
  const channelId = row.optionalId();
  const inviterId = row.optionalId();
  const createdAtMs = row.integer();
  const expiresAtMs = row.optionalInteger();
  const maxAgeS = row.integer();
  const maxUses = row.integer();
  const flags = row.integer();
  const version = row.integer();
  const guildJson = row.optionalJson();
  const channelJson = row.optionalJson();
  row.end();
  const fields = {
    code,
    channelId,
    inviterId,
    createdAtMs,
    expiresAtMs,
    maxAgeS,
    maxUses,
    isTemporary: (flags & TEMPORARY) !== 0,
    isPaused: (flags & PAUSED) !== 0,
    isVanity: (flags & VANITY) !== 0,
    version,
    channelJson,
  };
  if (type === GROUP_DM) return { name, revision: { kind: 'group_dm', ...fields, recipientIds } };
  if (guildId === null || guildJson === null) throw new StoreBug('row: a guild invite without its guild');
  return { name, revision: { kind: 'guild', ...fields, guildId, guildJson } };
}
