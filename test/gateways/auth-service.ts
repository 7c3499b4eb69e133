// A service that says who calls, as a platform has one: what nginx asks before each request (deploy/nginx/auth-request.conf).

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jwtVerify } from 'jose';

export interface AuthService {
  readonly port: number;
  close(): void;
}

/** 204, with who it is; 401 to a token that isn't right. */
export async function startAuthService(secret: string): Promise<AuthService> {
  const key = new TextEncoder().encode(secret);
  const server = createServer(async (request, response) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      response.writeHead(request.headers.authorization === undefined ? 204 : 401).end();
      return;
    }
    try {
      const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] });
      const role = payload['role'];
      response.setHeader('X-User', payload.sub ?? '');
      if (typeof role === 'string') response.setHeader('X-Role', role);
      response.writeHead(204).end();
    } catch {
      response.writeHead(401).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
