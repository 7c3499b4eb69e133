// `npm run check`: everything that can be judged without running the server, all at once, one line each.
// Changes nothing; what fails shows all it said.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureLuacheck, ensurePackages, root } from './setup.mjs';

const ONE_CHECK_MAX_MS = 120_000;

ensurePackages();
ensureLuacheck();

const node = (path, ...args) => [process.execPath, join(root, 'node_modules', path), ...args];
const checks = {
  'format and lint (Biome)': node('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
  'types (tsc)': node('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
  'Lua (luacheck)': ['luacheck', '--quiet', 'lua'],
  'import arrows (vitest)': node('vitest/vitest.mjs', 'run', 'test/unit/house.test.ts'),
};

const results = await Promise.all(Object.entries(checks).map(([name, command]) => check(name, command)));
for (const { name, output } of results.filter(({ passed }) => !passed)) {
  process.stdout.write(`\n── ${name}\n${output}`);
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

function check(name, [program, ...args]) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      timeout: ONE_CHECK_MAX_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      output += `${error.message}\n`;
    });
    child.on('close', (code) => {
      const passed = code === 0;
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      process.stdout.write(`${passed ? 'ok    ' : 'FAILED'}  ${name}, ${seconds} s\n`);
      resolve({ name, passed, output });
    });
  });
}
