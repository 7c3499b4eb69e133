// Where the embedded Postgres listens, and whether it does. Knows no more of the protocol than the request for encryption,
// which every Postgres answers at once.

import { createConnection } from 'node:net';

/** The name that clients of Postgres look for in a folder of sockets. */
export const POSTGRES_SOCKET = '.s.PGSQL.5432';

/** Length, and the code of an SSLRequest. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** `silent`: it listens, but is busy with a long statement, or is no Postgres. */
export function askPostgres(socketPath: string, timeoutMs: number): Promise<'ready' | 'silent' | 'gone'> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const finish = (state: 'ready' | 'silent' | 'gone'): void => {
      resolve(state);
      socket.destroy();
    };
    socket.setTimeout(timeoutMs, () => finish('silent'));
    socket.once('connect', () => socket.write(SSL_REQUEST));
    socket.once('data', (data) => finish(data.toString('latin1') === 'N' ? 'ready' : 'silent'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'gone' : 'silent'),
    );
    socket.once('close', () => finish('silent'));
  });
}
