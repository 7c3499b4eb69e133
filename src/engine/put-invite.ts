// An invite made elsewhere, put by an import under its own code. Such a code rarely lies in the partition of its
// guild: then a pointer is claimed in the code's partition, as for a vanity.

import type { Snowflake } from '../invite/id.js';
import { partitionOfCode, partitionOfId } from '../invite/partition.js';
import type { InviteRecord } from '../invite/records.js';
import { isReserved } from '../invite/vanity.js';
import type { PutStatus } from '../store/invites.js';
import type { Store } from '../store/store.js';
import { claimCode, giveBack, type HeldClaim } from './claim.js';

export type PutInviteOutcome = Exclude<PutStatus, 'claim_expired'>;

export async function putInvite(
  store: Store,
  invitesMax: number,
  invite: InviteRecord,
): Promise<PutInviteOutcome> {
  if (isReserved(invite.code.toLowerCase())) return 'code_taken';
  const home = await store.directory.channelHome(invite.channel_id);
  if (home.status === 'unknown') return 'unknown_channel';
  const guildId = home.status === 'guild' ? home.guildId : null;
  const placeId: Snowflake = guildId ?? invite.channel_id;

  let claim: HeldClaim | null = null;
  if (partitionOfCode(invite.code) !== partitionOfId(placeId)) {
    claim = await claimCode(store, invite.code, placeId);
    if (claim === null) return 'code_taken';
  }
  const status = await store.invites.put({
    code: invite.code,
    guildId,
    channelId: invite.channel_id,
    inviterId: invite.inviter_id,
    createdAtMs: invite.created_at_ms,
    maxAgeS: invite.max_age,
    maxUses: invite.max_uses,
    uses: invite.uses,
    isTemporary: invite.temporary,
    invitesMax,
    claimDeadlineMs: claim?.deadlineMs ?? 0,
  });
  if (status !== 'put' && claim !== null) await giveBack(store, claim);
  return status === 'claim_expired' ? 'code_taken' : status;
}
