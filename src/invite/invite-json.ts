// The forms of an invite on the wire (contract §2), put together from ready pieces of JSON.

import type { Invite, InviteRevision } from './invite.js';

/** What is shown of a revision alone. */
export interface RevisionShape {
  readonly expiration: boolean;
  /** On accept: did the caller come in by this request? */
  readonly newMember?: boolean;
}

export interface Shape extends RevisionShape {
  /** With uses, max_uses, max_age and paused. */
  readonly metadata: boolean;
  readonly counts: boolean;
}

export const METADATA: Shape = { metadata: true, expiration: true, counts: false };
const PLAIN: RevisionShape = { expiration: true };
const BRIEF: RevisionShape = { expiration: false };
export const ACCEPTED: RevisionShape = { expiration: true, newMember: true };
export const ALREADY: RevisionShape = { expiration: true, newMember: false };

/** Of each revision its texts, made once: nearly every answer shows nothing else. */
const texts = new WeakMap<InviteRevision, Map<RevisionShape, string>>();

export function inviteJson(invite: Invite, shape: Shape): string {
  if (shape.metadata || shape.counts) return write(invite, shape);
  return revisionJson(invite.revision, shape.expiration ? PLAIN : BRIEF);
}

/** `shape` is one of the constants here, since the text is kept by it. */
export function revisionJson(revision: InviteRevision, shape: RevisionShape): string {
  let ofRevision = texts.get(revision);
  if (ofRevision === undefined) {
    ofRevision = new Map();
    texts.set(revision, ofRevision);
  }
  const known = ofRevision.get(shape);
  if (known !== undefined) return known;
  const uncounted = { revision, uses: 0, memberCount: 0, presenceCount: 0 };
  const text = write(uncounted, { ...shape, metadata: false, counts: false });
  ofRevision.set(shape, text);
  return text;
}

function write({ revision: invite, uses, memberCount, presenceCount }: Invite, shape: Shape): string {
  const guild =
    invite.kind === 'guild'
      ? `"type":0,"guild":${invite.guildJson},"guild_id":"${invite.guildId}"`
      : '"type":1,"guild":null,"guild_id":null';
  let json =
    `{"code":"${invite.code}",${guild}` +
    `,"channel":${channelJson(invite)},"channel_id":${idJson(invite.channelId)}` +
    `,"inviter":${invite.inviterJson ?? 'null'},"inviter_id":${idJson(invite.inviterId)}` +
    `,"created_at":"${isoTime(invite.createdAtMs)}"`;
  if (shape.expiration) {
    json += `,"expires_at":${invite.expiresAtMs === null ? 'null' : `"${isoTime(invite.expiresAtMs)}"`}`;
  }
  if (shape.metadata) {
    json += `,"uses":${uses},"max_uses":${invite.maxUses},"max_age":${invite.maxAgeS}`;
  }
  json += `,"temporary":${invite.isTemporary}`;
  if (shape.metadata) json += `,"paused":${invite.isPaused}`;
  if (shape.counts) {
    json += `,"approximate_member_count":${memberCount},"approximate_presence_count":${presenceCount}`;
  }
  json += `,"version":${invite.version}`;
  if (shape.newMember !== undefined) json += `,"new_member":${shape.newMember}`;
  return `${json}}`;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function channelJson(invite: InviteRevision): string {
  if (invite.channelJson === null) return 'null';
  if (invite.kind === 'guild') return invite.channelJson;
  // A group DM's channel also names its recipients, whom the stored piece can't know.
  return `${invite.channelJson.slice(0, -1)},"recipients":[${invite.recipientNames
    .map((name) => `{"username":${name}}`)
    .join(',')}]}`;
}

function idJson(id: string | null): string {
  return id === null ? 'null' : `"${id}"`;
}
