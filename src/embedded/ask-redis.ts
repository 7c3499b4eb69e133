// One question to a Redis over its Unix socket, before the store has a connection of its own.
// Knows only PING and SHUTDOWN; everything else belongs in src/store.

import { createConnection } from 'node:net';

/**
 * - `gone`: nobody listens there
 * - `silent`: somebody listens, but there was no answer in time
 * - `ready`, `loading`: the answer to PING
 */
export type RedisState = 'gone' | 'silent' | 'loading' | 'ready';

/** Sends a command without arguments and reads the first line of the answer. */
export function askRedis(
  socketPath: string,
  command: 'PING' | 'SHUTDOWN',
  timeoutMs: number,
): Promise<RedisState> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const finish = (state: RedisState) => {
      resolve(state);
      socket.destroy();
    };
    socket.setTimeout(timeoutMs, () => finish('silent'));
    socket.once('connect', () => socket.write(`${command}\r\n`));
    socket.once('data', (data) => finish(data.toString('latin1').startsWith('+PONG') ? 'ready' : 'loading'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'gone' : 'silent'),
    );
    socket.once('close', () => finish('silent'));
  });
}
