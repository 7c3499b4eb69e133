// What `npm pack` would publish: the page that shows the API comes with the package, and so do its licences.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from './program.js';

const PACK_MAX_MS = 60_000;

it(
  'the package has the page of the API, with its licences',
  async () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT, timeout: PACK_MAX_MS });
    const [{ files }] = JSON.parse(stdout) as [{ readonly files: readonly { readonly path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths.filter((path) => path.startsWith('dist/swagger-ui/')).sort()).toEqual([
      'dist/swagger-ui/LICENSE',
      'dist/swagger-ui/NOTICE',
      'dist/swagger-ui/swagger-ui-bundle.js',
      'dist/swagger-ui/swagger-ui-bundle.js.LICENSE.txt',
      'dist/swagger-ui/swagger-ui.css',
    ]);
    expect(paths).toContain('dist/http/routes/docs.js');
  },
  PACK_MAX_MS,
);
