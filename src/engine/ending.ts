// The invites of a channel, guild or group DM that was deleted: ended step by step, so that no script is long. Whoever deletes
// does it at once; what is left behind by one that died half-way, the sweeper ends (jobs/sweeper.ts), or whoever puts something
// under the same name.

import type { Traceparent } from '../invite/trace.js';
import type { Ending } from '../store/endings.js';
import type { Store } from '../store/store.js';

/** Invites in one step: it takes Redis about a millisecond. */
const STEP_INVITES = 100;
/** More than the largest guild needs (INVITED_MAX_INVITES_PER_GUILD). */
const STEPS_MAX = 10_000;
/** How often something is put that someone else deletes again and again. */
const TRIES_MAX = 5;

/** `trace`: that of the request that deleted it. */
export async function end(store: Store, ending: Ending, trace: Traceparent | null = null): Promise<void> {
  for (let step = 0; step < STEPS_MAX; step += 1) {
    if ((await store.endings.step(ending, STEP_INVITES, trace)) === 'done') return;
  }
  throw new Error('an ending without an end');
}

/** Puts something; where one of that name was deleted a moment ago, its invites end before. */
export async function putBehind<Reply>(
  store: Store,
  ending: Ending,
  put: () => Promise<Reply | 'ending'>,
): Promise<Reply> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const reply = await put();
    if (reply !== 'ending') return reply;
    await end(store, ending);
  }
  throw new Error(`${ending.entity} is deleted again and again`);
}
