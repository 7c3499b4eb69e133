// Requests as a client of a gateway makes them: from an address of its own, with exactly the headers it is given.

import { request } from 'node:http';
import { SignJWT } from 'jose';

export async function tokenOf(
  secret: string,
  sub: string,
  claims: Readonly<Record<string, number>> = { exp: Math.floor(Date.now() / 1000) + 600 },
): Promise<string> {
  return new SignJWT({ ...claims, sub })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

/** From an address of this machine's own. */
export function ask(
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  localAddress: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, method, path, headers, localAddress, agent: false },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
