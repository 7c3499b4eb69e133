// From a code as a person wrote it to what it leads to: at most four questions, each atomic in itself.
// A code that isn't found as it stands is asked for once more in lower case, as vanity codes are.

import type { Snowflake } from '../invite/id.js';
import type { Plain } from '../invite/outcome.js';
import type { Pointer } from '../store/invites.js';

type Unknown = Plain<'unknown'>;

type Ask<Reply> = (code: string, followed: Snowflake | null) => Promise<Reply | Unknown | Pointer>;

/** Asks with the code, follows a pointer once, and falls back to lower case. */
export async function resolve<Reply extends { readonly status: string }>(
  code: string,
  ask: Ask<Reply>,
): Promise<Exclude<Reply, Pointer> | Unknown> {
  const lower = code.toLowerCase();
  const spellings = lower === code ? [code] : [code, lower];
  for (const spelling of spellings) {
    const first = await ask(spelling, null);
    const reply = isPointer(first) ? await ask(spelling, first.targetId) : first;
    if (isPointer(reply)) throw new Error('a pointer led to a pointer');
    if (reply.status !== 'unknown') return reply as Exclude<Reply, Pointer>;
  }
  return { status: 'unknown' };
}

function isPointer(reply: { readonly status: string }): reply is Pointer {
  return reply.status === 'pointer';
}
