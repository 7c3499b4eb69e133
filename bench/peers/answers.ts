// The answers of a peer: invites and errors in the forms of the contract, byte for byte as invited gives them.

import type { StoredInvite } from './store.js';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Go with every answer, beside X-Request-Id. */
export const COMMON_HEADERS = [
  ['Content-Type', 'application/json'],
  ['X-Content-Type-Options', 'nosniff'],
  ['Cache-Control', 'no-store'],
] as const;

const PROBLEMS = {
  INVALID_FORM_BODY: [400, 'Something in the request is not valid.'],
  MAX_GUILD_MEMBERS: [400, 'The guild is full.'],
  UNAUTHORIZED: [401, 'This needs a valid token.'],
  MISSING_PERMISSIONS: [403, 'You lack the permission for this.'],
  ACCESS_DENIED: [403, 'This is not open to callers of your role.'],
  USER_BANNED_FROM_GUILD: [403, 'You are banned from this guild.'],
  USER_IP_BANNED_FROM_GUILD: [403, 'Your address is banned from this guild.'],
  UNKNOWN_INVITE: [404, 'There is no such invite.'],
  UNKNOWN_CHANNEL: [404, 'There is no such channel.'],
  NOT_FOUND: [404, 'There is nothing here.'],
  PAYLOAD_TOO_LARGE: [413, 'The request body is too large.'],
  INTERNAL_SERVER_ERROR: [500, 'Something went wrong on our side.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

export function problem(code: ProblemCode): Answer {
  const [status, message] = PROBLEMS[code];
  const headers = code === 'UNAUTHORIZED' ? ([['WWW-Authenticate', 'Bearer']] as const) : [];
  return { status, body: JSON.stringify({ code, message }), headers };
}

const FIELD_MESSAGES = {
  INVALID_TYPE: 'This is of the wrong type.',
  INVALID_ID: 'This is not an id: a decimal number as a string.',
  INVALID_ADDRESS: 'This is not an IPv4 or IPv6 address.',
  INVALID_JSON: 'This is not JSON as it is read here.',
  OUT_OF_RANGE: 'This is too small or too large.',
} as const;

export function invalid(path: string, fieldCode: keyof typeof FIELD_MESSAGES): Answer {
  const code = 'INVALID_FORM_BODY';
  const [status, message] = PROBLEMS[code];
  const errors = [{ path, code: fieldCode, message: FIELD_MESSAGES[fieldCode] }];
  return { status, body: JSON.stringify({ code, message, errors }), headers: [] };
}

/** Get by code leaves the expiry out; create has it and the metadata; accept has it and `new_member`. */
export function inviteAnswer(invite: StoredInvite, form: 'read' | 'created' | 'accepted' | 'member'): Answer {
  let body =
    `{"code":"${invite.code}","type":0,"guild":${invite.guildJson},"guild_id":"${invite.guildId}"` +
    `,"channel":${invite.channelJson ?? 'null'},"channel_id":"${invite.channelId}"` +
    `,"inviter":${invite.inviterJson ?? 'null'},"inviter_id":"${invite.inviterId}"` +
    `,"created_at":"${isoTime(invite.createdAtMs)}"`;
  if (form !== 'read') {
    body += `,"expires_at":${invite.expiresAtMs === null ? 'null' : `"${isoTime(invite.expiresAtMs)}"`}`;
  }
  if (form === 'created') {
    body += `,"uses":${invite.uses},"max_uses":${invite.maxUses},"max_age":${invite.maxAgeS}`;
  }
  body += `,"temporary":${invite.isTemporary}`;
  if (form === 'created') body += ',"paused":false';
  body += `,"version":${invite.version}`;
  if (form === 'accepted' || form === 'member') body += `,"new_member":${form === 'accepted'}`;
  return { status: 200, body: `${body}}`, headers: [['ETag', `"${invite.version}"`]] };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
