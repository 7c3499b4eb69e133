// `npm run build`: compiles src/ to dist/, if dist/ isn't up to date.

import { ensureBuilt, ensurePackages } from './setup.mjs';

ensurePackages();
ensureBuilt();
