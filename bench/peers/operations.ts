// What the three routes of a peer do, whatever serves them and whatever stores their invites: the contract's checks in
// its order, then one question to the store. All that is read of a request is read before the first await, since
// uWebSockets.js takes its request back then.
//
// Left out of all peers, and each of it would cost them time: vanities, group DMs, pausing, permissions beyond
// ownership, the limit of live invites, the look-up in lower case, events for hosts, counts, problem+json, rate limits.

import { randomBytes, randomUUID } from 'node:crypto';
import { parseAddress } from '../../src/invite/address.js';
import { isSnowflake } from '../../src/invite/id.js';
import { type Answer, invalid, inviteAnswer, type ProblemCode, problem } from './answers.js';
import type { Auth, HeaderOf } from './auth.js';
import type { PeerStore } from './store.js';

export const BODY_BYTES_MAX = 16 * 1024;
const MAX_AGE_DEFAULT_S = 86_400;
const MAX_AGE_LIMIT_S = 604_800;
const MAX_USES_LIMIT = 100;
const CODE_CHARS = 8;
const CODE_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const CODE_DRAWS_MAX = 4;
const CODE_SHAPE = /^[A-Za-z0-9-]{1,64}$/;
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

const PROBLEM_OF = {
  unknown: 'UNKNOWN_INVITE',
  banned: 'USER_BANNED_FROM_GUILD',
  ip_banned: 'USER_IP_BANNED_FROM_GUILD',
  guild_full: 'MAX_GUILD_MEMBERS',
  unknown_channel: 'UNKNOWN_CHANNEL',
  missing_permissions: 'MISSING_PERMISSIONS',
} as const satisfies Record<string, ProblemCode>;

export class Operations {
  readonly #store: PeerStore;
  readonly #auth: Auth;

  constructor(store: PeerStore, auth: Auth) {
    this.#store = store;
    this.#auth = auth;
  }

  /** `peerAddress` is asked only where the gateway doesn't tell the client's. */
  async accept(code: string, header: HeaderOf, peerAddress: () => string): Promise<Answer> {
    const caller = this.#auth.identify(header);
    if (caller === null) return problem('UNAUTHORIZED');
    if (caller.role !== 'user') return problem('ACCESS_DENIED');
    const told = header('x-invited-client-ip');
    const isTold = told !== '' && this.#auth.isGateway(header);
    const address = parseAddress(isTold ? told : peerAddress());
    if (address === null && isTold) return invalid('X-Invited-Client-IP', 'INVALID_ADDRESS');
    if (!CODE_SHAPE.test(code)) return problem('UNKNOWN_INVITE');
    const outcome = await this.#store.accept({
      code,
      userId: caller.userId,
      banKey: address?.banKey ?? '',
    });
    if (!('invite' in outcome)) return problem(PROBLEM_OF[outcome.status]);
    return inviteAnswer(outcome.invite, outcome.status);
  }

  async read(code: string): Promise<Answer> {
    const invite = CODE_SHAPE.test(code) ? await this.#store.read(code) : null;
    return invite === null ? problem('UNKNOWN_INVITE') : inviteAnswer(invite, 'read');
  }

  /** `body`: its text, which may come after the rest of the request; null: it was too large. */
  async create(channelId: string, header: HeaderOf, body: Promise<string | null>): Promise<Answer> {
    const caller = this.#auth.identify(header);
    if (caller === null) return problem('UNAUTHORIZED');
    if (!isSnowflake(channelId)) return invalid('channel_id', 'INVALID_ID');
    const text = await body;
    if (text === null) return problem('PAYLOAD_TOO_LARGE');
    const given = readBody(text);
    if (!('maxAgeS' in given)) return given;
    for (let draw = 0; draw < CODE_DRAWS_MAX; draw += 1) {
      const wish = { ...given, code: drawCode(), channelId, userId: caller.userId };
      const outcome = await this.#store.create(wish);
      if (outcome.status === 'taken') continue;
      if (!('invite' in outcome)) return problem(PROBLEM_OF[outcome.status]);
      return inviteAnswer(outcome.invite, 'created');
    }
    throw new Error('no free code drawn');
  }
}

export function requestIdOf(header: HeaderOf): string {
  const given = header('x-request-id');
  return REQUEST_ID.test(given) ? given : randomUUID();
}

function readBody(text: string) {
  let value: unknown;
  try {
    value = text === '' ? {} : (JSON.parse(text) ?? {});
  } catch {
    return invalid('body', 'INVALID_JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('body', 'INVALID_TYPE');
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const maxAgeS = fields['max_age'] ?? MAX_AGE_DEFAULT_S;
  const maxUses = fields['max_uses'] ?? 0;
  const isTemporary = fields['temporary'] ?? false;
  if (!Number.isSafeInteger(maxAgeS)) return invalid('max_age', 'INVALID_TYPE');
  if (Number(maxAgeS) < 0 || Number(maxAgeS) > MAX_AGE_LIMIT_S) return invalid('max_age', 'OUT_OF_RANGE');
  if (!Number.isSafeInteger(maxUses)) return invalid('max_uses', 'INVALID_TYPE');
  if (Number(maxUses) < 0 || Number(maxUses) > MAX_USES_LIMIT) return invalid('max_uses', 'OUT_OF_RANGE');
  if (typeof isTemporary !== 'boolean') return invalid('temporary', 'INVALID_TYPE');
  return { maxAgeS: Number(maxAgeS), maxUses: Number(maxUses), isTemporary };
}

function drawCode(): string {
  let code = '';
  while (code.length < CODE_CHARS) {
    // 248 is the last multiple of 62 in a byte: past it the draw would not be even.
    for (const byte of randomBytes(CODE_CHARS)) {
      if (byte < 248 && code.length < CODE_CHARS) code += CODE_ALPHABET[byte % 62] ?? '';
    }
  }
  return code;
}
