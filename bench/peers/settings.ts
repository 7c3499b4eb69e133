// The settings of a peer, the one line by which it says that it serves, and its end.

import { once } from 'node:events';

const END_MAX_MS = 5000;

export interface Settings {
  /** 0: any free port. */
  readonly port: number;
  readonly gatewayKey: string;
  readonly jwtSecret: string;
}

export function readSettings(): Settings {
  return {
    port: Number(process.env['PEER_PORT'] ?? '0'),
    gatewayKey: required('PEER_GATEWAY_KEY'),
    jwtSecret: required('PEER_JWT_SECRET'),
  };
}

export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

/**
 * Prints the ready line, then waits until the peer is to end: by SIGTERM, or because its parent has died.
 * From then on the process lives for 5 s at most, whatever hangs.
 */
export async function serveUntilEnd(url: string): Promise<void> {
  const { stdin } = process;
  const end = Promise.race([once(process, 'SIGTERM'), once(stdin.resume(), 'close')]);
  console.log(`ready ${url}`);
  await end;
  stdin.destroy();
  setTimeout(() => process.exit(1), END_MAX_MS).unref();
}
