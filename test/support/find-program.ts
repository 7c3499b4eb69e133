// Programs of this machine, where tests look for them: on the PATH, and wherever else a system puts them.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first folder, of the PATH's and then of `others`, that has all of these programs; null: none has. */
export function folderOf(names: readonly string[], others: readonly string[] = []): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return (
    [...folders, ...others].find((folder) => names.every((name) => isProgram(join(folder, name)))) ?? null
  );
}

/** The path of a program, or null where it isn't installed. */
export function findProgram(name: string, others: readonly string[] = []): string | null {
  const folder = folderOf([name], others);
  return folder === null ? null : join(folder, name);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
