// Which journals this process works on. Several jobs processes share them by leases in Redis: one that ends or stands still loses
// its leases to the others within LEASE_MS. A lease alone proves nothing to Postgres, where a fencing number does (postgres/).

import type { JournalStore, Work } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';

export const LEASE_MS = 5000;
const PROLONG_AFTER_MS = 1500;

export class Lease {
  readonly #store: JournalStore;
  readonly #journal: Journal;
  readonly #work: Work;
  readonly #holder: string;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isHeld = false;

  constructor(store: JournalStore, journal: Journal, work: Work, holder: string) {
    this.#store = store;
    this.#journal = journal;
    this.#work = work;
    this.#holder = holder;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Is the work ours? Takes or prolongs the lease where that is due. @throws StoreUnavailable */
  async hold(): Promise<boolean> {
    const now = performance.now();
    if (this.#isHeld && now - this.#askedAt < PROLONG_AFTER_MS) return true;
    this.#isHeld = await this.#store.lease(this.#journal, this.#work, this.#holder, LEASE_MS);
    this.#askedAt = now;
    return this.#isHeld;
  }

  async giveBack(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    await this.#store.giveBack(this.#journal, this.#work, this.#holder);
  }
}

/** How many of the leases this process may hold, so that all who are alive get their part. */
export class Share {
  readonly #store: JournalStore;
  readonly #holder: string;
  readonly #journals: number;
  #leasesMax: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #held = new Set<Lease>();

  constructor(store: JournalStore, holder: string, journals: number) {
    this.#store = store;
    this.#holder = holder;
    this.#journals = journals;
    this.#leasesMax = journals;
  }

  /** May this lease be held? One that is too many is given back. @throws StoreUnavailable */
  async allows(lease: Lease): Promise<boolean> {
    await this.#refresh();
    if (!lease.isHeld) this.#held.delete(lease);
    if (this.#held.has(lease) ? this.#held.size <= this.#leasesMax : this.#held.size < this.#leasesMax) {
      this.#held.add(lease);
      return true;
    }
    this.#held.delete(lease);
    await lease.giveBack();
    return false;
  }

  /** Leaves its part to the others. */
  async end(): Promise<void> {
    await this.#store.countAlive(this.#holder, 0).catch(() => {});
  }

  async #refresh(): Promise<void> {
    const now = performance.now();
    if (now - this.#askedAt < PROLONG_AFTER_MS) return;
    this.#askedAt = now;
    const alive = await this.#store.countAlive(this.#holder, LEASE_MS);
    this.#leasesMax = Math.ceil(this.#journals / Math.max(1, alive));
  }
}
