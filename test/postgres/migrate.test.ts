// The schema: made once however many start at once, brought forward in order, and left alone where it is newer than we are.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../src/postgres/migrate.js';
import { StartError } from '../../src/start-error.js';
import { connectTo, onEachPostgres } from '../support/postgres.js';
import { removeFolder } from '../support/remove-folder.js';
import { rowsOf } from './journal.js';

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-test-migrations-'));
  onTestFinished(() => removeFolder(folder));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const FIRST = {
  '0001-first.sql': 'create table invited.first (id int); insert into invited.first values (1);',
};
const SECOND = { '0002-second.sql': 'alter table invited.first add column more int default 7;' };

onEachPostgres('the migrations', (database) => {
  beforeEach(async () => {
    await rowsOf(database().sql, 'drop schema if exists invited cascade');
  });

  const applied = async () =>
    (
      await rowsOf(database().sql, 'select version, name from invited.schema_migrations order by version')
    ).map(({ version, name }) => `${version} ${name}`);

  it('are applied once by ten that start at once', async () => {
    const all = Array.from({ length: 10 }, () => connectTo(database().url));
    const outcomes = await Promise.all(all.map((sql) => migrate(sql)));
    await Promise.all(all.map((sql) => sql.close()));
    expect(outcomes.filter((versions) => versions.length > 0)).toHaveLength(1);
    expect(await applied()).toEqual(['1 tables']);
  });

  it('are applied in order, and only those that are missing', async () => {
    const { sql } = database();
    expect(await migrate(sql, await folderWith(FIRST))).toEqual([1]);
    expect(await migrate(sql, await folderWith({ ...FIRST, ...SECOND }))).toEqual([2]);
    expect(await migrate(sql, await folderWith({ ...FIRST, ...SECOND }))).toEqual([]);
    expect(await applied()).toEqual(['1 first', '2 second']);
    expect(await rowsOf(sql, 'select * from invited.first')).toEqual([{ id: 1, more: 7 }]);
  });

  it('leave nothing of themselves when one of them fails', async () => {
    const { sql } = database();
    const folder = await folderWith({ ...FIRST, '0002-wrong.sql': 'create table invited.first (id int)' });
    await expect(migrate(sql, folder)).rejects.toThrow('migration 2: Postgres refused it (SQLSTATE 42P07)');
    expect(await rowsOf(sql, `select to_regclass('invited.first') as there`)).toEqual([{ there: null }]);
    expect(await migrate(sql, await folderWith(FIRST))).toEqual([1]);
  });

  it('are refused by a program that is older than the schema', async () => {
    const { sql } = database();
    await migrate(sql, await folderWith({ ...FIRST, ...SECOND }));
    const refusal = migrate(sql, await folderWith(FIRST));
    await expect(refusal).rejects.toThrow(StartError);
    await expect(refusal).rejects.toThrow(/^[^\n]*it has version 2, this program knows up to 1[^\n]*$/);
  });

  it('are refused when one is missing or given twice', async () => {
    const { sql } = database();
    await expect(migrate(sql, await folderWith({ ...SECOND }))).rejects.toThrow(StartError);
    const twice = { ...FIRST, '0001-other.sql': 'select 1' };
    await expect(migrate(sql, await folderWith(twice))).rejects.toThrow(StartError);
  });
});
