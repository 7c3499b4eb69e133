// The peers of bench/peers as contenders: each with a store of its own, which is filled and counted past the peer.

import type { Contender, Counts, Running, StartOptions, World } from '../contender.js';
import { postgresProblem, startPeerPostgres } from './peer-postgres.js';
import { startPeer } from './peer-process.js';
import { startPeerRedis } from './peer-redis.js';

/** A running store of a peer. */
export interface PeerBackend {
  /** By which the peer finds it. */
  readonly env: Readonly<Record<string, string>>;
  pids(): readonly number[];
  load(world: World): Promise<void>;
  count(world: World): Promise<Counts>;
  stop(): Promise<void>;
}

/** The peers that can be started here; `tell` hears of the others. */
export function peersHere(tell: (line: string) => void): readonly Contender[] {
  const problem = postgresProblem();
  if (problem === null) return peers;
  tell(`${POSTGRES} is left out: ${problem}`);
  return peers.filter(({ name }) => name !== POSTGRES);
}

const POSTGRES = 'fastify + postgres';

export const peers: readonly Contender[] = [
  peer(POSTGRES, 'fastify-postgres.ts', ({ folder }) => startPeerPostgres(folder)),
  peer('fastify + evalsha', 'fastify-redis.ts', startPeerRedis),
  peer('uws + evalsha', 'uws-redis.ts', startPeerRedis),
];

function peer(
  name: string,
  file: string,
  startBackend: (options: StartOptions) => Promise<PeerBackend>,
): Contender {
  return {
    name,
    async start(options: StartOptions): Promise<Running> {
      const backend = await startBackend(options);
      try {
        const server = await startPeer(file, {
          ...backend.env,
          PEER_GATEWAY_KEY: options.gatewayKey,
          PEER_JWT_SECRET: options.jwtSecret,
        });
        return {
          url: server.url,
          serverPids: () => [server.pid],
          storePids: () => backend.pids(),
          load: (world) => backend.load(world),
          count: (world) => backend.count(world),
          async stop() {
            // The peer first: Postgres waits for its clients.
            await server.stop().finally(() => backend.stop());
          },
        };
      } catch (error) {
        await backend.stop();
        throw error;
      }
    },
  };
}
