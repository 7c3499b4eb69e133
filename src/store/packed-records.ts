// Reads the packed records of guilds and invites (lua/README.md, Packed records), for those who copy, compare or restore them whole. What
// serves requests never does: the scripts read them in Redis.

import { isSnowflake, type Snowflake } from '../invite/id.js';
import { StoreBug } from './unavailable.js';

export interface PackedGuild {
  /** null: the members are counted. */
  readonly toldMemberCount: number | null;
  readonly presenceCount: number | null;
  readonly ownerId: Snowflake;
  readonly bornSeq: number;
  readonly vanityVersion: number;
  readonly vanity: {
    readonly code: string;
    readonly uses: number;
    readonly createdAtMs: number;
    readonly token: string;
  } | null;
}

export interface PackedInvite {
  readonly uses: number;
  /** null: of a group DM. */
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake;
  readonly inviterId: Snowflake | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly maxAgeS: number;
  readonly maxUses: number;
  readonly isTemporary: boolean;
  readonly isPaused: boolean;
  readonly version: number;
}

const TEMPORARY = 1;
const PAUSED = 2;
const POINTER = '>';
const NONE = '-';
/** Of numbers that are written in place. */
const NUMBER_WIDTH = 16;

export function readPackedGuild(text: string): PackedGuild {
  const words = new Words(text, 14);
  const toldMemberCount = words.optionalNumber();
  const vanityUses = words.optionalNumber();
  const ownerId = words.id();
  words.skip(2); // flags, max_members: the record has them
  const presenceCount = words.optionalNumber();
  words.skip(2); // ban_kinds, revision
  const bornSeq = words.number();
  words.skip(1); // landing channel
  const vanityVersion = words.number();
  const code = words.optional();
  const createdAtMs = words.optionalNumber();
  const token = words.optional();
  const vanity =
    code === null || createdAtMs === null || token === null
      ? null
      : { code, uses: vanityUses ?? 0, createdAtMs, token };
  return { toldMemberCount, presenceCount, ownerId, bornSeq, vanityVersion, vanity };
}

/** null: a pointer, which is no invite. */
export function readPackedInvite(text: string): PackedInvite | null {
  if (text.startsWith(POINTER)) return null;
  const words = new Words(text, 11);
  const uses = words.number();
  const guildId = words.optionalId();
  const channelId = words.id();
  const inviterId = words.optionalId();
  const expiresAtMs = words.optionalNumber();
  const maxUses = words.number();
  const flags = words.number();
  words.skip(1); // revision
  const createdAtMs = words.number();
  const maxAgeS = words.number();
  const version = words.number();
  return {
    uses,
    guildId,
    channelId,
    inviterId,
    createdAtMs,
    expiresAtMs,
    maxAgeS,
    maxUses,
    isTemporary: (flags & TEMPORARY) !== 0,
    isPaused: (flags & PAUSED) !== 0,
    version,
  };
}

/** The other way: what stands before the revision of an invite, and what stands behind it. */
export function packInvite(invite: PackedInvite): readonly [head: string, tail: string] {
  const flags = (invite.isTemporary ? TEMPORARY : 0) | (invite.isPaused ? PAUSED : 0);
  const uses = String(invite.uses).padStart(NUMBER_WIDTH, '0');
  const { guildId, channelId, inviterId, expiresAtMs, maxUses } = invite;
  return [
    `${uses} ${guildId ?? NONE} ${channelId} ${inviterId ?? NONE} ${expiresAtMs ?? NONE} ${maxUses} ${flags} `,
    ` ${invite.createdAtMs} ${invite.maxAgeS} ${invite.version}`,
  ];
}

class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string, count: number) {
    this.#words = text.split(' ');
    if (this.#words.length !== count)
      throw new StoreBug('a packed record with other fields than it should have');
  }

  skip(count: number): void {
    this.#at += count;
  }

  optional(): string | null {
    const word = this.#words[this.#at] ?? '';
    this.#at += 1;
    return /^-+$/.test(word) ? null : word;
  }

  optionalNumber(): number | null {
    const word = this.optional();
    if (word === null) return null;
    const number = Number(word);
    if (!Number.isSafeInteger(number)) throw new StoreBug('a packed record with a word that is no number');
    return number;
  }

  number(): number {
    const number = this.optionalNumber();
    if (number === null) throw new StoreBug('a packed record without a number');
    return number;
  }

  optionalId(): Snowflake | null {
    const word = this.optional();
    if (word !== null && !isSnowflake(word)) throw new StoreBug('a packed record with a word that is no id');
    return word;
  }

  id(): Snowflake {
    const id = this.optionalId();
    if (id === null) throw new StoreBug('a packed record without an id');
    return id;
  }
}
