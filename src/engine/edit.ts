// Changing the settings of an invite.

import type { Caller } from '../invite/caller.js';
import { isCode } from '../invite/code.js';
import type { Traceparent } from '../invite/trace.js';
import type { WantedVersion } from '../invite/version.js';
import type { Pointer } from '../store/invite-batch.js';
import type { EditReply, InviteEdit } from '../store/invites.js';
import type { Store } from '../store/store.js';
import { resolve } from './resolve.js';

export type EditOutcome = Exclude<EditReply, Pointer>;

export async function edit(
  store: Store,
  code: string,
  caller: Caller,
  wanted: WantedVersion,
  changes: InviteEdit,
  trace: Traceparent | null,
): Promise<EditOutcome> {
  if (!isCode(code)) return { status: 'unknown' };
  return resolve(code, (spelling, followed) =>
    store.invites.edit(spelling, followed, caller, wanted, changes, trace),
  );
}
