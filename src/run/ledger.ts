// The ledger for the HTTP workers: the joins that Postgres keeps, once it has those that Redis has answered. The one thing for which
// a worker waits for Postgres.

import type { Ledger } from '../invite/ledger.js';
import { partitionOfId } from '../invite/partition.js';
import { untilCopied } from '../jobs/copied.js';
import type { Sql } from '../postgres/connection.js';
import { isJoinCursor, readJoins } from '../postgres/read-joins.js';
import { journalOf } from '../store/journals.js';
import type { Store } from '../store/store.js';

/** The copy is a second behind as a rule. Should it be further, its answer is better than none. */
const FRESH_MAX_MS = 3000;

export function createLedger(store: Store, sql: Sql): Ledger {
  return {
    isCursor: isJoinCursor,

    async joins({ guildId, code, inviterId, userId, after, limit }) {
      const journal = journalOf(partitionOfId(guildId), store.isCluster);
      await untilCopied(store.journal, sql, [journal], FRESH_MAX_MS);
      const page = await readJoins(sql, {
        guildId,
        limit,
        ...(code === null ? {} : { code }),
        ...(inviterId === null ? {} : { inviterId }),
        ...(userId === null ? {} : { userId }),
        ...(after !== null && isJoinCursor(after) ? { before: after } : {}),
      });
      return { joins: page.joins.map((join) => ({ guildId, ...join })), next: page.next };
    },
  };
}
