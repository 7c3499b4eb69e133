// Callers whose tokens an issuer signs with a key of its own (INVITED_JWKS), over HTTP: what is good, and everything that somebody
// might try instead, which is 401 each time.

import { execFile } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type JsonObject, signToken } from '../support/client.js';
import {
  createInvite,
  type Host,
  isMember,
  makeGuild,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake } from '../support/ids.js';
import {
  ALGORITHMS,
  type Algorithm,
  encode,
  Issuer,
  inSeconds,
  type Key,
  makeKey,
  signatureOf,
  tokenOf,
} from '../support/issuer.js';
import { removeFolder } from '../support/remove-folder.js';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const ED = makeKey('EdDSA', 'ed');
const EC = makeKey('ES256', 'ec');
const RSA = makeKey('RS256', 'rsa');
const KEYS: Readonly<Record<Algorithm, Key>> = { EdDSA: ED, ES256: EC, RS256: RSA };
/** In the set, but not to be believed. */
const SMALL = makeKey('RS256', 'small', 1024);
const LEAKED = makeKey('EdDSA', 'leaked');
const TWIN = makeKey('EdDSA', 'twin');
const OTHER_TWIN = makeKey('EdDSA', 'twin');
const FOR_ENCRYPTION = makeKey('RS256', 'enc');
const FOR_SIGNING = makeKey('ES256', 'ops');
const FOR_RS512 = makeKey('RS256', 'rs512');
const SHARED_SECRET = randomBytes(32);
/** Not in the set. */
const STRANGER = makeKey('EdDSA', 'stranger');
const STRANGERS: Readonly<Record<Algorithm, Key>> = {
  EdDSA: STRANGER,
  ES256: makeKey('ES256', 'stranger'),
  RS256: makeKey('RS256', 'stranger'),
};

const SET = [
  ...[ED.jwk, EC.jwk, RSA.jwk, SMALL.jwk, TWIN.jwk, OTHER_TWIN.jwk],
  { ...LEAKED.privateKey.export({ format: 'jwk' }), kid: 'leaked' },
  { ...FOR_ENCRYPTION.jwk, use: 'enc' },
  { ...FOR_SIGNING.jwk, key_ops: ['sign'] },
  { ...FOR_RS512.jwk, alg: 'RS512' },
  { kty: 'oct', kid: 'oct', k: SHARED_SECRET.toString('base64url') },
];

let issuer: Issuer;
let thief: Issuer;
let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  issuer = await Issuer.start(SET);
  thief = await Issuer.start([STRANGER.jwk]);
  host = await startHost({ INVITED_JWKS: issuer.url });
  guild = await makeGuild(host);
});
afterAll(async () => {
  await host.stop();
  await Promise.all([issuer.stop(), thief.stop()]);
});

/** A request that needs MANAGE_GUILD: 200 to the owner, 401 to nobody. */
const listAt = (at: Host, token: string): Promise<Answer> =>
  at.api.get(`/api/v1/guilds/${guild.id}/invites`, { headers: { Authorization: `Bearer ${token}` } });
const list = (token: string): Promise<Answer> => listAt(host, token);
const owner = (): JsonObject => ({ sub: guild.ownerId });

describe('a token of the issuer', () => {
  it.each(ALGORITHMS)('signed with %s is good, the first time and from memory', async (alg) => {
    const token = tokenOf(KEYS[alg], owner());
    for (let times = 0; times < 3; times += 1) {
      const answer = await list(token);
      expect(answer.status, answer.text).toBe(200);
    }
    expectError(await list(tokenOf(KEYS[alg], { sub: snowflake() })), 403, 'MISSING_PERMISSIONS');
  });

  it('lets its user in, and carries roles and permissions', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const user = snowflake();
    const headers = { Authorization: `Bearer ${tokenOf(EC, { sub: user })}` };
    expect((await host.api.post(`/api/v1/invites/${code}`, { headers })).object()).toMatchObject({
      new_member: true,
    });
    expect(await isMember(host, guild.id, user)).toBe(true);
    const service = { Authorization: `Bearer ${tokenOf(RSA, { sub: '1', role: 'service' })}` };
    expect((await host.admin.get(`/internal/v1/guilds/${guild.id}`, { headers: service })).status).toBe(200);
    expectError(await host.admin.get(`/internal/v1/guilds/${guild.id}`, { headers }), 403, 'ACCESS_DENIED');
    expect((await list(tokenOf(ED, { sub: snowflake(), permissions: '1056' }))).status).toBe(200);
  });

  it('counts beside one that is signed with the secret', async () => {
    expect((await list(await signToken(host.server.secret, owner()))).status).toBe(200);
  });

  it('may name keys of its own, which nobody looks at', async () => {
    const header = { jwk: STRANGER.jwk, jku: thief.url, x5u: thief.url, x5c: ['x'], typ: 'at+jwt' };
    expect((await list(tokenOf(ED, owner(), header))).status).toBe(200);
    expect(thief.asked).toBe(0);
  });
});

describe('nobody is who comes with', () => {
  const claims = (): string => encode({ ...owner(), exp: inSeconds(600) });
  /** Signed with some bytes as if they were a secret. */
  const byHmac = (bytes: string | Buffer, header: JsonObject, hash = 'sha256'): string => {
    const signed = `${encode(header)}.${claims()}`;
    return `${signed}.${createHmac(hash, bytes).update(signed).digest('base64url')}`;
  };
  const withSignature = (key: Key, signature: Buffer | string, header: JsonObject = {}): string => {
    const signed = `${encode({ alg: key.alg, kid: key.kid, ...header })}.${claims()}`;
    return `${signed}.${typeof signature === 'string' ? signature : signature.toString('base64url')}`;
  };
  const byStranger = (alg: Algorithm, header: JsonObject): string => tokenOf(STRANGERS[alg], owner(), header);

  const publicForms = (key: Key): readonly (string | Buffer)[] => {
    const pem = String(key.publicKey.export({ type: 'spki', format: 'pem' }));
    const bare = key.publicKey.export({ format: 'jwk' });
    const forms = [
      ...[pem, pem.trimEnd(), pem.replaceAll('\n', '\r\n'), pem.split('\n').slice(1, -2).join('')],
      key.publicKey.export({ type: 'spki', format: 'der' }),
      ...[
        JSON.stringify(bare),
        JSON.stringify(key.jwk),
        JSON.stringify({ keys: SET }),
        String(bare.x ?? bare.n),
      ],
      Buffer.from(String(bare.x ?? bare.n), 'base64url'),
    ];
    if (key.alg === 'RS256') forms.push(String(key.publicKey.export({ type: 'pkcs1', format: 'pem' })));
    return forms;
  };

  it.each(ALGORITHMS)('a public key of %s for a secret', async (alg) => {
    const key = KEYS[alg];
    for (const form of publicForms(key)) {
      for (const header of [{ alg: 'HS256' }, { alg: 'HS256', kid: key.kid }, { alg, kid: key.kid }]) {
        expectError(await list(byHmac(form, header)), 401, 'UNAUTHORIZED');
      }
      expectError(await list(byHmac(form, { alg: 'HS512', kid: key.kid }, 'sha512')), 401, 'UNAUTHORIZED');
    }
  });

  it.each(
    ALGORITHMS.flatMap((said) =>
      ALGORITHMS.filter((used) => used !== said).map((used) => [said, used] as const),
    ),
  )('the algorithm %s in name, signed with %s', async (said, used) => {
    const key = KEYS[used];
    for (const kid of [KEYS[said].kid, key.kid, undefined]) {
      expectError(await list(tokenOf(key, owner(), { alg: said, kid })), 401, 'UNAUTHORIZED');
    }
  });

  const cases: readonly (readonly [name: string, token: () => string])[] = [
    ...['none', 'None', 'NONE', 'nOnE', 'none ', '', 'null'].flatMap(
      (alg) =>
        [
          [`alg ${JSON.stringify(alg)} and no signature`, () => withSignature(ED, '', { alg })],
          [`alg ${JSON.stringify(alg)} and a good signature`, () => tokenOf(ED, owner(), { alg })],
        ] as const,
    ),
    ...[null, undefined, 256, ['EdDSA'], { name: 'EdDSA' }, true].map(
      (alg) => [`alg ${JSON.stringify(alg)}`, () => tokenOf(ED, owner(), { alg })] as const,
    ),
    ...['eddsa', 'EDDSA', 'Ed25519', 'es256', 'rs256', 'RS384', 'RS512', 'PS256', 'ES384', 'ES256K'].map(
      (alg) =>
        [
          `alg ${alg}`,
          () => tokenOf(alg.startsWith('R') ? RSA : alg.startsWith('es') ? EC : ED, owner(), { alg }),
        ] as const,
    ),
    ['the kid of another key', () => tokenOf(STRANGER, owner(), { kid: 'ed' })],
    ['a kid that nobody has', () => tokenOf(STRANGER, owner())],
    ['no kid', () => tokenOf(STRANGER, owner(), { kid: undefined })],
    ...[7, null, ['ed'], { kid: 'ed' }, '', 'ed ', 'ED', '__proto__', '../../dev/null', "ed' OR 1=1 --"].map(
      (kid) => [`the kid ${JSON.stringify(kid)}`, () => tokenOf(STRANGER, owner(), { kid })] as const,
    ),
    ...[['b64'], ['exp'], ['x'], [], 'b64', null, ['kid', 'alg']].map(
      (crit) =>
        [
          `crit ${JSON.stringify(crit)}`,
          () => tokenOf(ED, owner(), { crit, b64: true, exp: 1, x: 1 }),
        ] as const,
    ),
    ['an unencoded payload', () => tokenOf(ED, owner(), { crit: ['b64'], b64: false })],
    ...ALGORITHMS.flatMap((alg) => {
      const { jwk } = STRANGERS[alg];
      return [
        [`a ${alg} key in its header`, () => byStranger(alg, { jwk })],
        [`a ${alg} key in its header, under a good kid`, () => byStranger(alg, { jwk, kid: KEYS[alg].kid })],
        [`the address of a ${alg} key`, () => byStranger(alg, { jku: thief.url, x5u: thief.url })],
        [
          `the address of a ${alg} key, and a good kid`,
          () => byStranger(alg, { jku: thief.url, kid: KEYS[alg].kid }),
        ],
        [`an empty ${alg} signature`, () => withSignature(KEYS[alg], '')],
        [
          `a ${alg} signature of zeros`,
          () => withSignature(KEYS[alg], Buffer.alloc(alg === 'RS256' ? 256 : 64)),
        ],
        [`a ${alg} signature cut short`, () => tokenOf(KEYS[alg], owner()).slice(0, -4)],
        [`a ${alg} signature that goes on`, () => `${tokenOf(KEYS[alg], owner())}AAAA`],
        [
          `a ${alg} token whose claims were changed`,
          () => withClaims(tokenOf(KEYS[alg], { sub: snowflake() })),
        ],
        [`an expired ${alg} token`, () => tokenOf(KEYS[alg], { ...owner(), exp: inSeconds(-1) })],
        [
          `a ${alg} token that is not valid yet`,
          () => tokenOf(KEYS[alg], { ...owner(), nbf: inSeconds(600) }),
        ],
        [`a ${alg} token without exp`, () => tokenOf(KEYS[alg], { ...owner(), exp: undefined })],
        [`a ${alg} token without sub`, () => tokenOf(KEYS[alg], {})],
        [`a ${alg} token of an unknown role`, () => tokenOf(KEYS[alg], { ...owner(), role: 'admin' })],
      ] as const;
    }),
    ['an ES256 signature in DER', () => inDer(EC)],
    ['a key under 2048 bits', () => tokenOf(SMALL, owner())],
    ['a key that the set gives away', () => tokenOf(LEAKED, owner())],
    ['a key for encryption', () => tokenOf(FOR_ENCRYPTION, owner())],
    ['a key that may not verify', () => tokenOf(FOR_SIGNING, owner())],
    ['a key for another algorithm', () => tokenOf(FOR_RS512, owner())],
    ['the first of two keys of one name', () => tokenOf(TWIN, owner())],
    ['the second of two keys of one name', () => tokenOf(OTHER_TWIN, owner())],
    ['a shared secret of the set', () => byHmac(SHARED_SECRET, { alg: 'HS256', kid: 'oct' })],
    ['a header that is no object', () => `${encode('"EdDSA"')}.${claims()}.x`],
  ];

  it.each(cases)('%s', async (_, token) => {
    expectError(await list(token()), 401, 'UNAUTHORIZED');
  });

  it('the address of a key: nobody has asked there', () => {
    expect(cases.length).toBeGreaterThan(80);
    expect(thief.asked).toBe(0);
  });

  it('any of these on a route that needs nobody, and is served', async () => {
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    for (const [, token] of cases.slice(0, 20)) {
      const read = await host.api.get(`/api/v1/invites/${code}`, {
        headers: { Authorization: `Bearer ${token()}` },
      });
      expect(read.status).toBe(200);
      expect(read.object()).not.toHaveProperty('uses');
    }
  });

  const withClaims = (token: string): string => {
    const [header, , signature] = token.split('.');
    return `${header}.${claims()}.${signature}`;
  };
  const inDer = (key: Key): string => {
    const signed = `${encode({ alg: key.alg, kid: key.kid })}.${claims()}`;
    const raw = signatureOf(key, signed);
    const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([2, bytes.length + 1, 0]), bytes]);
    const both = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
    return `${signed}.${Buffer.concat([Buffer.from([0x30, both.length]), both]).toString('base64url')}`;
  };
});

describe('the log', () => {
  it('tells which keys are not used, and neither tokens nor secrets', () => {
    const output = host.server.output();
    expect(output).toMatch(/"key":"leaked","reason":"is a private key/);
    expect(output).toMatch(/"key":"oct","reason":"is a shared secret"/);
    expect(output).toMatch(/"key":"twin","reason":"shares its kid/);
    expect(output).not.toContain('canary');
    expect(output).not.toContain(String(LEAKED.privateKey.export({ format: 'jwk' }).d));
    expect(output).not.toContain(SHARED_SECRET.toString('base64url'));
    expect(output).not.toContain('eyJ');
    expect(output).not.toContain('a request failed');
  });
});

describe('a server that has an issuer alone', () => {
  const [old, fresh] = [makeKey('ES256', 'old'), makeKey('ES256', 'fresh')];
  const kept = randomBytes(32).toString('base64url');
  let own: Issuer;
  let alone: Host;
  let settings: Readonly<Record<string, string>>;
  beforeAll(async () => {
    own = await Issuer.start([old.jwk]);
    await own.stop();
    const dataDir = await mkdtemp(join(tmpdir(), 'invited-http-'));
    await writeFile(join(dataDir, 'jwt-secret'), `${kept}\n`);
    settings = { INVITED_JWKS: own.url, INVITED_JWT_SECRET: '', INVITED_DATA_DIR: dataDir };
    alone = await startHost(settings);
  });
  afterAll(async () => {
    await alone.stop();
    await own.stop();
    await removeFolder(settings['INVITED_DATA_DIR'] ?? '');
  });

  const statusOf = async (token: string): Promise<number> => (await listAt(alone, token)).status;
  const oldToken = tokenOf(old, { sub: '1', role: 'service' });

  it('leaves its tokens unjudged, 503, while it could never be read', async () => {
    const answer = await listAt(alone, oldToken);
    expectError(answer, 503, 'SERVICE_UNAVAILABLE');
    expect(answer.headers['retry-after']).toMatch(/^[1-9]/);
    for (const bad of [
      tokenOf(old, { ...owner(), exp: 1 }),
      tokenOf(old, owner(), { alg: 'none' }),
      'x.y.z',
    ]) {
      expectError(await listAt(alone, bad), 401, 'UNAUTHORIZED');
    }
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const headers = { Authorization: `Bearer ${oldToken}` };
    expect((await alone.api.get(`/api/v1/invites/${code}`, { headers })).status).toBe(200);
    const output = alone.server.output();
    expect(output).toMatch(/"reason":"ECONNREFUSED","msg":"the key set could not be read/);
    expect(output).not.toContain('canary');
  });

  it('believes no HS256, not even with the secret of its data folder', async () => {
    for (const secret of [kept, '']) {
      const signed = `${encode({ alg: 'HS256' })}.${encode({ ...owner(), exp: inSeconds(600) })}`;
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      expectError(await listAt(alone, token), 401, 'UNAUTHORIZED');
    }
    const env = { ...process.env, ...settings, INVITED_REDIS_URL: alone.server.redisUrl };
    const signing = promisify(execFile)(process.execPath, [PROGRAM, 'token', '--user', '1'], { env });
    await expect(signing).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Tokens are signed by your issuer \(INVITED_JWKS\).*\n$/),
    });
  });

  it('judges them as soon as it can be read', async () => {
    await own.listen();
    await expect.poll(() => statusOf(oldToken), { timeout: 15_000, interval: 200 }).toBe(200);
  });

  it('knows new keys, and forgets those that are gone, without a restart', async () => {
    const freshToken = tokenOf(fresh, { sub: '1', role: 'service' });
    own.keys = [old.jwk, fresh.jwk];
    await expect.poll(() => statusOf(freshToken), { timeout: 15_000, interval: 200 }).toBe(200);
    expect(await statusOf(oldToken)).toBe(200);
    own.keys = [fresh.jwk];
    // A name that it doesn't know makes it look again, once in a few seconds.
    const stranger = tokenOf(STRANGER, owner());
    await expect
      .poll(() => statusOf(stranger).then(() => statusOf(oldToken)), { timeout: 15_000, interval: 200 })
      .toBe(401);
    expect(await statusOf(freshToken)).toBe(200);
  });
});
