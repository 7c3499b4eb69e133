// The address of a client behind a proxy that is no gateway, over HTTP: what the proxy says is held against the bans of addresses, and
// what anybody else says is not.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw, signToken } from '../support/client.js';
import {
  banIp,
  createInvite,
  type Host,
  makeGuild,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { ipv4Address, snowflake } from '../support/ids.js';

const BANNED = ipv4Address();
const FREE = '203.0.113.200';

let host: Host;
let guild: TestGuild;
let code: string;
beforeAll(async () => {
  host = await startHost({ INVITED_TRUSTED_PROXIES: '127.0.0.1, 198.51.100.0/24' });
  guild = await makeGuild(host);
  ({ code } = await createInvite(host, guild.channelId, guild.ownerId));
  await banIp(host, guild.id, BANNED);
});
afterAll(() => host.stop());

const accept = (headers: Readonly<Record<string, string>>) =>
  host.api.post(`/api/v1/invites/${code}`, { as: snowflake(), headers });

describe('behind a trusted proxy', () => {
  it.each([
    { 'X-Forwarded-For': BANNED },
    { 'X-Forwarded-For': `${FREE}, ${BANNED}` },
    { 'X-Forwarded-For': `${FREE}, ${BANNED}:4711, 198.51.100.7` },
    { Forwarded: `for=${FREE}, for=${BANNED};proto=https` },
    { 'X-Forwarded-For': BANNED, Forwarded: `for=${BANNED}` },
  ])('a banned client stays out, whatever he writes before: %j', async (headers) => {
    expectError(await accept(headers), 403, 'USER_IP_BANNED_FROM_GUILD');
  });

  it.each([
    { 'X-Forwarded-For': FREE },
    { 'X-Forwarded-For': `${BANNED}, ${FREE}` },
    { 'X-Forwarded-For': `${BANNED}, ${FREE}, 198.51.100.7` },
    { Forwarded: `for=${BANNED}, for=${FREE}` },
    { 'X-Forwarded-For': 'unknown' },
  ])('nobody is taken for him by what he writes: %j', async (headers) => {
    const answer = await accept(headers);
    expect(answer.status, answer.text).toBe(200);
  });

  it('two lines of a header are one, in their order', async () => {
    const token = await signToken(host.server.secret, { sub: snowflake() });
    const lines = [
      `Authorization: Bearer ${token}`,
      `X-Forwarded-For: ${FREE}`,
      `X-Forwarded-For: ${BANNED}`,
    ];
    const head = [`POST /api/v1/invites/${code} HTTP/1.1`, 'Host: x', ...lines, 'Content-Length: 0', '', ''];
    const { status, body } = await raw(host.server.url, [head.join('\r\n')]);
    expect(status).toBe(403);
    expect(body).toContain('USER_IP_BANNED_FROM_GUILD');
  });

  it.each([
    [{ 'X-Forwarded-For': 'nonsense' }, 'X-Forwarded-For'],
    [{ Forwarded: `for="${FREE}` }, 'Forwarded'],
    [{ 'X-Forwarded-For': FREE, Forwarded: `for=${BANNED}` }, 'Forwarded'],
  ])('what can not be is 400 on accept, and matters nowhere else: %j', async (headers, path) => {
    const answer = await accept(headers);
    expect(answer.status).toBe(400);
    expect(answer.object()).toMatchObject({ code: 'INVALID_FORM_BODY', errors: [{ path }] });
    expect((await host.api.get(`/api/v1/invites/${code}`, { headers })).status).toBe(200);
  });

  it('a gateway’s word goes first, and only with its key', async () => {
    const told = { 'X-Forwarded-For': FREE, 'X-Invited-Client-IP': BANNED };
    const keyed = { ...told, 'X-Invited-Gateway-Key': host.server.gatewayKey };
    expectError(await accept(keyed), 403, 'USER_IP_BANNED_FROM_GUILD');
    expect((await accept({ ...keyed, 'X-Invited-Gateway-Key': 'wrong' })).status).toBe(200);
    expect((await accept(told)).status).toBe(200);
  });

  it('no header makes anybody somebody else', async () => {
    const forged = {
      'X-Forwarded-User': guild.ownerId,
      'X-Invited-User': guild.ownerId,
      'X-Invited-Role': 'service',
    };
    const headers = { ...forged, 'X-Forwarded-For': FREE, Forwarded: `for=${FREE}` };
    const path = `/api/v1/guilds/${guild.id}/invites`;
    expectError(await host.api.get(path, { headers }), 401, 'UNAUTHORIZED');
    expectError(await host.api.get(path, { as: snowflake(), headers }), 403, 'MISSING_PERMISSIONS');
    expectError(await host.admin.get(`/internal/v1/guilds/${guild.id}`, { headers }), 401, 'UNAUTHORIZED');
  });
});
