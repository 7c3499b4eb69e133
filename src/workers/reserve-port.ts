// Which port the workers will share. They listen with SO_REUSEPORT, which lets any program of this user join in, so
// whether the port is free is found out before, by listening there alone.

import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenOn } from '../listen-on.js';
import { StartError } from '../start-error.js';

/** The workers of a program that was killed a moment ago may still be ending. */
const FREE_MAX_MS = 2000;
const RETRY_MS = 50;

/**
 * The same listener with a port that is free at this moment, where 0 was asked for.
 * @throws StartError in one line that names the setting
 */
export async function reservePort(listenOn: ListenOn, setting: string): Promise<ListenOn> {
  if (listenOn.kind === 'unix') return listenOn;
  const { host, port } = listenOn;
  const deadline = performance.now() + FREE_MAX_MS;
  for (;;) {
    const free = await tryPort(host, port);
    if (free !== null) return { kind: 'tcp', host, port: free };
    if (performance.now() > deadline) {
      throw new StartError(`Port ${port} on ${host} is in use or may not be used (${setting}).`);
    }
    await delay(RETRY_MS);
  }
}

function tryPort(host: string, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}
