// The database files of the embedded Postgres: PGlite over a folder, opened so that what it calls committed is on disk.
// Must never be opened by two processes at once (postgres-program.ts sees to that), and never show a half-made database.

import fs from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

// PGlite starts Postgres with `-F`, that is without a sync. Its `fdatasync` does nothing (seen: no call of it reaches the
// file system), so the log is synced by `fsync`.
const START_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
  ...['-c', 'wal_sync_method=fsync'],
];

/** Emscripten's folder on disk, with the one call that it leaves out. */
class SyncedFolder extends NodeFS {
  override async init(...[pg, options]: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pg, options);
    const addSync = (module: { readonly NODEFS: object }): void => {
      const { stream_ops: operations } = module.NODEFS as { readonly stream_ops: Record<string, unknown> };
      operations['fsync'] = ({ nfd }: { readonly nfd: number }): number => {
        fs.fsyncSync(nfd);
        return 0;
      };
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), addSync] } };
  }
}

/** Opens the database in `folder`, which is made if there is none: whole, or not at all. */
export async function openDatabase(folder: string): Promise<PGlite> {
  if (!fs.existsSync(join(folder, 'PG_VERSION'))) await createDatabase(folder);
  return open(folder);
}

/** It takes seconds, in which we can be killed: the name is given to it when it is complete. */
async function createDatabase(folder: string): Promise<void> {
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  const database = await open(draft);
  await database.close();
  await rename(draft, folder);
}

function open(folder: string): Promise<PGlite> {
  return PGlite.create({ fs: new SyncedFolder(folder), startParams: START_PARAMS });
}
