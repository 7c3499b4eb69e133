// The batched script read.lua: equal reads of a batch share one reading, and one answer.

import type { MaybeCaller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import type { BatchedScript, CodeRequest, Group, Pointer } from './invite-batch.js';
import { callerArguments } from './invites.js';
import { type InviteRow, readInviteRow } from './reply.js';
import { StoreBug } from './unavailable.js';

export interface ReadRequest extends CodeRequest {
  readonly caller: MaybeCaller;
}

export type ReadReply =
  | Pointer
  | { readonly status: 'found'; readonly invite: Invite; readonly maySeeMetadata: boolean }
  | Plain<'unknown'>;

type ReadWord =
  | { readonly status: 'unknown' }
  | { readonly status: 'pointer'; readonly targetId: Snowflake }
  /** One digit for each who asks: 1 may see the metadata. */
  | { readonly status: 'found'; readonly maySee: string; readonly row: InviteRow };

export const readScript: BatchedScript<ReadRequest, ReadWord, ReadReply> = {
  name: 'read',

  argumentsOf: (group) => [[...askersOf(group).keys()].join(' ')],

  readReply(reply) {
    const status = reply.oneOf(['unknown', 'pointer', 'found']);
    if (status === 'found') {
      const maySee = reply.text();
      const row = readInviteRow(reply);
      return { word: { status, maySee, row }, shows: true, told: row.told };
    }
    const word = status === 'pointer' ? ({ status, targetId: reply.id() } as const) : { status };
    reply.end();
    return { word, shows: false, told: null };
  },

  answersOf(word, revision, group) {
    if (word.status !== 'found') return group.requests.map(() => word);
    if (revision === null) throw new StoreBug('read: found, but no invite');
    const { uses, memberCount, presenceCount } = word.row;
    const invite = { revision, uses, memberCount, presenceCount };
    const askers = askersOf(group);
    if (word.maySee.length !== askers.size) throw new StoreBug('read: not one digit for each who asks');
    const plain = { status: 'found', invite, maySeeMetadata: false } as const;
    const full = { status: 'found', invite, maySeeMetadata: true } as const;
    return group.requests.map(({ caller }) =>
      word.maySee.charAt(askers.get(nameOf(caller)) ?? 0) === '1' ? full : plain,
    );
  },
};

/** The different callers of a group, each with its number. */
function askersOf(group: Group<ReadRequest>): ReadonlyMap<string, number> {
  const askers = new Map<string, number>();
  for (const { caller } of group.requests) {
    const name = nameOf(caller);
    if (!askers.has(name)) askers.set(name, askers.size);
  }
  return askers;
}

const NOBODY = callerArguments(null).join(':');

function nameOf(caller: MaybeCaller): string {
  return caller === null ? NOBODY : callerArguments(caller).join(':');
}
