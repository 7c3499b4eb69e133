// The header Idempotency-Key: what tells one such request from another. What happens to it, and what is kept of it,
// is decided where its effect is (lua/lib/idempotency.lua).

import { createHash } from 'node:crypto';
import { type Header, type Reply, versionedReply } from './reply.js';
import type { KnownCall } from './route.js';
import { refuseField } from './validate.js';

const KEY = /^[\x21-\x7e]{1,255}$/;
const REPLAYED: Header = ['Idempotency-Replayed', 'true'];

/**
 * Digests of who asks for what by which key, and of the body's bytes; null without the header.
 * @param route names the route, with the ids in its path
 */
export function onceNames(call: KnownCall, ...route: readonly string[]) {
  const key = call.request.headers.idempotencyKey;
  if (key === undefined) return null;
  if (!KEY.test(key)) throw refuseField('Idempotency-Key', 'INVALID_VALUE');
  const { userId, role } = call.caller;
  return { digest: digest(JSON.stringify([userId, role, ...route, key])), bodyDigest: digest(call.bytes) };
}

/** An answer that we worded ourselves, now or the first time; `outcome` as in outcomes.ts. */
export function onceReply(answer: string, isReplay: boolean, outcome: number): Reply {
  const { version } = JSON.parse(answer) as { readonly version: number };
  return versionedReply(version, answer, isReplay ? [REPLAYED] : [], outcome);
}

function digest(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url');
}
