// `npm run bench`: gets ready whatever is missing, and measures. See bench/main.ts and docs/performance.md.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensurePackages, ensureRedis, root } from './setup.mjs';

ensurePackages();
ensureRedis();
ensureBuilt();

const [program = 'main', ...args] = process.argv.slice(2);
const file = join(root, 'bench', program === 'micro' ? 'micro.ts' : 'main.ts');
const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { cwd: root, stdio: 'inherit' });
// Ctrl-C reaches the child by the terminal; we stay to report how it ended.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
