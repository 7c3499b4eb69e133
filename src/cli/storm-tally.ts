// The accounting of a storm: what every user was told, what the server holds afterwards, and whether the two
// agree. Pure; must never excuse an answer that it doesn't know.

/** What one try to accept was answered with. */
export type Told = 'accepted' | 'already' | 'refused' | { readonly trouble: string };

export interface StormSize {
  readonly users: number;
  /** Uses that the invite allows; 0 = no limit. */
  readonly cap: number;
  /** Tries of each user. */
  readonly repeat: number;
}

export interface Aftermath {
  readonly uses: number;
  /** Users that are members now. */
  readonly joined: number;
}

export class Tally {
  accepted = 0;
  already = 0;
  refused = 0;
  acceptedTwice = 0;
  /** Answers that no accept may give, by their name. */
  readonly troubles = new Map<string, number>();
  readonly #wasAccepted: Uint8Array;

  constructor(users: number) {
    this.#wasAccepted = new Uint8Array(users);
  }

  /** Counts one answer to the user with this index. */
  count(user: number, told: Told): void {
    if (typeof told === 'object') {
      this.countTrouble(told.trouble);
      return;
    }
    this[told] += 1;
    if (told !== 'accepted') return;
    if (this.#wasAccepted[user] === 1) this.acceptedTwice += 1;
    this.#wasAccepted[user] = 1;
  }

  countTrouble(name: string): void {
    this.troubles.set(name, (this.troubles.get(name) ?? 0) + 1);
  }
}

/** How many joined beyond the cap. */
export function oversold(size: StormSize, joined: number): number {
  return size.cap === 0 ? 0 : Math.max(0, joined - size.cap);
}

/** The one line that a storm prints. */
export function summaryLine(size: StormSize, tally: Tally, after: Aftermath): string {
  return [
    `accepted=${tally.accepted}`,
    `already=${tally.already}`,
    `refused=${tally.refused}`,
    `uses=${after.uses}`,
    `joined=${after.joined}`,
    `oversold=${oversold(size, after.joined)}`,
  ].join(' ');
}

/** What to do about it if the server refused tries because there were too many of them; null: it did not. */
export function limitsHint(tally: Tally): string | null {
  if (![...tally.troubles.keys()].some((name) => name.startsWith('429'))) return null;
  return 'The server limits how often one user may try. For a storm start it with INVITED_RATE_LIMITS=off, or give --repeat 10 at most.';
}

/** Everything that is wrong, a line each; none: the sum holds. */
export function violations(size: StormSize, tally: Tally, after: Aftermath): readonly string[] {
  const found: string[] = [];
  const expected = size.cap === 0 ? size.users : Math.min(size.users, size.cap);
  const exact = { accepted: tally.accepted, uses: after.uses, joined: after.joined };
  for (const [name, value] of Object.entries(exact)) {
    if (value !== expected) found.push(`${name} is ${value} and should be ${expected}`);
  }
  const over = oversold(size, after.joined);
  if (over > 0) found.push(`${over} joined beyond the cap of ${size.cap}`);
  if (tally.acceptedTwice > 0) found.push(`${tally.acceptedTwice} times a user was accepted a second time`);
  const answered = tally.accepted + tally.already + tally.refused;
  const asked = size.users * size.repeat;
  if (answered !== asked) found.push(`${asked} tries were made and ${answered} got one of the three answers`);
  for (const [name, times] of tally.troubles) found.push(`${times} times: ${name}`);
  return found;
}
