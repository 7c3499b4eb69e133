// What nginx and HAProxy hand on, with their configurations in deploy/ and in front of one who tells what has reached him.

import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snowflake } from '../support/ids.js';
import { ask, tokenOf } from './ask.js';
import { type AuthService, startAuthService } from './auth-service.js';
import { CONFIGURATIONS, findGateway, type Gateway, startGateway } from './gateway.js';

const GATEWAY_KEY = randomBytes(24).toString('base64url');
const SECRET = randomBytes(32).toString('base64url');

describe.each(CONFIGURATIONS)('$file', ({ program, file, identity }) => {
  describe.skipIf(findGateway(program) === null)('hands on', () => {
    let gateway: Gateway;
    let echo: Server;
    let auth: AuthService;
    beforeAll(async () => {
      echo = createServer((incoming, response) => response.end(JSON.stringify(incoming.rawHeaders)));
      await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
      const { port } = echo.address() as AddressInfo;
      const here = { port, adminPort: port };
      auth = await startAuthService(SECRET);
      gateway = await startGateway(program, file, {
        servers: [here, here],
        gatewayKey: GATEWAY_KEY,
        tokenSecret: SECRET,
        authPort: auth.port,
      });
    });
    afterAll(async () => {
      await gateway?.stop();
      auth?.close();
      echo?.close();
      echo?.closeAllConnections();
    });

    it('only what the gateway itself says of the caller', async () => {
      const userId = snowflake();
      const token = await tokenOf(SECRET, userId);
      const reached = await received(gateway.url, {
        Authorization: `Bearer ${token}`,
        'X-Invited-User': '1',
        'x-invited-permissions': '8',
        'X-Invited-Whatever': 'x',
        X_Invited_User: '1',
        'X-Forwarded-For': '9.9.9.9',
        'X-Forwarded-Host': 'evil.example',
        Forwarded: 'for=9.9.9.9',
      });
      const ours = Object.fromEntries([...reached].filter(([name]) => /^x[-_]invited|forwarded/i.test(name)));
      expect(ours).toEqual({
        'x-invited-gateway-key': [GATEWAY_KEY],
        'x-invited-client-ip': ['127.0.0.1'],
        'x-forwarded-for': ['127.0.0.1'],
        'x-forwarded-proto': ['http'],
        ...(identity === 'gateway' ? { 'x-invited-user': [userId] } : {}),
      });
      expect(reached.get('authorization')).toEqual(identity === 'gateway' ? undefined : [`Bearer ${token}`]);
    });

    it('a trace that came, or begins one', async () => {
      const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const given = await received(gateway.url, { traceparent: trace, tracestate: 'a=b' });
      expect(given.get('traceparent')).toEqual([trace]);
      expect(given.get('tracestate')).toEqual(['a=b']);
      const none = await received(gateway.url, { traceparent: 'nonsense' });
      expect(none.get('traceparent')?.join()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      expect(none.get('x-request-id')).toHaveLength(1);
    });
  });
});

/** The headers that reached the one behind the gateway: all values of each, by the name in lower case. */
async function received(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { status, body } = await ask(url, 'GET', '/api/v1/invites/some', headers, '127.0.0.1');
  expect(status, body).toBe(200);
  const raw = JSON.parse(body) as string[];
  const all = new Map<string, string[]>();
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    all.set(name, [...(all.get(name) ?? []), raw[at + 1] ?? '']);
  }
  return all;
}
