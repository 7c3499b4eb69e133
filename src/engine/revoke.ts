// Revoking an invite.

import type { Caller } from '../invite/caller.js';
import { isCode } from '../invite/code.js';
import type { Plain } from '../invite/outcome.js';
import type { Traceparent } from '../invite/trace.js';
import type { WantedVersion } from '../invite/version.js';
import type { Store } from '../store/store.js';
import { resolve } from './resolve.js';

export type RevokeOutcome = Plain<'unknown' | 'missing_permissions' | 'version_mismatch' | 'revoked'>;

export async function revoke(
  store: Store,
  code: string,
  caller: Caller,
  wanted: WantedVersion,
  trace: Traceparent | null,
): Promise<RevokeOutcome> {
  if (!isCode(code)) return { status: 'unknown' };
  return resolve(code, (spelling, followed) =>
    store.invites.revoke(spelling, followed, caller, wanted, trace),
  );
}
