// From the rows that scripts give to invites with the users they name. Those live in partitions of their own, so they
// are read behind the atomic step: what is shown of a person may be a moment newer than the invite, never older than
// the request.

import { LRUCache } from 'lru-cache';
import type { Snowflake } from '../invite/id.js';
import type { BareRevision, Invite, InviteRevision, JsonText } from '../invite/invite.js';
import type { InviteRow, ToldRevision } from './reply.js';
import { StoreBug } from './unavailable.js';
import { type UserStore, usernameOf } from './users.js';

/** Of about 2 KB each, with the texts that are made of them. */
const KEPT_MAX = 16_384;

/** A revision that we were told before. */
export interface Kept {
  readonly name: string;
  readonly bare: BareRevision;
  /** With the inviter as last read. */
  readonly revision: InviteRevision;
}

export interface Presenter {
  /** What is known of a code, to be told to the script that reads it. */
  kept(code: string): Kept | null;
  /** Reads, in this very turn, the names that these revisions needed last. */
  readNames(kept: Iterable<Kept | null>): Promise<Names>;
  /** One revision, with its names, for each that a script told or said to be the one we know. */
  present(shown: readonly Shown[], names?: Names): Promise<readonly InviteRevision[]>;
  /** The same for whole rows, of which nothing was known. */
  presentRows(rows: readonly InviteRow[]): Promise<readonly Invite[]>;
}

export interface Shown {
  readonly told: ToldRevision | null;
  readonly kept: Kept | null;
}

/** The users that were asked for: their JSON, null for one whom the directory doesn't know. */
export type Names = ReadonlyMap<Snowflake, JsonText | null>;

export function createPresenter(users: UserStore): Presenter {
  const keptByCode = new LRUCache<string, Kept>({ max: KEPT_MAX });

  const read = async (ids: ReadonlySet<Snowflake>): Promise<Names> => {
    if (ids.size === 0) return new Map();
    const known = await users.read(ids);
    return new Map([...ids].map((id) => [id, known.get(id) ?? null]));
  };

  const withNames = ({ told, kept }: Shown, bare: BareRevision, names: Names): InviteRevision => {
    const inviterJson = bare.inviterId === null ? null : (names.get(bare.inviterId) ?? null);
    if (bare.kind === 'group_dm') {
      const recipientNames = bare.recipientIds.map((id) => usernameOf(names.get(id) ?? null));
      return { ...bare, inviterJson, recipientNames };
    }
    if (told === null && kept?.revision.inviterJson === inviterJson) return kept.revision;
    const revision: InviteRevision = { ...bare, inviterJson, recipientNames: [] };
    keptByCode.set(bare.code, { name: told?.name ?? kept?.name ?? '', bare, revision });
    return revision;
  };

  const present: Presenter['present'] = async (shown, names = new Map()) => {
    const bares = shown.map(bareOf);
    const missing = new Set<Snowflake>();
    for (const bare of bares) {
      if (bare.inviterId !== null && !names.has(bare.inviterId)) missing.add(bare.inviterId);
      if (bare.kind === 'group_dm') for (const id of bare.recipientIds) missing.add(id);
    }
    const all = missing.size === 0 ? names : new Map([...names, ...(await read(missing))]);
    return shown.map((one, at) => withNames(one, bares[at] as BareRevision, all));
  };

  return {
    kept: (code) => keptByCode.get(code) ?? null,

    readNames(kept) {
      const ids = new Set<Snowflake>();
      for (const one of kept) if (one !== null && one.bare.inviterId !== null) ids.add(one.bare.inviterId);
      return read(ids);
    },

    present,

    async presentRows(rows) {
      const revisions = await present(rows.map(({ told }) => ({ told, kept: null })));
      return rows.map(({ uses, memberCount, presenceCount }, at) => ({
        revision: revisions[at] as InviteRevision,
        uses,
        memberCount,
        presenceCount,
      }));
    },
  };
}

function bareOf({ told, kept }: Shown): BareRevision {
  if (told !== null) return told.revision;
  if (kept === null) throw new StoreBug('row: a revision that we never told');
  return kept.bare;
}
