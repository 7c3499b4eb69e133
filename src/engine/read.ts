// GET of an invite: the invite, and whether this caller may see its metadata.

import type { MaybeCaller } from '../invite/caller.js';
import { isCode } from '../invite/code.js';
import type { Plain } from '../invite/outcome.js';
import type { Client } from '../store/batcher.js';
import type { Pointer } from '../store/invite-batch.js';
import type { ReadReply } from '../store/read.js';
import type { Store } from '../store/store.js';
import { resolve } from './resolve.js';

export type ReadOutcome = Exclude<ReadReply, Pointer>;

const UNKNOWN: Promise<Plain<'unknown'>> = Promise.resolve({ status: 'unknown' });

export function read(
  store: Store,
  code: string,
  caller: MaybeCaller,
  wantsCounts: boolean,
  client: Client,
): Promise<ReadOutcome> {
  if (!isCode(code)) return UNKNOWN;
  return resolve(code, (spelling, followed) =>
    store.reads.submit({ code: spelling, followed, caller, wantsCounts }, client),
  );
}
