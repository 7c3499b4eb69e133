// `npm run storm`: many users on one capped invite, and the sum that must hold. See src/cli/storm.ts.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensurePackages, ensureRedis, root } from './setup.mjs';

const args = process.argv.slice(2);
ensurePackages();
if (!args.some((arg) => arg === '--url' || arg.startsWith('--url='))) ensureRedis();
ensureBuilt();

const main = join(root, 'dist', 'main.js');
process.argv = [process.argv[0], main, 'storm', ...args];
await import(pathToFileURL(main).href);
