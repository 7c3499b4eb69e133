// The load under which things are broken: a closed loop on kept connections, each request of a new user, on a mix of
// invites. Whoever gets no answer, or 503, asks again until he knows. Every answer goes into the accounts.
// Must never overload the machine: how long requests take is looked at too.

import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountedInvite, Accounts, Told } from '../support/accounts.js';
import type { Answer, Client } from '../support/client.js';
import type { Chance } from './seed.js';

export interface LoadOptions {
  /** One or more servers, in turn. */
  readonly servers: readonly { readonly api: Client; readonly gatewayKey: string }[];
  readonly accounts: Accounts;
  readonly chance: Chance;
  readonly open: readonly AccountedInvite[];
  readonly capped: readonly AccountedInvite[];
  /** Makes another capped invite where one was used up; without it there are fewer and fewer. */
  readonly renew?: (userId: string) => Promise<AccountedInvite | null>;
  /** Some users accept a second time. */
  readonly repeats: boolean;
  readonly connections: number;
  /** Between two requests of a connection, on average. */
  readonly thinkMs: number;
}

/** A user's id has 19 digits, and no other load of this process has it. */
let users = 0;
const newUserId = (): string => {
  users += 1;
  return `4${String(users).padStart(18, '0')}`;
};

const CAPPED_PERCENT = 40;
const REPEAT_PERCENT = 10;
const READ_PERCENT = 20;
const ASK_AGAIN_MS = 100;

export class Load {
  readonly #options: LoadOptions;
  readonly #capped: AccountedInvite[];
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #windows = new Map<string, number[]>();
  #window = 'before';
  answered = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#capped = [...options.capped];
    setMaxListeners(options.connections, this.#stopping.signal);
    this.#running = Promise.all(Array.from({ length: options.connections }, (_, index) => this.#loop(index)));
  }

  /** From now on times are counted under this name. */
  enter(window: string): void {
    this.#window = window;
  }

  p99Ms(window: string): number {
    const times = [...(this.#windows.get(window) ?? [])].sort((a, b) => a - b);
    return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
  }

  longestMs(window: string): number {
    return (this.#windows.get(window) ?? []).reduce((longest, ms) => Math.max(longest, ms), 0);
  }

  /** Resolves when no request is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #loop(index: number): Promise<void> {
    const { chance, thinkMs, servers, repeats } = this.#options;
    const server = servers[index % servers.length];
    if (server === undefined) throw new Error('no server');
    const { api, gatewayKey: key } = server;
    const repeatPercent = repeats ? REPEAT_PERCENT : 0;
    while (!this.#stopping.signal.aborted) {
      const capped = chance.percent(CAPPED_PERCENT) && this.#capped.length > 0;
      const invite = chance.pick(capped ? this.#capped : this.#options.open);
      if (chance.percent(READ_PERCENT)) await this.#read(api, invite);
      const userId = newUserId();
      const told = await this.#settle(api, key, invite, userId);
      if (told === 'refused') await this.#replace(invite, userId);
      else if (told === 'in' && chance.percent(repeatPercent)) await this.#settle(api, key, invite, userId);
      await this.#pause(chance.below(2 * thinkMs));
    }
  }

  /** Accepts until the answer is a yes or a no. */
  async #settle(
    api: Client,
    key: string,
    invite: AccountedInvite,
    userId: string,
  ): Promise<'in' | 'refused' | 'unsettled'> {
    const { accounts } = this.#options;
    const headers = { 'X-Invited-Gateway-Key': key, 'X-Invited-User': userId };
    for (;;) {
      accounts.sends(invite.code, userId);
      const sentAtMs = Date.now();
      const started = performance.now();
      const answer = await api.post(`/api/v1/invites/${invite.code}`, { headers }).catch(nameOf);
      const told = toldBy(answer);
      accounts.told(userId, told, sentAtMs);
      this.answered += 1;
      this.#took(performance.now() - started);
      if (told.kind === 'refused') return 'refused';
      if (told.kind !== 'unknown') return 'in';
      if (this.#stopping.signal.aborted) return 'unsettled';
      await this.#pause(ASK_AGAIN_MS);
    }
  }

  async #read(api: Client, invite: AccountedInvite): Promise<void> {
    const { accounts } = this.#options;
    const answer = await api.get(`/api/v1/invites/${invite.code}`).catch(nameOf);
    if (typeof answer === 'string' || answer.status === 503) return;
    if (answer.status === 404) accounts.toldUnknownCode(invite.code);
    else if (answer.status !== 200) accounts.isWrong(`${answer.status} to a read`);
    else if (answer.object()['guild_id'] !== invite.guildId) accounts.isWrong('a code of another guild');
  }

  async #replace(invite: AccountedInvite, userId: string): Promise<void> {
    const at = this.#capped.indexOf(invite);
    if (at === -1) return;
    this.#capped.splice(at, 1);
    const fresh = (await this.#options.renew?.(userId)) ?? null;
    if (fresh === null) return;
    this.#options.accounts.addInvite(fresh);
    this.#capped.push(fresh);
  }

  #took(ms: number): void {
    const times = this.#windows.get(this.#window) ?? [];
    times.push(ms);
    this.#windows.set(this.#window, times);
  }

  /** Does not hold up the end. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}

function toldBy(answer: Answer | string): Told {
  if (typeof answer === 'string') return { kind: 'unknown', why: answer };
  if (answer.status === 503) return { kind: 'unknown', why: '503' };
  if (answer.status !== 200) return { kind: 'refused', code: String(answer.object()['code']) };
  return { kind: answer.object()['new_member'] === true ? 'accepted' : 'already' };
}

function nameOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'no answer';
}
