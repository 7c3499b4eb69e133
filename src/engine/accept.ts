// Accepting an invite. All checks and effects are in lua/accept.lua; what follows here only finds the partition.

import { isCode } from '../invite/code.js';
import type { Snowflake } from '../invite/id.js';
import type { Plain } from '../invite/outcome.js';
import type { Traceparent } from '../invite/trace.js';
import type { AcceptReply } from '../store/accept.js';
import type { Client } from '../store/batcher.js';
import type { Pointer } from '../store/invite-batch.js';
import type { Store } from '../store/store.js';
import { resolve } from './resolve.js';

export type AcceptOutcome = Exclude<AcceptReply, Pointer>;

const UNKNOWN: Promise<Plain<'unknown'>> = Promise.resolve({ status: 'unknown' });

export function accept(
  store: Store,
  code: string,
  userId: Snowflake,
  banKey: string | null,
  client: Client,
  trace: Traceparent | null,
): Promise<AcceptOutcome> {
  if (!isCode(code)) return UNKNOWN;
  return resolve(code, (spelling, followed) =>
    store.accepts.submit({ code: spelling, followed, userId, banKey, trace }, client),
  );
}
