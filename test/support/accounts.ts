// The ledger of a fault test: what every user was told, held in the end against what Redis and Postgres have. An answer
// that never came, or was 503, is neither yes nor no: it counts as unknown until asking again settles it.
// Must never excuse an answer that can't be right.

import type { Redis } from 'ioredis';
import { partitionOfId } from '../../src/invite/partition.js';
import { partitionKey } from '../../src/store/journals.js';

export interface AccountedInvite {
  readonly code: string;
  readonly guildId: string;
  /** 0: no cap. */
  readonly maxUses: number;
}

export type Told =
  | { readonly kind: 'accepted' | 'already' }
  /** By a code of the contract. */
  | { readonly kind: 'refused'; readonly code: string }
  /** 503, or no whole answer: why, in a word. */
  | { readonly kind: 'unknown'; readonly why: string };

/** One user, who ever tries one code only. */
interface User {
  readonly invite: AccountedInvite;
  timesAccepted: number;
  timesUnknown: number;
  isRefused: boolean;
  /** When the request was sent that was accepted, and when that was answered: ms since the epoch. */
  acceptedBetween: readonly [sentAtMs: number, answeredAtMs: number] | null;
}

interface Code {
  readonly invite: AccountedInvite;
  /** Users who may have a use: all that asked, without those who were told no and nothing else. */
  mayBeIn: number;
}

/** A row of `invited.joins`, as often as it is there. */
export interface CommittedJoin {
  readonly code: string;
  readonly userId: string;
  readonly times: number;
}

export interface Sum {
  readonly acked: number;
  readonly refused: number;
  readonly unknown: number;
  readonly committed: number;
  /** Users who were told that they are in, and aren't: in Redis or in Postgres. */
  readonly lost: readonly LostUser[];
  /** Users beyond a cap, of all who were told that they are in or who are. */
  readonly oversold: number;
  /** Joins that stand twice, users that were accepted twice. */
  readonly doubled: number;
  /** Users who are in and who were never told so, nor left without an answer. */
  readonly unasked: number;
  /** Codes by which more came in than their cap allows. */
  readonly overfull: number;
}

export interface LostUser {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

export class Accounts {
  /** What no accept may ever be answered, by its name. */
  readonly wrong = new Map<string, number>();
  /** Why requests were left without a known outcome, and how often. */
  readonly unknowns = new Map<string, number>();
  readonly #codes = new Map<string, Code>();
  readonly #users = new Map<string, User>();
  readonly #residents = new Set<string>();
  #refused = 0;

  addInvite(invite: AccountedInvite): void {
    this.#codes.set(invite.code, { invite, mayBeIn: 0 });
  }

  /** Somebody who is in without having asked: a guild's owner. */
  addResident(userId: string): void {
    this.#residents.add(userId);
  }

  /** Before a request goes out. */
  sends(code: string, userId: string): void {
    if (this.#users.has(userId)) return;
    const { invite } = this.#code(code);
    this.#users.set(userId, {
      invite,
      timesAccepted: 0,
      timesUnknown: 0,
      isRefused: false,
      acceptedBetween: null,
    });
    this.#code(code).mayBeIn += 1;
  }

  told(userId: string, told: Told, sentAtMs: number): void {
    const user = this.#user(userId);
    switch (told.kind) {
      case 'accepted':
        user.timesAccepted += 1;
        user.acceptedBetween ??= [sentAtMs, Date.now()];
        break;
      case 'already':
        // Only who was in before can be told so.
        if (user.timesAccepted === 0 && user.timesUnknown === 0) this.isWrong('already, at the first try');
        break;
      case 'unknown':
        user.timesUnknown += 1;
        count(this.unknowns, told.why);
        break;
      case 'refused':
        this.#refuse(user, told.code);
    }
  }

  /** A code that was asked for in another way than by an accept was said to be unknown. */
  toldUnknownCode(code: string): void {
    if (!this.#mayBeUsedUp(code)) this.isWrong('404 to a read of a live code');
  }

  #refuse(user: User, code: string): void {
    this.#refused += 1;
    const mayHaveUse = user.timesAccepted > 0 || user.timesUnknown > 0;
    if (!mayHaveUse && !user.isRefused) this.#code(user.invite.code).mayBeIn -= 1;
    user.isRefused = true;
    if (code !== 'UNKNOWN_INVITE') this.isWrong(code);
    else if (!this.#mayBeUsedUp(user.invite.code)) this.isWrong('404 to an accept of a live code');
  }

  /** Can so many have come in that its cap is reached? */
  #mayBeUsedUp(code: string): boolean {
    const { invite, mayBeIn } = this.#code(code);
    return invite.maxUses > 0 && mayBeIn >= invite.maxUses;
  }

  /** Something was answered that can't be right. */
  isWrong(what: string): void {
    count(this.wrong, what);
  }

  /**
   * When everything is quiet.
   * @param all of Postgres; those by codes that are not of these accounts are left out
   */
  async sum(redis: Redis, all: readonly CommittedJoin[]): Promise<Sum> {
    const joins = all.filter(({ code }) => this.#codes.has(code));
    const members = await this.#membersIn(redis);
    const committed = new Set(joins.map(({ userId }) => userId));
    const usersOf = new Map<string, { told: number; in: number }>();
    const lost: LostUser[] = [];
    const sums = { acked: 0, unknown: 0, doubled: 0, unasked: 0 };
    for (const [userId, user] of this.#users) {
      const isIn = committed.has(userId);
      const isAcked = user.timesAccepted > 0;
      const of = usersOf.get(user.invite.code) ?? { told: 0, in: 0 };
      of.told += isAcked || isIn ? 1 : 0;
      of.in += isIn ? 1 : 0;
      usersOf.set(user.invite.code, of);
      sums.acked += isAcked ? 1 : 0;
      sums.unknown += user.timesUnknown;
      sums.doubled += Math.max(0, user.timesAccepted - 1);
      if (isIn && !isAcked && user.timesUnknown === 0) sums.unasked += 1;
      const isMember = members.has(userId);
      if (user.acceptedBetween !== null && !(isIn && isMember)) {
        const [sentAtMs, answeredAtMs] = user.acceptedBetween;
        lost.push({ sentAtMs, answeredAtMs });
      }
      // The copy may not know more than Redis does, nor less.
      if (isIn !== isMember) this.isWrong(isIn ? 'only in Postgres' : 'only in Redis');
    }
    const isKnown = (userId: string): boolean => this.#users.has(userId) || this.#residents.has(userId);
    sums.unasked += [...committed, ...members].filter((userId) => !isKnown(userId)).length;
    sums.doubled += joins.reduce((twice, { times }) => twice + times - 1, 0);
    let oversold = 0;
    let overfull = 0;
    for (const [code, of] of usersOf) {
      const { maxUses } = this.#code(code).invite;
      if (maxUses === 0) continue;
      oversold += Math.max(0, of.told - maxUses);
      overfull += of.in > maxUses ? 1 : 0;
    }
    return { ...sums, refused: this.#refused, committed: committed.size, lost, oversold, overfull };
  }

  async #membersIn(redis: Redis): Promise<ReadonlySet<string>> {
    const guildIds = new Set([...this.#codes.values()].map(({ invite }) => invite.guildId));
    const members = new Set<string>();
    for (const guildId of guildIds) {
      const key = `${partitionKey(partitionOfId(guildId))}guild:${guildId}:members`;
      for (const userId of await redis.hkeys(key)) members.add(userId);
    }
    return members;
  }

  #code(code: string): Code {
    const found = this.#codes.get(code);
    if (found === undefined) throw new Error('a code that nobody told the accounts of');
    return found;
  }

  #user(userId: string): User {
    const found = this.#users.get(userId);
    if (found === undefined) throw new Error('an answer to a request that nobody told the accounts of');
    return found;
  }
}

/** The one line of a fault test. */
export function sumLine(sum: Sum): string {
  return [
    `acked=${sum.acked}`,
    `refused=${sum.refused}`,
    `unknown=${sum.unknown}`,
    `committed=${sum.committed}`,
    `lost=${sum.lost.length}`,
    `oversold=${sum.oversold}`,
  ].join(' ');
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
