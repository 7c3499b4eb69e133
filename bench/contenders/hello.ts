// The ceiling as a contender: it answers a constant, so there is nothing to fill and nothing to count.

import type { Running } from '../contender.js';
import { startPeer } from './peer-process.js';

/** @param body what it answers; of the size of the contenders' answers */
export async function startHello(body: string): Promise<Running> {
  const server = await startPeer('../hello/server.ts', { HELLO_BODY: body });
  return {
    url: server.url,
    serverPids: () => [server.pid],
    storePids: () => [],
    load: async () => {},
    count: async () => ({ uses: 0, joins: 0, records: null }),
    stop: () => server.stop(),
  };
}
