// A guild's vanity code: read it, set it, remove it. The code lies in its own partition and the guild in another, so
// setting takes three atomic steps: claim the new code, switch the guild (the moment it counts), release the old code.
// Whatever dies in between, no code has two owners, and none stays taken that leads nowhere (lua/README.md, Pointers).

import type { Caller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Plain } from '../invite/outcome.js';
import type { Traceparent } from '../invite/trace.js';
import type { WantedVersion } from '../invite/version.js';
import type { Store } from '../store/store.js';
import type { VanityState } from '../store/vanities.js';
import { claimCode, giveBack } from './claim.js';

export type GetVanityOutcome =
  | { readonly status: 'is'; readonly vanity: VanityState }
  | Plain<'unknown_guild' | 'missing_permissions'>;

export type SetVanityOutcome =
  | { readonly status: 'is'; readonly vanity: VanityState }
  | Plain<'unknown_guild' | 'missing_permissions' | 'version_mismatch' | 'requires_feature' | 'taken'>;

export function getVanity(store: Store, guildId: Snowflake, caller: Caller): Promise<GetVanityOutcome> {
  return store.vanities.get(guildId, caller);
}

/**
 * Sets a code that `parseVanity` has accepted, or removes it (null). Whether the vanity has a wanted version decides the
 * switch; the wish only spares a claim that would come to nothing.
 */
export async function setVanity(
  store: Store,
  guildId: Snowflake,
  caller: Caller,
  code: string | null,
  wanted: WantedVersion,
  trace: Traceparent | null,
): Promise<SetVanityOutcome> {
  const wish = await store.vanities.wish(guildId, caller, code, wanted);
  if (wish.status === 'unchanged') return { status: 'is', vanity: wish.vanity };
  if (wish.status !== 'may_change') return wish;

  const claim = code === null ? null : await claimCode(store, code, guildId);
  if (code !== null && claim === null) return { status: 'taken' };

  const set = await store.vanities.set(guildId, caller, claim, wanted, trace);
  if (set.status === 'changed') {
    if (set.oldCode !== null) {
      await store.vanities.release({ code: set.oldCode, targetId: guildId, token: set.oldToken });
    }
    return { status: 'is', vanity: { code, uses: 0, version: set.version } };
  }
  if (set.status === 'unchanged') return { status: 'is', vanity: set.vanity };
  if (claim !== null) await giveBack(store, claim);
  // The claim lasts 25 s: one that ran out belongs to a process that stood still, and the code may be another's now.
  return set.status === 'claim_expired' ? { status: 'taken' } : set;
}
