// What deploy/ says of nginx and HAProxy, with the real programs in front of two real servers: who calls, what a client can't say of
// itself, and what is out of reach.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Client, createClient, raw } from '../support/client.js';
import { asService } from '../support/directory.js';
import { snowflake } from '../support/ids.js';
import { ask, tokenOf } from './ask.js';
import { CONFIGURATIONS, findGateway, type Gateway, startGateway } from './gateway.js';
import { Instances } from './instances.js';

const START_MAX_MS = 60_000;
const HAS_ANY = CONFIGURATIONS.some(({ program }) => findGateway(program) !== null);

let instances: Instances;
beforeAll(async () => {
  if (HAS_ANY) instances = await Instances.start();
}, START_MAX_MS);
afterAll(() => instances?.stop(), START_MAX_MS);

describe.each(CONFIGURATIONS)('$file', ({ program, file }) => {
  describe.skipIf(findGateway(program) === null)('in front of two servers', () => {
    let gateway: Gateway;
    let client: Client;
    beforeAll(async () => {
      gateway = await startGateway(program, file, instances.settings);
      client = createClient(gateway.url, instances.settings.tokenSecret, null);
    });
    afterAll(async () => {
      client?.close();
      await gateway?.stop();
    });

    const accept = (code: string, headers: Readonly<Record<string, string>>, from = '127.0.0.1') =>
      ask(gateway.url, 'POST', `/api/v1/invites/${code}`, headers, from);

    it('lets a user with a token in, and says no to nobody and to a token that is forged', async () => {
      const invite = await instances.openInvite();
      const path = `/api/v1/invites/${invite.code}`;
      expect((await client.get(path)).status).toBe(200);
      const answer = await client.post(path, { as: snowflake() });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.object()['new_member']).toBe(true);
      expect((await client.post(path, { as: snowflake(), role: 'bot' })).status).toBe(403);
      expect((await client.post(path)).status).toBe(401);
      const forger = createClient(gateway.url, 'another secret that has 32 bytes or more', null);
      expect((await forger.post(path, { as: snowflake() })).status).toBe(401);
      forger.close();
      expect(await instances.usesOf(invite)).toBe(1);
    });

    it('believes nothing that a client says in headers of ours, however they are written', async () => {
      const invite = await instances.openInvite();
      const key = instances.settings.gatewayKey;
      const names = [
        (name: string) => `X-Invited-${name}`,
        (name: string) => `x-invited-${name.toLowerCase()}`,
        (name: string) => `X-INVITED-${name.toUpperCase()}`,
        (name: string) => `X_Invited_${name.replace('-', '_')}`,
        (name: string) => `X-Invited_${name}`,
      ];
      const lines = names.map((of) =>
        [`${of('Gateway-Key')}: ${key}`, `${of('User')}: ${snowflake()}`, `${of('Role')}: service`].join(
          '\r\n',
        ),
      );
      for (const spoofed of [...lines, `${lines[0]}\r\n${lines[0]}`, lines.join('\r\n')]) {
        const answer = await raw(gateway.url, [
          `POST /api/v1/invites/${invite.code} HTTP/1.1\r\nHost: x\r\n${spoofed}\r\nContent-Length: 0\r\n\r\n`,
        ]);
        // A gateway may also refuse such a request outright.
        expect([400, 401], `${spoofed}\n${answer.head}`).toContain(answer.status);
      }
      expect(await instances.usesOf(invite)).toBe(0);
      // They would do, past the gateway.
      const direct = await raw(`http://127.0.0.1:${instances.settings.servers[0].port}`, [
        `POST /api/v1/invites/${invite.code} HTTP/1.1\r\nHost: x\r\nX-Invited-Gateway-Key: ${key}\r\nX-Invited-User: ${snowflake()}\r\nContent-Length: 0\r\n\r\n`,
      ]);
      expect(direct.status).toBe(200);
    });

    it('tells where a client really is, which the client can not change', async () => {
      const invite = await instances.openInvite();
      await instances.banAddress(invite.guildId, '127.0.0.2');
      const user = async () => ({
        Authorization: `Bearer ${await tokenOf(instances.settings.tokenSecret, snowflake())}`,
      });
      const says = (address: string) => ({
        'X-Invited-Client-IP': address,
        'X-Forwarded-For': address,
        'X-Real-IP': address,
        Forwarded: `for=${address}`,
      });
      const banned = await accept(invite.code, { ...(await user()), ...says('127.0.0.3') }, '127.0.0.2');
      expect(banned.status).toBe(403);
      expect(banned.body).toContain('USER_IP_BANNED_FROM_GUILD');
      const other = await accept(invite.code, { ...(await user()), ...says('127.0.0.2') }, '127.0.0.3');
      expect(other.status, other.body).toBe(200);
    });

    it('hands on the id of a request, or makes one', async () => {
      const path = '/api/v1/invites/nobody1';
      const given = await client.get(path, { headers: { 'X-Request-Id': 'mine-17' } });
      expect(given.headers['x-request-id']).toBe('mine-17');
      expect((await client.get(path)).headers['x-request-id']).toMatch(/^[0-9a-f-]{32,36}$/);
    });

    it('reaches nothing of the admin listener, and no body beyond 16 KiB', async () => {
      const paths = ['/internal/v1/events', '/internal/v1/guilds/1', '/metrics', '/healthz', '/readyz'];
      for (const path of paths) expect((await client.get(path, asService())).status, path).toBe(404);
      const path = `/api/v1/channels/${snowflake()}/invites`;
      const body = (bytes: number) => ({ body: `{"pad":"${'x'.repeat(bytes - 10)}"}` });
      expect((await client.post(path, asService(body(16_384)))).status).toBe(404);
      expect((await client.post(path, asService(body(16_385)))).status).toBe(413);
    });

    it('passes conditions, answers and repeats as they are', async () => {
      const { code } = await instances.openInvite();
      const first: Answer = await client.get(`/api/v1/invites/${code}`);
      const etag = String(first.headers['etag']);
      const again = await client.get(`/api/v1/invites/${code}`, { headers: { 'If-None-Match': etag } });
      expect(again.status).toBe(304);
      const page = await client.get(`/${code}`, { headers: { Accept: 'text/html' } });
      expect(page.headers['content-type']).toContain('text/html');
    });
  });
});

describe.skipIf(findGateway('haproxy') === null)('haproxy/auth.cfg', () => {
  it('knows nobody by a token that has ended, has no end, or has not begun', async () => {
    const gateway = await startGateway('haproxy', 'haproxy/auth.cfg', instances.settings);
    try {
      const { code } = await instances.openInvite();
      const now = Math.floor(Date.now() / 1000);
      const cases = [{ exp: now - 60 }, {}, { exp: now + 600, nbf: now + 300 }];
      for (const claims of cases) {
        const token = await tokenOf(instances.settings.tokenSecret, snowflake(), claims);
        const answer = await ask(
          gateway.url,
          'POST',
          `/api/v1/invites/${code}`,
          { Authorization: `Bearer ${token}` },
          '127.0.0.1',
        );
        expect(answer.status, JSON.stringify(claims)).toBe(401);
      }
    } finally {
      await gateway.stop();
    }
  });
});
