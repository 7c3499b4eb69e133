// Which version of the program this is, as its package says.

import { readFileSync } from 'node:fs';

/** One for both src/ and dist/. */
const PACKAGE = new URL('../../package.json', import.meta.url);

export function readVersion(): string {
  const found: unknown = JSON.parse(readFileSync(PACKAGE, 'utf8'));
  const isPackage = typeof found === 'object' && found !== null && 'version' in found;
  return isPackage && typeof found.version === 'string' ? found.version : '0';
}
