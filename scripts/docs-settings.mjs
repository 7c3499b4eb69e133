// `npm run docs:settings`: writes docs/configuration.md anew. See src/settings-page.ts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensurePackages, root } from './setup.mjs';

ensurePackages();
ensureBuilt();

const { settingsPage } = await import(pathToFileURL(join(root, 'dist', 'settings-page.js')).href);
writeFileSync(join(root, 'docs', 'configuration.md'), settingsPage());
