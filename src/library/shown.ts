// Invites and events as the library hands them out: the objects of the HTTP API, made of the texts that it sends.

import type { OutboxEvent } from '../events/event-json.js';
import type { InviteRevision, Invite as Stored } from '../invite/invite.js';
import { inviteJson, METADATA, type RevisionShape, revisionJson, type Shape } from '../invite/invite-json.js';
import type { HappenedEvent, Invite, InviteWithMetadata } from './told.js';

/** One object for all: the text of a revision is kept by it. */
const PLAIN: RevisionShape = { expiration: true };
const COUNTED: Shape = { metadata: false, expiration: true, counts: true };
const FULL: Shape = { ...METADATA, counts: true };

export function plainInvite(revision: InviteRevision): Invite {
  return JSON.parse(revisionJson(revision, PLAIN)) as Invite;
}

export function shownInvite(invite: Stored, counts: boolean): Invite {
  return counts ? (JSON.parse(inviteJson(invite, COUNTED)) as Invite) : plainInvite(invite.revision);
}

export function fullInvite(invite: Stored, counts = false): InviteWithMetadata {
  return JSON.parse(inviteJson(invite, counts ? FULL : METADATA)) as InviteWithMetadata;
}

export function happened(event: OutboxEvent): HappenedEvent {
  return JSON.parse(event.json) as HappenedEvent;
}
