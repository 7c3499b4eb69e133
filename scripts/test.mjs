// `npm test`: gets ready whatever is missing, and runs all tests. Arguments go on to vitest.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureChromium, ensurePackages, ensureRedis, root } from './setup.mjs';

ensurePackages();
ensureRedis();
ensureChromium();
ensureBuilt();

// Settings of whoever runs the tests must not change what they see.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !name.startsWith('INVITED_') || name.startsWith('INVITED_TEST_'),
  ),
);
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env,
});
// Ctrl-C reaches the child by the terminal; we stay to report how it ended.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
