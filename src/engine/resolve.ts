// From a code as a person wrote it to what it leads to: at most four questions, each atomic in itself.
// A code that isn't found as it stands is asked for once more in lower case, as vanity codes are.

import type { Snowflake } from '../invite/id.js';
import type { Plain } from '../invite/outcome.js';
import type { Pointer } from '../store/invite-batch.js';

type Unknown = Plain<'unknown'>;

type Ask<Reply> = (code: string, followed: Snowflake | null) => Promise<Reply | Unknown | Pointer>;

/** Asks with the code, follows a pointer once, and falls back to lower case. */
export function resolve<Reply extends { readonly status: string }>(
  code: string,
  ask: Ask<Reply>,
): Promise<Exclude<Reply, Pointer> | Unknown> {
  // Nearly all end with the first answer, and cost no more than that.
  return ask(code, null).then((first) => {
    if (isPointer(first) || first.status === 'unknown') return goOn(code, first, ask);
    return first as Exclude<Reply, Pointer>;
  });
}

async function goOn<Reply extends { readonly status: string }>(
  code: string,
  first: Reply | Unknown | Pointer,
  ask: Ask<Reply>,
): Promise<Exclude<Reply, Pointer> | Unknown> {
  const reply = await follow(code, first, ask);
  const lower = code.toLowerCase();
  if (reply.status !== 'unknown' || lower === code) return reply;
  return follow(lower, await ask(lower, null), ask);
}

async function follow<Reply extends { readonly status: string }>(
  code: string,
  first: Reply | Unknown | Pointer,
  ask: Ask<Reply>,
): Promise<Exclude<Reply, Pointer> | Unknown> {
  const reply = isPointer(first) ? await ask(code, first.targetId) : first;
  if (isPointer(reply)) throw new Error('a pointer led to a pointer');
  return reply as Exclude<Reply, Pointer> | Unknown;
}

function isPointer(reply: { readonly status: string }): reply is Pointer {
  return reply.status === 'pointer';
}
