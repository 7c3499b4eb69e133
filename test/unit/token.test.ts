// Our verifier against jose's, token by token: neither may take what the other refuses.

import { createHmac, randomBytes } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../../src/http/token.js';
import { Secret } from '../../src/secret.js';

const SECRET = randomBytes(32).toString('base64url');
const NOW = Math.floor(Date.now() / 1000);

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function sign(header: unknown, payload: unknown, secret = SECRET, digest = 'sha256'): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac(digest, secret).update(signed).digest('base64url')}`;
}

const HS256 = { alg: 'HS256', typ: 'JWT' };
const CLAIMS = { sub: '42', exp: NOW + 600 };
const good = sign(HS256, CLAIMS);
const [header = '', payload = '', signature = ''] = good.split('.');

const tokens: readonly (readonly [name: string, token: string, isGood: boolean])[] = [
  ['as it should be', good, true],
  ['without typ', sign({ alg: 'HS256' }, CLAIMS), true],
  ['with a kid', sign({ ...HS256, kid: 'x' }, CLAIMS), true],
  ['nbf in the past', sign(HS256, { ...CLAIMS, nbf: NOW - 10 }), true],
  ['iat in the future', sign(HS256, { ...CLAIMS, iat: NOW + 100 }), true],
  ['exp with decimals', sign(HS256, { ...CLAIMS, exp: NOW + 600.5 }), true],
  ['alg none', `${encode({ alg: 'none' })}.${payload}.`, false],
  ['alg none, signed', sign({ alg: 'none' }, CLAIMS), false],
  ['alg HS512', sign({ alg: 'HS512' }, CLAIMS, SECRET, 'sha512'), false],
  ['alg HS512, signed by HS256', sign({ alg: 'HS512' }, CLAIMS), false],
  ['alg in another case', sign({ alg: 'hs256' }, CLAIMS), false],
  ['alg missing', sign({ typ: 'JWT' }, CLAIMS), false],
  ['crit that nobody knows', sign({ ...HS256, crit: ['x'], x: 1 }, CLAIMS), false],
  ['header no object', sign('"HS256"', CLAIMS), false],
  ['header no JSON', sign('{', CLAIMS), false],
  ['another secret', sign(HS256, CLAIMS, randomBytes(32).toString('base64url')), false],
  ['signature cut', good.slice(0, -1), false],
  ['signature missing', `${header}.${payload}.`, false],
  ['signature with a letter changed', `${header}.${payload}.${flip(signature)}`, false],
  ['payload changed', `${header}.${encode({ ...CLAIMS, sub: '43' })}.${signature}`, false],
  ['two parts', `${header}.${payload}`, false],
  ['four parts', `${good}.x`, false],
  ['nothing', '', false],
  ['dots', '..', false],
  ['expired', sign(HS256, { ...CLAIMS, exp: NOW - 1 }), false],
  ['exp missing', sign(HS256, { sub: '42' }), false],
  ['exp a text', sign(HS256, { ...CLAIMS, exp: String(NOW + 600) }), false],
  ['exp null', sign(HS256, { ...CLAIMS, exp: null }), false],
  ['nbf in the future', sign(HS256, { ...CLAIMS, nbf: NOW + 100 }), false],
  ['nbf a text', sign(HS256, { ...CLAIMS, nbf: '1' }), false],
  ['iat a text', sign(HS256, { ...CLAIMS, iat: 'x' }), false],
  ['payload an array', sign(HS256, [CLAIMS]), false],
  ['payload null', sign(HS256, 'null'), false],
  ['payload no JSON', sign(HS256, '{'), false],
];

function flip(text: string): string {
  return (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
}

async function joseTakes(token: string, more: { audience?: string; issuer?: string } = {}): Promise<boolean> {
  const checks = { algorithms: ['HS256'], requiredClaims: ['exp'], ...more };
  return jwtVerify(token, new TextEncoder().encode(SECRET), checks).then(
    () => true,
    () => false,
  );
}

const options = { jwtSecret: new Secret(SECRET), keySet: null, jwtAudience: null, jwtIssuer: null };

describe('the token verifier', () => {
  it.each(tokens)('%s', async (_, token, isGood) => {
    const verify = createTokenVerifier(options);
    expect(verify(token) !== null).toBe(isGood);
    // The second time it may come from memory.
    expect(verify(token) !== null).toBe(isGood);
    expect(await joseTakes(token)).toBe(isGood);
  });

  it.each([
    ['app', 'iss', true],
    [['other', 'app'], 'iss', true],
    [['other'], 'iss', false],
    ['other', 'iss', false],
    [undefined, 'iss', false],
    ['app', 'other', false],
    ['app', undefined, false],
  ])('audience %j and issuer %j where both are set', async (aud, iss, isGood) => {
    const token = sign(HS256, { ...CLAIMS, aud, iss });
    const verify = createTokenVerifier({ ...options, jwtAudience: 'app', jwtIssuer: 'iss' });
    expect(verify(token) !== null).toBe(isGood);
    expect(await joseTakes(token, { audience: 'app', issuer: 'iss' })).toBe(isGood);
  });

  it('tells who it is', () => {
    const verify = createTokenVerifier(options);
    expect(verify(good)).toEqual({ userId: '42', role: 'user', permissions: null });
    const service = sign(HS256, { ...CLAIMS, role: 'service', permissions: '32' });
    expect(verify(service)).toEqual({ userId: '42', role: 'service', permissions: 32 });
  });

  it.each([
    { sub: 42 },
    { sub: '042' },
    { sub: undefined },
    { role: 'admin' },
    { role: null },
    { permissions: 8 },
    { permissions: '-1' },
  ])('believes nobody with %j', (claims) => {
    expect(createTokenVerifier(options)(sign(HS256, { ...CLAIMS, ...claims }))).toBeNull();
  });

  it('lets go of a token that it remembers when its time is over', async () => {
    const verify = createTokenVerifier(options);
    const token = sign(HS256, { ...CLAIMS, exp: Math.floor(Date.now() / 1000) + 2 });
    expect(verify(token)).not.toBeNull();
    await expect.poll(() => verify(token), { timeout: 5000, interval: 50 }).toBeNull();
  });

  it('takes none again from memory under another secret', () => {
    expect(createTokenVerifier(options)(good)).not.toBeNull();
    const other = createTokenVerifier({ ...options, jwtSecret: new Secret('x'.repeat(32)) });
    expect(other(good)).toBeNull();
  });
});
