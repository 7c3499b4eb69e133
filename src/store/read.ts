// The batched script read.lua: equal reads of a batch share one reading, and one answer.

import type { MaybeCaller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { Invite } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import type { BatchedScript, CodeRequest, Group, Pointer } from './invite-batch.js';
import { callerArguments } from './invites.js';
import { type InviteRow, type ReplyReader, readInviteRow } from './reply.js';
import { StoreBug } from './unavailable.js';

export interface ReadRequest extends CodeRequest {
  readonly caller: MaybeCaller;
  /** Must the answer say how many members there are? Of a revision that was told before, it may leave them out else. */
  readonly wantsCounts: boolean;
}

export type ReadReply =
  | Pointer
  | { readonly status: 'found'; readonly invite: Invite; readonly maySeeMetadata: boolean }
  | Plain<'unknown'>;

type ReadWord =
  | { readonly status: 'unknown' }
  | { readonly status: 'pointer'; readonly targetId: Snowflake }
  /** One digit for each who asks: 1 may see the metadata. No row: nobody may, and we know the revision. */
  | { readonly status: 'found'; readonly maySee: string; readonly row: InviteRow | null };

export const readScript: BatchedScript<ReadRequest, ReadWord, ReadReply> = {
  name: 'read',

  argumentsOf: (group) => [
    [...askersOf(group).keys()].join(' '),
    group.requests.some(({ wantsCounts }) => wantsCounts) ? 1 : 0,
  ],

  readReply(reply) {
    const first = reply.text();
    if (/^[01]+$/.test(first)) {
      const row = reply.atEnd() ? null : readInviteRow(reply);
      return { word: { status: 'found', maySee: first, row }, shows: true, told: row?.told ?? null };
    }
    const word = notFound(first, reply);
    reply.end();
    return { word, shows: false, told: null };
  },

  answersOf(word, revision, group) {
    if (word.status !== 'found') return group.requests.map(() => word);
    if (revision === null) throw new StoreBug('read: found, but no invite');
    const { uses, memberCount, presenceCount } = word.row ?? UNCOUNTED;
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

const UNCOUNTED = { uses: 0, memberCount: 0, presenceCount: 0 };

function notFound(word: string, reply: ReplyReader): ReadWord {
  if (word === 'unknown') return { status: word };
  if (word === 'pointer') return { status: word, targetId: reply.id() };
  throw new StoreBug('read: an unknown status');
}

const NOBODY = callerArguments(null).join(':');
const ONLY_NOBODY: ReadonlyMap<string, number> = new Map([[NOBODY, 0]]);

/** The different callers of a group, each with its number. */
function askersOf(group: Group<ReadRequest>): ReadonlyMap<string, number> {
  if (group.requests.every(({ caller }) => caller === null)) return ONLY_NOBODY;
  const askers = new Map<string, number>();
  for (const { caller } of group.requests) {
    const name = nameOf(caller);
    if (!askers.has(name)) askers.set(name, askers.size);
  }
  return askers;
}

function nameOf(caller: MaybeCaller): string {
  return caller === null ? NOBODY : callerArguments(caller).join(':');
}
