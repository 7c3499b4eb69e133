// Takes away a folder of a test. A Redis that was killed with its parent may still be writing there for a moment.

import { rm } from 'node:fs/promises';

export function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
