// The embedded Postgres for tests, run from its source. Making a database takes it seconds, so the first test that needs
// one keeps an empty database under node_modules/.cache, and everybody starts with a copy of that.

import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/postgres.js';
import { removeFolder } from './remove-folder.js';

const ROOT = resolve(import.meta.dirname, '../..');
export const POSTGRES_PROGRAM = [
  process.execPath,
  '--import',
  'tsx',
  join(ROOT, 'src/embedded/postgres-program.ts'),
];
const EMPTY = join(
  ROOT,
  'node_modules/.cache',
  `invited-test-pglite-${packageJson.dependencies['@electric-sql/pglite']}`,
);

export function startEmbedded(
  dataDir: string,
  onRestart: (message: string) => void = () => {},
): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, onRestart, program: POSTGRES_PROGRAM });
}

/** A data folder of its own, with an empty database in it. */
export async function preparedFolder(): Promise<string> {
  if (!existsSync(EMPTY)) await makeEmpty();
  const dataDir = await mkdtemp(join(tmpdir(), 'invited-test-pglite-'));
  await cp(EMPTY, join(dataDir, 'postgres'), { recursive: true });
  return dataDir;
}

async function makeEmpty(): Promise<void> {
  await mkdir(dirname(EMPTY), { recursive: true });
  const folder = await mkdtemp(join(dirname(EMPTY), 'making-'));
  const postgres = await startEmbedded(folder);
  await postgres.stop();
  // Another test file may have been faster.
  await rename(join(folder, 'postgres'), EMPTY).catch(() => {});
  await removeFolder(folder);
}
