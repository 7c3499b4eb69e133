// From the rows that scripts give to invites with the users they name. Those live in partitions of their own, so they
// are read behind the atomic step: what is shown of a person may be a moment newer than the invite, never older than
// the request.

import { LRUCache } from 'lru-cache';
import type { Snowflake } from '../invite/id.js';
import type { BareRevision, Invite, InviteRevision, JsonText } from '../invite/invite.js';
import { jsonText } from '../invite/invite.js';
import type { InviteRow } from './reply.js';
import { StoreBug } from './unavailable.js';
import type { UserStore } from './users.js';

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
  /** One invite for each row; `kept` is what the script was told of it. */
  present(rows: readonly PresentRow[], names?: Names): Promise<readonly Invite[]>;
}

export interface PresentRow {
  readonly row: InviteRow;
  readonly kept: Kept | null;
}

/** The users that were asked for: their JSON, null for one whom the directory doesn't know. */
export type Names = ReadonlyMap<Snowflake, JsonText | null>;

const NOBODY = 'null' as JsonText;

export function createPresenter(users: UserStore): Presenter {
  const keptByCode = new LRUCache<string, Kept>({ max: KEPT_MAX });

  const read = async (ids: ReadonlySet<Snowflake>): Promise<Names> => {
    if (ids.size === 0) return new Map();
    const known = await users.read(ids);
    return new Map([...ids].map((id) => [id, known.get(id) ?? null]));
  };

  const withNames = (revisionName: string, kept: Kept | null, bare: BareRevision, names: Names) => {
    const inviterJson = bare.inviterId === null ? null : (names.get(bare.inviterId) ?? null);
    if (bare.kind === 'group_dm') {
      return {
        ...bare,
        inviterJson,
        recipientNames: bare.recipientIds.map((id) => nameOf(names.get(id) ?? null)),
      };
    }
    if (kept !== null && kept.bare === bare && kept.revision.inviterJson === inviterJson)
      return kept.revision;
    const revision: InviteRevision = { ...bare, inviterJson, recipientNames: [] };
    keptByCode.set(bare.code, { name: revisionName, bare, revision });
    return revision;
  };

  return {
    kept: (code) => keptByCode.get(code) ?? null,

    readNames(kept) {
      const ids = new Set<Snowflake>();
      for (const one of kept) if (one !== null && one.bare.inviterId !== null) ids.add(one.bare.inviterId);
      return read(ids);
    },

    async present(rows, names = new Map()) {
      const bares = rows.map(bareOf);
      const missing = new Set<Snowflake>();
      for (const bare of bares) {
        if (bare.inviterId !== null && !names.has(bare.inviterId)) missing.add(bare.inviterId);
        if (bare.kind === 'group_dm') for (const id of bare.recipientIds) missing.add(id);
      }
      const all = missing.size === 0 ? names : new Map([...names, ...(await read(missing))]);
      return rows.map(({ row, kept }, at) => {
        const bare = bares[at];
        if (bare === undefined) throw new StoreBug('a row without a revision');
        const { uses, memberCount, presenceCount, revisionName } = row;
        return { revision: withNames(revisionName, kept, bare, all), uses, memberCount, presenceCount };
      });
    },
  };
}

function bareOf({ row, kept }: PresentRow): BareRevision {
  if (row.revision !== null) return row.revision;
  if (kept?.name !== row.revisionName) throw new StoreBug('row: a revision that we never told');
  return kept.bare;
}

function nameOf(userJson: JsonText | null): JsonText {
  if (userJson === null) return NOBODY;
  const user: unknown = JSON.parse(userJson);
  if (typeof user !== 'object' || user === null || !('username' in user)) return NOBODY;
  return jsonText(user.username);
}
