// Claiming a code for a guild or group DM in the partition of the code. A claim that leads nowhere, left behind by a
// process that died half-way, is taken over; of several who claim one code at once, one gets it.

import type { Snowflake } from '../invite/id.js';
import type { Store } from '../store/store.js';
import type { Claim } from '../store/vanities.js';

export interface HeldClaim extends Claim {
  readonly deadlineMs: number;
  /** false: the target had a pointer under this code already, which must not go if the rest fails. */
  readonly isNew: boolean;
}

/** The claim, or null where the code is taken. */
export async function claimCode(store: Store, code: string, targetId: Snowflake): Promise<HeldClaim | null> {
  let reply = await store.vanities.claim(code, targetId, null);
  if (reply.status === 'held' && reply.token !== null) {
    if (await store.vanities.leads(code, reply.targetId)) return null;
    // The token makes this safe: if the holder claimed anew meanwhile, it is another token.
    reply = await store.vanities.claim(code, targetId, reply.token);
  }
  if (reply.status === 'taken' || reply.status === 'held') return null;
  const { token, deadlineMs } = reply;
  return { code, targetId, token, deadlineMs, isNew: reply.status === 'claimed' };
}

/** Gives a claim back whose guild could not be switched to it. */
export async function giveBack(store: Store, claim: HeldClaim): Promise<void> {
  if (claim.isNew) await store.vanities.release(claim);
}
