// The batched script accept.lua: many users by many invites in one call.

import type { Snowflake } from '../invite/id.js';
import type { InviteRevision } from '../invite/invite.js';
import type { Plain } from '../invite/outcome.js';
import type { BatchedScript, CodeRequest, Pointer } from './invite-batch.js';
import { readRevisionRow } from './reply.js';
import { StoreBug } from './unavailable.js';

export interface AcceptRequest extends CodeRequest {
  readonly userId: Snowflake;
  /** What a ban of the client's address would be kept under; null if it is unknown. */
  readonly banKey: string | null;
}

export type AcceptReply =
  | Pointer
  /** Of the invite only what does not move with its use: that is all an answer shows. */
  | { readonly status: 'accepted' | 'already'; readonly revision: InviteRevision }
  | Plain<'unknown' | 'invites_disabled' | 'banned' | 'ip_banned' | 'guild_full' | 'group_dm_full'>;

/** A letter for each request, and where the code points to if it is a pointer. */
interface AcceptWord {
  readonly letters: string;
  readonly targetId: Snowflake | null;
}

const UNKNOWN_ADDRESS = '-';

export const acceptScript: BatchedScript<AcceptRequest, AcceptWord, AcceptReply> = {
  name: 'accept',

  argumentsOf({ requests }) {
    let userIds = '';
    let banKeys = '';
    for (const { userId, banKey } of requests) {
      userIds += userIds === '' ? userId : ` ${userId}`;
      banKeys += banKeys === '' ? (banKey ?? UNKNOWN_ADDRESS) : ` ${banKey ?? UNKNOWN_ADDRESS}`;
    }
    return [userIds, banKeys];
  },

  readReply(reply, group) {
    const letters = reply.text();
    if (letters.length !== group.requests.length) throw new StoreBug('accept: not one letter a user');
    const isPointer = letters.startsWith('p');
    const targetId = isPointer ? reply.id() : null;
    const told = reply.atEnd() ? null : readRevisionRow(reply);
    return { word: { letters, targetId }, shows: !isPointer && /[am]/.test(letters), told };
  },

  answersOf({ letters, targetId }, revision) {
    // Requests with one outcome share it: it is never changed.
    const outcomes = new Map<string, AcceptReply>();
    return Array.from(letters, (letter) => {
      const known = outcomes.get(letter);
      if (known !== undefined) return known;
      const outcome = outcomeOf(letter, revision, targetId);
      outcomes.set(letter, outcome);
      return outcome;
    });
  },
};

function outcomeOf(letter: string, revision: InviteRevision | null, targetId: Snowflake | null): AcceptReply {
  switch (letter) {
    case 'a':
    case 'm':
      if (revision === null) throw new StoreBug('accept: in, but by no invite');
      return { status: letter === 'a' ? 'accepted' : 'already', revision };
    case 'p':
      if (targetId === null) throw new StoreBug('accept: a pointer to nowhere');
      return { status: 'pointer', targetId };
    case 'u':
      return { status: 'unknown' };
    case 'd':
      return { status: 'invites_disabled' };
    case 'b':
      return { status: 'banned' };
    case 'i':
      return { status: 'ip_banned' };
    case 'g':
      return { status: 'guild_full' };
    case 'r':
      return { status: 'group_dm_full' };
    default:
      throw new StoreBug('accept: an unknown letter');
  }
}
