// `npm start`: gets ready whatever is missing, and serves, with the demo unless INVITED_DEMO says otherwise.
// The server runs in this very process, so that Ctrl-C and its exit code are its own.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensurePackages, ensureRedis, root } from './setup.mjs';

ensurePackages();
if (!process.env.INVITED_REDIS_URL) ensureRedis();
ensureBuilt();

process.env.INVITED_DEMO ||= '1';
const main = join(root, 'dist', 'main.js');
process.argv = [process.argv[0], main, 'start', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
