// One line of an import: what it puts, checked as its endpoint would check it.

import type { Engine } from '../../engine/engine.js';
import { parseAddress } from '../../invite/address.js';
import { fieldError } from '../field-errors.js';
import { parseJson } from '../json.js';
import { type FieldError, InvalidFields, type ProblemCode, problemMessage } from '../problem.js';
import { guildRecord } from '../routes/guild-record.js';
import {
  banBody,
  channelBody,
  groupDmBody,
  guildBody,
  importIds,
  importInvite,
  memberBody,
  userBody,
} from '../schemas.js';
import { validate } from '../validate.js';

/** Why a line was refused; null: it was applied. */
export type LineFailure = { readonly code: ProblemCode; readonly message: string };

export interface Entry {
  /** Lines of one kind about different things may be applied side by side. */
  readonly kind: string;
  readonly key: string;
  apply(): Promise<LineFailure | null>;
}

type Kind = keyof typeof importIds | 'invite';

/** Reads a line. A line that is not valid becomes an entry that fails. */
export function readEntry(engine: Engine, bytes: Uint8Array): Entry {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return failed([parsed.error]);
  const json = parsed.value;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return failed([fieldError('body', 'INVALID_TYPE')]);
  }
  const kind: unknown = (json as Record<string, unknown>)['put'];
  if (kind === undefined || kind === null) return failed([fieldError('put', 'REQUIRED')]);
  if (!isKind(kind)) return failed([fieldError('put', 'INVALID_VALUE')]);
  try {
    return READERS[kind](engine, json);
  } catch (error) {
    if (error instanceof InvalidFields) return failed(error.errors);
    throw error;
  }
}

/** The entry of a line that can't be read. */
export function failed(errors: readonly FieldError[]): Entry {
  const message = errors.map((error) => `${error.path}: ${error.message}`).join(' ');
  const failure: LineFailure = { code: 'INVALID_FORM_BODY', message };
  return { kind: 'failed', key: '', apply: async () => failure };
}

const READERS: { readonly [Name in Kind]: (engine: Engine, json: object) => Entry } = {
  guild(engine, json) {
    const { id } = validate(importIds.guild, json);
    const guild = guildRecord(id, validate(guildBody, json));
    return entry('guild', id, async () => told(await engine.putGuild(guild)));
  },
  channel(engine, json) {
    const channel = { ...validate(importIds.channel, json), ...validate(channelBody, json) };
    return entry('channel', channel.id, async () => {
      const outcome = await engine.putChannel(channel);
      if (outcome.status === 'id_taken') return invalidField('id', 'ID_TAKEN');
      return outcome.status === 'put' ? null : refused('UNKNOWN_GUILD');
    });
  },
  member(engine, json) {
    const member = { ...validate(importIds.member, json), ...validate(memberBody, json) };
    return entry('member', `${member.guild_id} ${member.user_id}`, async () =>
      told(await engine.putMember(member)),
    );
  },
  ban(engine, json) {
    const ban = { ...validate(importIds.ban, json), ...validate(banBody, json) };
    return entry('ban', `${ban.guild_id} ${ban.user_id}`, async () => told(await engine.putBan(ban)));
  },
  ip_ban(engine, json) {
    const ids = validate(importIds.ip_ban, json);
    const { reason } = validate(banBody, json);
    const address = parseAddress(ids.address);
    if (address === null) return failed([fieldError('address', 'INVALID_ADDRESS')]);
    const ban = { guild_id: ids.guild_id, address: address.text, reason };
    return entry('ip_ban', `${ban.guild_id} ${address.banKey}`, async () =>
      told(await engine.putIpBan(ban, address)),
    );
  },
  group_dm(engine, json) {
    const groupDm = { ...validate(importIds.group_dm, json), ...validate(groupDmBody, json) };
    return entry('group_dm', groupDm.id, async () =>
      (await engine.putGroupDm(groupDm)) === 'id_taken' ? invalidField('id', 'ID_TAKEN') : null,
    );
  },
  user(engine, json) {
    const user = { ...validate(importIds.user, json), ...validate(userBody, json) };
    return entry('user', user.id, async () => told(await engine.putUser(user)));
  },
  invite(engine, json) {
    const { created_at, ...invite } = validate(importInvite, json);
    return entry('invite', invite.code, async () =>
      inviteFailure(await engine.putInvite({ ...invite, created_at_ms: created_at })),
    );
  },
};

function inviteFailure(outcome: Awaited<ReturnType<Engine['putInvite']>>): LineFailure | null {
  switch (outcome) {
    case 'put':
      return null;
    case 'unknown_channel':
      return refused('UNKNOWN_CHANNEL');
    case 'invalid_channel_type':
      return refused('INVALID_CHANNEL_TYPE');
    case 'max_invites':
      return refused('MAX_INVITES');
    case 'code_taken':
      return invalidField('code', 'CODE_TAKEN');
    case 'already_over':
      return invalidField('body', 'ALREADY_OVER');
  }
}

function entry(kind: Kind, key: string, apply: Entry['apply']): Entry {
  return { kind, key, apply };
}

/** Applied, or the one thing that its endpoint could say against it. */
function told(outcome: object | 'unknown_guild'): LineFailure | null {
  return outcome === 'unknown_guild' ? refused('UNKNOWN_GUILD') : null;
}

function refused(code: ProblemCode): LineFailure {
  return { code, message: problemMessage(code) };
}

function invalidField(...field: Parameters<typeof fieldError>): LineFailure {
  const error = fieldError(...field);
  return { code: 'INVALID_FORM_BODY', message: `${error.path}: ${error.message}` };
}

function isKind(kind: unknown): kind is Kind {
  return typeof kind === 'string' && Object.hasOwn(READERS, kind);
}
