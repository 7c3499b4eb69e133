// The storm command as it ships: it starts the embedded default itself, and the sum holds.

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, ROOT, SECRET, startProgram, temporaryFolder } from './program.js';

afterEach(cleanUp);

const STORM_MAX_MS = 60_000;

function runStorm(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return promisify(execFile)(process.execPath, [join(ROOT, 'dist', 'main.js'), 'storm', ...args], {
    env: { ...process.env, ...env },
    timeout: STORM_MAX_MS,
  });
}

describe('invited storm', () => {
  it('holds on the server it starts itself, and leaves nothing behind', {
    timeout: STORM_MAX_MS,
  }, async () => {
    const temporary = await temporaryFolder();
    const { stdout } = await runStorm(['--users', '300', '--cap', '20', '--repeat', '3'], {
      TMPDIR: temporary,
    });
    const [, already, refused] =
      /^accepted=20 already=(\d+) refused=(\d+) uses=20 joined=20 oversold=0\n$/.exec(stdout) ?? [];
    expect(Number(already) + Number(refused)).toBe(880);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('holds on a server that runs already, without a cap', { timeout: STORM_MAX_MS }, async () => {
    const server = await startProgram();
    const { url, adminUrl } = await server.ready();
    const { stdout } = await runStorm(
      ['--users', '100', '--cap', '0', '--repeat', '2', '--url', url, '--admin-url', adminUrl],
      { INVITED_JWT_SECRET: SECRET },
    );
    expect(stdout).toBe('accepted=100 already=100 refused=0 uses=100 joined=100 oversold=0\n');
  });
});
