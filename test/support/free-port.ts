// A port that is free now, for what must be told its port beforehand and may come back to it.

import { createServer } from 'node:net';

// Under the range from which systems give out ports of their own, and beside the one of local-redis.ts.
const PORT_FIRST = 10_500;
const PORT_COUNT = 9_000;
const PORT_TRIES_MAX = 50;

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES_MAX; tries += 1) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORT_COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
