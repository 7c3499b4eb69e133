// The settings of a peer, the one line by which it says that it serves, and its end.

import { once } from 'node:events';

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

/** Prints the ready line, then waits until the peer is to end: by SIGTERM, or because its parent died. */
export async function serveUntilEnd(port: number): Promise<void> {
  console.log(`ready http://127.0.0.1:${port}`);
  const stdinEnd = once(process.stdin.resume(), 'close');
  await Promise.race([once(process, 'SIGTERM'), stdinEnd]);
}
