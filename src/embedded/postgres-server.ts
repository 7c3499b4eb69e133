// Serves the embedded Postgres on a Unix socket, to any number of connections of `pg`. Must never answer one connection
// with what another one asked, and never leave a transaction open behind a client that has gone.

import { createServer, type Server, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { type Asker, createTurns, type Turns } from './postgres-turns.js';
import { keepUp } from './postgres-upkeep.js';
import { ClientBytes, greeting, REFUSAL, type Request } from './postgres-wire.js';

const CONNECTIONS_MAX = 100;
/** Nobody else is served while a transaction is open. */
const IDLE_IN_TRANSACTION_MAX_MS = 30_000;
const UPKEEP_EVERY_MS = 10_000;

export interface PostgresServer {
  /** Ends the statement under way, rolls back what is open, closes the database. */
  stop(): Promise<void>;
}

export async function servePostgres(
  database: PGlite,
  socketPath: string,
  onBroken: (error: unknown) => void,
): Promise<PostgresServer> {
  const turns = createTurns({
    run: (unit) => database.execProtocolRaw(unit),
    idleInTransactionMaxMs: IDLE_IN_TRANSACTION_MAX_MS,
    onBroken,
  });
  const hello = greeting(await versionOf(database));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    converse(socket, turns, hello);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, socketPath);
  // A disk that is full must not end the process; whether the session still works, the next statement shows.
  const keepUpOnce = (): Promise<void> => turns.alone(() => keepUp(database).catch(() => {}));
  let isDue = true;
  const upkeep = setInterval(() => {
    if (!isDue) return;
    isDue = false;
    void keepUpOnce().then(() => {
      isDue = true;
    });
  }, UPKEEP_EVERY_MS);

  return {
    async stop() {
      clearInterval(upkeep);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await turns.alone(() => database.close());
    },
  };
}

function converse(socket: Socket, turns: Turns, hello: Buffer): void {
  const asker: Asker = { hangUp: () => socket.destroy() };
  const bytes = new ClientBytes();
  const answer = async (request: Request): Promise<void> => {
    switch (request.kind) {
      case 'refuse':
        socket.write(REFUSAL);
        return;
      case 'greet':
        socket.write(hello);
        return;
      case 'run': {
        const data = await turns.ask(asker, request.unit);
        if (!socket.destroyed) socket.write(data);
        return;
      }
      case 'end':
        socket.end();
        socket.destroySoon();
    }
  };
  socket.on('data', (chunk) => {
    for (const request of bytes.push(chunk)) void answer(request);
  });
  // A client that breaks off is told from one that says goodbye by nothing that matters.
  socket.on('error', () => {});
  socket.once('close', () => turns.leave(asker));
}

async function versionOf(database: PGlite): Promise<string> {
  const { rows } = await database.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  );
  return rows[0]?.version ?? '';
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
