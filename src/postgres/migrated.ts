// Postgres with its tables as this program knows them, also when it is away at the start: they are brought up to date before the
// first statement that reaches it.

import type { Sql } from './connection.js';
import { migrate } from './migrate.js';

/** @param onFailure told of each time that it could not be done: also of the StartError of a schema that this program must not use */
export function migrated(sql: Sql, onFailure: (error: unknown) => void): Sql {
  let isDone = false;
  let migrating: Promise<void> | null = null;
  const ensure = async (): Promise<void> => {
    if (isDone) return;
    migrating ??= migrate(sql)
      .then(() => {
        isDone = true;
      })
      .catch((error: unknown) => {
        onFailure(error);
        throw error;
      })
      .finally(() => {
        migrating = null;
      });
    await migrating;
  };
  return {
    async query(what, params) {
      await ensure();
      return sql.query(what, params);
    },
    async transaction(work, timeoutMs) {
      await ensure();
      return sql.transaction(work, timeoutMs);
    },
    close: () => sql.close(),
  };
}
