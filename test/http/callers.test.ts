// Who calls: tokens and their claims, the gateway's headers, and the roles.

import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type JsonObject, signToken } from '../support/client.js';
import {
  asService,
  banIp,
  bits,
  createInvite,
  type Host,
  isMember,
  makeGuild,
  makeMember,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { ipv4Address, LARGEST_ID, snowflake, unusedCode } from '../support/ids.js';

const SECOND_KEY = randomBytes(24).toString('base64url');
const THIRD_KEY = randomBytes(24).toString('base64url');

let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  host = await startHost({ INVITED_GATEWAY_KEYS: `${SECOND_KEY},${THIRD_KEY}` });
  guild = await makeGuild(host);
});
afterAll(() => host.stop());

type Headers = Readonly<Record<string, string>>;

/** A request that needs MANAGE_GUILD: 200 to the owner, 401 to nobody, 403 to everyone else. */
const list = (headers: Headers, of: TestGuild = guild): Promise<Answer> =>
  host.api.get(`/api/v1/guilds/${of.id}/invites`, { headers });

const authorized = (authorization: string): Promise<Answer> => list({ Authorization: authorization });
const sign = (claims: JsonObject): Promise<string> => signToken(host.server.secret, claims);
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

async function expectUnauthorized(answer: Promise<Answer>): Promise<void> {
  expectError(await answer, 401, 'UNAUTHORIZED');
}

describe('a token', () => {
  it.each(['Bearer ', 'bearer ', 'BEARER ', 'Bot ', 'bot ', 'BOT ', ''])(
    'is read after %j',
    async (scheme) => {
      const answer = await authorized(`${scheme}${await sign({ sub: guild.ownerId })}`);
      expect(answer.status, answer.text).toBe(200);
    },
  );

  it.each(['Basic ', 'Digest ', 'Bearer Bearer ', 'Token=', 'Bearer:'])(
    'is not read after %j',
    async (scheme) => {
      await expectUnauthorized(authorized(`${scheme}${await sign({ sub: guild.ownerId })}`));
    },
  );

  it('may name the smallest and the largest user id', async () => {
    for (const owner_id of ['0', '7', LARGEST_ID]) {
      const own = await makeGuild(host, { owner_id });
      expect((await list({ Authorization: `Bearer ${await sign({ sub: owner_id })}` }, own)).status).toBe(
        200,
      );
    }
  });

  it.each([
    ['no sub', {}],
    ['an empty sub', { sub: '' }],
    ['a sub with a leading zero', { sub: '01' }],
    ['a negative sub', { sub: '-1' }],
    ['a sub with a sign', { sub: '+1' }],
    ['a sub with a space', { sub: ' 1' }],
    ['a sub with a line feed', { sub: '1\n' }],
    ['a sub with a fraction', { sub: '1.0' }],
    ['a sub in hexadecimal', { sub: '0x10' }],
    ['a sub with full-width digits', { sub: '１２' }],
    ['a sub that is a name', { sub: 'owner' }],
    ['a sub one over the largest id', { sub: '9223372036854775808' }],
    ['a sub of 20 digits', { sub: '10000000000000000000' }],
    ['a sub that is a number', { sub: 5 }],
    ['a sub that is null', { sub: null }],
    ['a sub that is an array', { sub: ['5'] }],
    ['an unknown role', { sub: '5', role: 'admin' }],
    ['a role in capitals', { sub: '5', role: 'SERVICE' }],
    ['an empty role', { sub: '5', role: '' }],
    ['a role that is an array', { sub: '5', role: ['service'] }],
    ['a role that is a number', { sub: '5', role: 1 }],
    ['a role from the prototype', { sub: '5', role: 'constructor' }],
  ])('with %s is 401', async (_name, claims) => {
    const exp = inSeconds(600);
    await expectUnauthorized(authorized(`Bearer ${handMade({ alg: 'HS256' }, { exp, ...claims })}`));
  });

  it.each([
    ['no exp', () => undefined],
    ['an exp that is a string', () => String(inSeconds(600))],
    ['an exp that is null', () => null],
    ['an exp that is true', () => true],
    ['an exp an hour ago', () => inSeconds(-3_600)],
    ['an exp of 0', () => 0],
    ['a negative exp', () => -1],
  ])('with %s is 401', async (_name, expOf) => {
    const exp = expOf();
    const claims = { sub: guild.ownerId, ...(exp === undefined ? {} : { exp }) };
    await expectUnauthorized(authorized(`Bearer ${handMade({ alg: 'HS256' }, claims)}`));
  });

  it('with an exp ten seconds ago is 401, with one in ten seconds it is good', async () => {
    await expectUnauthorized(authorized(`Bearer ${await sign({ sub: guild.ownerId, exp: inSeconds(-10) })}`));
    expect(
      (await authorized(`Bearer ${await sign({ sub: guild.ownerId, exp: inSeconds(10) })}`)).status,
    ).toBe(200);
  });

  it('that is not valid yet is 401, one that was not valid before is good', async () => {
    await expectUnauthorized(authorized(`Bearer ${await sign({ sub: guild.ownerId, nbf: inSeconds(600) })}`));
    expect(
      (await authorized(`Bearer ${await sign({ sub: guild.ownerId, nbf: inSeconds(-60) })}`)).status,
    ).toBe(200);
  });

  it('may carry other claims, an audience and an issuer, where none is configured', async () => {
    const claims = {
      sub: guild.ownerId,
      aud: 'somewhere',
      iss: 'somebody',
      jti: 'x',
      scope: 'y',
      iat: inSeconds(-5),
    };
    expect((await authorized(`Bearer ${await sign(claims)}`)).status).toBe(200);
  });

  it.each([
    ['nothing', () => ''],
    ['a scheme alone', () => 'Bearer'],
    ['a scheme and a space', () => 'Bearer '],
    ['no token at all', () => 'Bearer nonsense'],
    ['dots alone', () => 'Bearer ..'],
    ['three parts that are no token', () => 'Bearer a.b.c'],
    ['8,000 characters', () => `Bearer ${'a'.repeat(8_000)}`],
    ['a header that is no JSON', () => `Bearer ${encode('{')}.${encode('{}')}.x`],
    ['a header that is null', () => `Bearer ${encode('null')}.${encode('{}')}.x`],
    ['claims that are an array', () => `Bearer ${handMade({ alg: 'HS256' }, [])}`],
    ['alg none without a signature', () => `Bearer ${unsigned('none')}.`],
    ['alg None without a signature', () => `Bearer ${unsigned('None')}.`],
    ['alg none with one', () => `Bearer ${handMade({ alg: 'none' }, ownerClaims())}`],
    ['alg HS512 in name alone', () => `Bearer ${handMade({ alg: 'HS512' }, ownerClaims())}`],
    ['alg HS512', () => `Bearer ${handMade({ alg: 'HS512' }, ownerClaims(), 'sha512')}`],
    ['alg HS384', () => `Bearer ${handMade({ alg: 'HS384' }, ownerClaims(), 'sha384')}`],
    ['no alg', () => `Bearer ${handMade({ typ: 'JWT' }, ownerClaims())}`],
    [
      'an unknown critical header',
      () => `Bearer ${handMade({ alg: 'HS256', crit: ['x'], x: 1 }, ownerClaims())}`,
    ],
    [
      'a signature of another secret',
      () => `Bearer ${handMade({ alg: 'HS256' }, ownerClaims(), 'sha256', 'other')}`,
    ],
    ['no signature', () => `Bearer ${unsigned('HS256')}.`],
    ['a signature cut short', () => `Bearer ${handMade({ alg: 'HS256' }, ownerClaims()).slice(0, -4)}`],
    ['a fourth part', () => `Bearer ${handMade({ alg: 'HS256' }, ownerClaims())}.x`],
  ])('of %s is 401', async (_name, authorizationOf) => {
    await expectUnauthorized(authorized(authorizationOf()));
  });

  it('whose claims were changed is 401', async () => {
    const [header, , signature] = (await sign({ sub: snowflake() })).split('.');
    await expectUnauthorized(
      authorized(`Bearer ${header}.${encode(JSON.stringify(ownerClaims()))}.${signature}`),
    );
  });

  it('that brings its own key is 401', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const token = await new SignJWT({ sub: guild.ownerId, exp: inSeconds(600) })
      .setProtectedHeader({ alg: 'ES256', jwk: publicKey.export({ format: 'jwk' }) })
      .sign(privateKey);
    await expectUnauthorized(authorized(`Bearer ${token}`));
  });

  const ownerClaims = (): JsonObject => ({ sub: guild.ownerId, exp: inSeconds(600) });
  const encode = (text: string): string => Buffer.from(text).toString('base64url');
  const unsigned = (alg: string): string =>
    `${encode(JSON.stringify({ alg }))}.${encode(JSON.stringify(ownerClaims()))}`;

  /** A token by the letter of RFC 7515, so that a library's own checks can't get in the way. */
  function handMade(
    header: JsonObject,
    claims: unknown,
    hash = 'sha256',
    secret = host.server.secret,
  ): string {
    const signed = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`;
    return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
  }
});

describe('a configured audience and issuer', () => {
  it('must be those of the token', async () => {
    const strict = await startHost({ INVITED_JWT_AUDIENCE: 'invited', INVITED_JWT_ISSUER: 'platform' });
    const { secret } = strict.server;
    const statusOf = async (claims: JsonObject): Promise<number> => {
      const token = await signToken(secret, { sub: '1', role: 'service', ...claims });
      const headers = { Authorization: `Bearer ${token}` };
      return (await strict.api.get(`/api/v1/guilds/${guild.id}/invites`, { headers })).status;
    };
    expect(await statusOf({ aud: 'invited', iss: 'platform' })).toBe(200);
    expect(await statusOf({ aud: ['other', 'invited'], iss: 'platform' })).toBe(200);
    expect(await statusOf({ aud: 'other', iss: 'platform' })).toBe(401);
    expect(await statusOf({ aud: 'invited', iss: 'other' })).toBe(401);
    expect(await statusOf({ aud: 'invited' })).toBe(401);
    expect(await statusOf({ iss: 'platform' })).toBe(401);
    expect(await statusOf({})).toBe(401);
    await strict.stop();
  });
});

describe('routes that need nobody', () => {
  it.each(['Bearer nonsense', 'nonsense', 'Basic eDp5', 'Bearer a.b.c', 'Bearer'])(
    'ignore the Authorization header %j',
    async (authorization) => {
      const { code } = await createInvite(host, guild.channelId, guild.ownerId);
      const headers = { Authorization: authorization };
      const read = await host.api.get(`/api/v1/invites/${code}`, { headers });
      expect(read.status).toBe(200);
      expect(read.object()).not.toHaveProperty('uses');
      expectError(await host.api.get(`/api/v1/invites/${unusedCode()}`, { headers }), 404, 'UNKNOWN_INVITE');
      for (const path of ['/healthz', '/readyz'])
        expect((await host.admin.get(path, { headers })).status).toBe(200);
    },
  );

  it('ignore an expired token of the creator', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const token = await sign({ sub: guild.ownerId, exp: inSeconds(-600) });
    const read = await host.api.get(`/api/v1/invites/${code}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(read.status).toBe(200);
    expect(read.object()).not.toHaveProperty('uses');
  });
});

describe('the gateway headers', () => {
  const by = (user: string, more: Headers = {}): Headers => ({
    'X-Invited-Gateway-Key': SECOND_KEY,
    'X-Invited-User': user,
    ...more,
  });

  it('name the caller with any of the keys', async () => {
    for (const key of [SECOND_KEY, THIRD_KEY]) {
      const answer = await list({ ...by(guild.ownerId), 'X-Invited-Gateway-Key': key });
      expect(answer.status, answer.text).toBe(200);
    }
    expectError(await list(by(snowflake())), 403, 'MISSING_PERMISSIONS');
  });

  it('count for nothing without a valid key', async () => {
    const keys = ['', 'wrong', `${SECOND_KEY}x`, SECOND_KEY.slice(1), `${SECOND_KEY},${THIRD_KEY}`];
    for (const key of [...keys, SECOND_KEY.toLowerCase()]) {
      const headers = { ...by(guild.ownerId, { 'X-Invited-Role': 'service' }), 'X-Invited-Gateway-Key': key };
      await expectUnauthorized(list(headers));
      expectError(await host.admin.get(`/internal/v1/guilds/${guild.id}`, { headers }), 401, 'UNAUTHORIZED');
    }
    await expectUnauthorized(list({ 'X-Invited-User': guild.ownerId, 'X-Invited-Role': 'service' }));
  });

  it('without a valid key leave the token as it is', async () => {
    const plain = { Authorization: `Bearer ${await sign({ sub: snowflake() })}` };
    const owner = { Authorization: `Bearer ${await sign({ sub: guild.ownerId })}` };
    const forged = {
      'X-Invited-User': guild.ownerId,
      'X-Invited-Role': 'service',
      'X-Invited-Permissions': bits('ADMINISTRATOR'),
    };
    for (const key of [{}, { 'X-Invited-Gateway-Key': 'wrong' }] as readonly Headers[]) {
      expectError(await list({ ...plain, ...forged, ...key }), 403, 'MISSING_PERMISSIONS');
      expect((await list({ ...owner, ...forged, 'X-Invited-User': snowflake(), ...key })).status).toBe(200);
    }
  });

  it('with a valid key say who calls whatever Authorization says', async () => {
    const owner = `Bearer ${await sign({ sub: guild.ownerId })}`;
    const service = `Bearer ${await sign({ sub: '1', role: 'service' })}`;
    for (const Authorization of [owner, service, 'Bearer nonsense', '']) {
      expect((await list({ ...by(guild.ownerId), Authorization })).status).toBe(200);
      expectError(await list({ ...by(snowflake()), Authorization }), 403, 'MISSING_PERMISSIONS');
    }
  });

  it('name nobody without a user', async () => {
    await expectUnauthorized(list({ 'X-Invited-Gateway-Key': SECOND_KEY }));
    await expectUnauthorized(list({ 'X-Invited-Gateway-Key': SECOND_KEY, 'X-Invited-Role': 'service' }));
    const headers = {
      'X-Invited-Gateway-Key': SECOND_KEY,
      Authorization: `Bearer ${await sign({ sub: guild.ownerId })}`,
    };
    expect((await list(headers)).status).toBe(200);
  });

  it.each(['01', '-1', 'x', '9223372036854775808', '1,2', '1.0', '1 2'])(
    'with the user %j are 401',
    async (user) => {
      await expectUnauthorized(list(by(user)));
    },
  );

  it.each(['admin', 'SERVICE', 'user,service', 'toString'])('with the role %j are 401', async (role) => {
    await expectUnauthorized(list(by(guild.ownerId, { 'X-Invited-Role': role })));
  });

  it('carry the three roles', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const path = `/api/v1/invites/${code}`;
    for (const role of ['bot', 'service']) {
      const headers = by(snowflake(), { 'X-Invited-Role': role });
      expectError(await host.api.post(path, { headers }), 403, 'ACCESS_DENIED');
    }
    expect((await list(by(snowflake(), { 'X-Invited-Role': 'service' }))).status).toBe(200);
    expectError(await list(by(snowflake(), { 'X-Invited-Role': 'bot' })), 403, 'MISSING_PERMISSIONS');
    const user = snowflake();
    expect((await host.api.post(path, { headers: by(user, { 'X-Invited-Role': 'user' }) })).status).toBe(200);
    expect(await isMember(host, guild.id, user)).toBe(true);
  });

  it('carry permissions', async () => {
    const granted = by(snowflake(), { 'X-Invited-Permissions': bits('MANAGE_GUILD') });
    expect((await list(granted)).status).toBe(200);
    const refused = by(snowflake(), { 'X-Invited-Permissions': '0' });
    expectError(await list(refused), 403, 'MISSING_PERMISSIONS');
  });

  it('carry the address of the client, which counts with a valid key alone', async () => {
    const own = await makeGuild(host);
    const address = ipv4Address();
    await banIp(host, own.id, address);
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const path = `/api/v1/invites/${code}`;
    const banned = { 'X-Invited-Client-IP': address };
    expectError(
      await host.api.post(path, { headers: by(snowflake(), banned) }),
      403,
      'USER_IP_BANNED_FROM_GUILD',
    );
    expect((await host.api.post(path, { as: snowflake(), headers: banned })).status).toBe(200);
    const forged = { ...banned, 'X-Forwarded-For': address, 'X-Invited-Gateway-Key': 'wrong' };
    expect((await host.api.post(path, { as: snowflake(), headers: forged })).status).toBe(200);
  });

  it('reach the admin listener too', async () => {
    const path = `/internal/v1/guilds/${guild.id}`;
    const service = by('1', { 'X-Invited-Role': 'service' });
    expect((await host.admin.get(path, { headers: service })).status).toBe(200);
    expectError(await host.admin.get(path, { headers: by('1') }), 403, 'ACCESS_DENIED');
  });
});

describe('the roles', () => {
  it('user and bot have no way into the directory, and a service has', async () => {
    const member = await makeMember(host, guild.id);
    const base = `/internal/v1/guilds/${guild.id}`;
    const routes: readonly (readonly [string, string])[] = [
      ['GET', base],
      ['PUT', base],
      ['DELETE', base],
      ['PUT', `${base}/channels/${guild.channelId}`],
      ['DELETE', `${base}/channels/${guild.channelId}`],
      ['GET', `${base}/members/${member}`],
      ['PUT', `${base}/members/${snowflake()}`],
      ['DELETE', `${base}/members/${member}`],
      ['PUT', `${base}/bans/${member}`],
      ['DELETE', `${base}/bans/${member}`],
      ['PUT', `${base}/ip-bans/192.0.2.1`],
      ['DELETE', `${base}/ip-bans/192.0.2.1`],
      ['PUT', `/internal/v1/group-dms/${snowflake()}`],
      ['GET', `/internal/v1/group-dms/${snowflake()}`],
      ['DELETE', `/internal/v1/group-dms/${snowflake()}`],
      ['PUT', `/internal/v1/users/${member}`],
      ['GET', `/internal/v1/users/${member}`],
      ['DELETE', `/internal/v1/users/${member}`],
      ['POST', `/internal/v1/users/${member}/disconnect`],
      ['POST', '/internal/v1/import'],
    ];
    for (const [method, path] of routes) {
      const where = `${method} ${path}`;
      const nobody = await host.admin.request(method, path);
      expect({ where, status: nobody.status }).toEqual({ where, status: 401 });
      expectError(nobody, 401, 'UNAUTHORIZED');
      for (const role of ['user', 'bot'] as const) {
        const permissions = bits('ADMINISTRATOR');
        const answer = await host.admin.request(method, path, { as: guild.ownerId, role, permissions });
        expect({ where, role, status: answer.status }).toEqual({ where, role, status: 403 });
        expectError(answer, 403, 'ACCESS_DENIED');
      }
    }
    expect((await host.admin.get(base, asService())).status).toBe(200);
    expect(await isMember(host, guild.id, member)).toBe(true);
  });

  it('service passes each permission check of the public routes, and is the inviter', async () => {
    const sub = snowflake();
    const call = asService({ as: sub });
    const made = await host.api.post(`/api/v1/channels/${guild.channelId}/invites`, call);
    expect(made.object()).toMatchObject({ inviter_id: sub });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expect((await host.api.get(`/api/v1/invites/${code}`, call)).object()).toHaveProperty('uses');
    expect((await host.api.get(`/api/v1/channels/${guild.channelId}/invites`, call)).status).toBe(200);
    expect((await host.api.get(`/api/v1/guilds/${guild.id}/invites`, call)).status).toBe(200);
    expect((await host.api.get(`/api/v1/guilds/${guild.id}/vanity-url`, call)).status).toBe(200);
    expect((await host.api.delete(`/api/v1/invites/${code}`, call)).status).toBe(204);
  });
});
