// `npm run test:image`: builds the image with the Docker engine of this machine, and runs its tests. INVITED_TEST_IMAGE_BASE names
// another image to build on than the Dockerfile's, where none can be pulled (docs/testing.md).

import { spawnSync } from 'node:child_process';
import { ensurePackages, fail, root } from './setup.mjs';

const IMAGE = 'invited:test';
const BUILD_MAX_MS = 20 * 60_000;

ensurePackages();
const base = process.env.INVITED_TEST_IMAGE_BASE;
run(
  'docker',
  ['build', '--network=host', '--tag', IMAGE, ...(base ? ['--build-arg', `BASE=${base}`] : []), '.'],
  process.env,
);
run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/packaging/image.test.ts'], {
  ...process.env,
  INVITED_TEST_IMAGE: IMAGE,
});

function run(program, args, env) {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    env,
    stdio: 'inherit',
    timeout: BUILD_MAX_MS,
  });
  if (error?.code === 'ENOENT') fail(`${program} is not on the PATH.`);
  if (status !== 0) process.exit(status ?? 1);
}
