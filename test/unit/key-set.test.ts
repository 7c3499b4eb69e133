// The key set by itself: which keys of it count, how it is read from a real HTTP server or file, how it changes, and what becomes of
// its tokens when it can't be read. Paces are a few hundred times shorter than in earnest.

import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../../src/http/token.js';
import { checkKeyFile, KeySet, type KeySetLog, type Pace } from '../../src/jwks/key-set.js';
import { type IgnoredKey, readKeySet } from '../../src/jwks/usable-keys.js';
import type { KeyLocation } from '../../src/key-location.js';
import { Secret } from '../../src/secret.js';
import { ALGORITHMS, Issuer, makeKey, tokenOf } from '../support/issuer.js';
import { removeFolder } from '../support/remove-folder.js';

const ED = makeKey('EdDSA', 'ed');
const EC = makeKey('ES256', 'ec');
const RSA = makeKey('RS256', 'rsa');
const OTHER = makeKey('EdDSA', 'other');

const NEVER_MS = 3_600_000;
/** Nothing happens by itself. */
const STILL: Pace = {
  refreshMs: NEVER_MS,
  retryMs: NEVER_MS,
  coolDownMs: 0,
  staleMaxMs: NEVER_MS,
  timeoutMs: 5000,
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class Told implements KeySetLog {
  readonly lines: string[] = [];
  changed(keys: number, ignored: readonly IgnoredKey[]): void {
    this.lines.push(`changed ${keys} ${ignored.map(({ key, reason }) => `${key} ${reason}`).join()}`.trim());
  }
  failed(reason: string, isBelieved: boolean): void {
    this.lines.push(`failed ${reason} ${isBelieved}`);
  }
  back(): void {
    this.lines.push('back');
  }
}

async function issuerWith(keys: readonly unknown[]): Promise<Issuer> {
  const issuer = await Issuer.start(keys);
  cleanups.push(() => issuer.stop().catch(() => {}));
  return issuer;
}

const at = ({ url }: Issuer): KeyLocation => ({ kind: 'url', url: new Secret(url) });

async function open(location: KeyLocation, pace: Partial<Pace> = {}) {
  const log = new Told();
  const keySet = await KeySet.open({ location, log, pace: { ...STILL, ...pace } });
  cleanups.push(() => keySet.close());
  return { keySet, log };
}

const tokenBy = (key: typeof ED): string => tokenOf(key, { sub: '42' });

describe('the keys of a set', () => {
  const read = async (...keys: readonly unknown[]) => {
    const { set, ignored } = await readKeySet(JSON.stringify({ keys }));
    return { used: set.keys.map(({ kid }) => kid), ignored };
  };

  it('count where they are public and of the three algorithms', async () => {
    expect(await read(ED.jwk, EC.jwk, RSA.jwk)).toEqual({ used: ['ed', 'ec', 'rsa'], ignored: [] });
    const said = { use: 'sig', key_ops: ['verify'], alg: 'RS256', x5c: ['x'], x5t: 'y' };
    expect((await read({ ...RSA.jwk, ...said })).used).toEqual(['rsa']);
  });

  it.each([
    ['a use that is not sig', { ...EC.jwk, use: 'enc' }],
    ['key_ops without verify', { ...EC.jwk, key_ops: ['sign'] }],
    ['key_ops that are no list', { ...EC.jwk, key_ops: 'verify' }],
    ['another algorithm', { ...RSA.jwk, alg: 'RS512' }],
    ['an algorithm of another kind', { ...RSA.jwk, alg: 'ES256' }],
    ['HS256', { ...RSA.jwk, alg: 'HS256' }],
    ['an algorithm for encryption', { ...RSA.jwk, alg: 'RSA-OAEP' }],
    ['a curve that is not ours', { ...EC.jwk, crv: 'P-384' }],
    ['a kty that nobody knows', { kty: 'AKP', kid: 'x' }],
    ['no kty', { kid: 'x' }],
  ])('are passed over, without a word, for %s', async (_, jwk) => {
    expect(await read(ED.jwk, jwk)).toEqual({ used: ['ed'], ignored: [] });
  });

  it.each([
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'x' }, 'is a shared secret'],
    ['a private key', { ...RSA.privateKey.export({ format: 'jwk' }), kid: 'x' }, 'is a private key'],
    ['a private Ed25519 key', { ...ED.privateKey.export({ format: 'jwk' }), kid: 'x' }, 'is a private key'],
    ['a small RSA key', makeKey('RS256', 'x', 1024).jwk, 'is an RSA key under 2048 bits'],
    ['a point that is not on the curve', { ...EC.jwk, kid: 'x', x: EC.jwk.y }, 'is malformed'],
    ['a key without its members', { kty: 'OKP', crv: 'Ed25519', kid: 'x' }, 'is malformed'],
    ['a kid that is a number', { ...EC.jwk, kid: 7 }, 'has a kid that is no text'],
    ['a member that is no key', 'x', 'is no JSON object'],
  ])('are ignored, and told of, for %s', async (_, jwk, reason) => {
    const { used, ignored } = await read(jwk, ED.jwk);
    expect(used).toEqual(['ed']);
    expect(ignored).toHaveLength(1);
    expect(ignored[0]?.reason).toContain(reason);
    expect(JSON.stringify(ignored)).not.toContain(String(RSA.privateKey.export({ format: 'jwk' }).d));
  });

  it('are ignored where two of one algorithm share a kid, unless they are the same', async () => {
    const { used, ignored } = await read(ED.jwk, { ...OTHER.jwk, kid: 'ed' }, EC.jwk);
    expect(used).toEqual(['ec']);
    expect(ignored.map(({ reason }) => reason)).toEqual(Array(2).fill('shares its kid with another key'));
    expect(await read(ED.jwk, { ...ED.jwk, use: 'sig' })).toEqual({ used: ['ed'], ignored: [] });
    expect((await read(ED.jwk, { ...EC.jwk, kid: 'ed' })).used).toEqual(['ed', 'ed']);
  });

  it.each(['', '{', '[]', 'null', '{}', '{"keys": {}}', JSON.stringify({ keys: Array(101).fill(ED.jwk) })])(
    'are none in %j',
    async (text) => {
      await expect(readKeySet(text)).rejects.toThrow();
    },
  );
});

describe('a token', () => {
  it.each(ALGORITHMS)('of %s is good with its key, and only with it', async (alg) => {
    const [key, namesake] = [makeKey(alg, 'mine'), makeKey(alg, 'mine')];
    const { keySet } = await open(at(await issuerWith([key.jwk, makeKey(alg, 'another').jwk])));
    expect(await keySet.verify(tokenBy(key))).toEqual({ underSet: keySet.current });
    expect(await keySet.verify(tokenBy(namesake))).toBe('not_signed');
    expect(await keySet.verify(tokenOf(key, { sub: '42' }, { kid: 'another' }))).toBe('not_signed');
    expect(await keySet.verify(tokenOf(key, { sub: '42' }, { kid: 'nobody' }))).toBe('not_signed');
  });

  it('without a kid is good where one key alone can be meant', async () => {
    const token = tokenOf(ED, { sub: '42' }, { kid: undefined });
    const { keySet } = await open(at(await issuerWith([ED.jwk, EC.jwk])));
    expect(await keySet.verify(token)).toEqual({ underSet: 1 });
    const { keySet: several } = await open(at(await issuerWith([ED.jwk, OTHER.jwk])));
    expect(await several.verify(token)).toBe('not_signed');
  });

  it.each([
    ['app', 'iss', true],
    [['other', 'app'], 'iss', true],
    ['other', 'iss', false],
    [undefined, 'iss', false],
    ['app', 'iss/', false],
    ['app', undefined, false],
  ])('of audience %j and issuer %j where both are set', async (aud, iss, isGood) => {
    const issuer = await issuerWith([EC.jwk]);
    const { keySet } = await open(at(issuer));
    const options = { jwtSecret: null, keySet, jwtAudience: 'app', jwtIssuer: 'iss' };
    const caller = await createTokenVerifier(options)(tokenOf(EC, { sub: '42', aud, iss }));
    expect(caller !== null).toBe(isGood);
  });

  it('that has had its time makes nobody ask the issuer', async () => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet } = await open(at(issuer));
    const caller = createTokenVerifier({ jwtSecret: null, keySet, jwtAudience: null, jwtIssuer: null });
    for (const claims of [{ exp: 1 }, { nbf: 9e9 }, { exp: undefined }, { sub: 'x' }]) {
      expect(caller(tokenOf(OTHER, { sub: '42', ...claims }))).toBeNull();
    }
    expect(issuer.asked).toBe(1);
  });
});

describe('a key set that changes', () => {
  it('is read anew for a key that it does not know, at most once in a while and once at a time', async () => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet } = await open(at(issuer), { coolDownMs: NEVER_MS });
    issuer.keys = [ED.jwk, EC.jwk];
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => keySet.verify(tokenBy(EC))));
    expect(verdicts).toEqual(Array(50).fill({ underSet: 2 }));
    expect(issuer.asked).toBe(2);
    // Those who make up names of keys can't make us ask for each.
    for (let times = 0; times < 20; times += 1) {
      expect(await keySet.verify(tokenBy(OTHER))).toBe('not_signed');
    }
    expect(issuer.asked).toBe(2);
  });

  it('is not read anew for a bad signature of a key that it knows', async () => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet } = await open(at(issuer));
    expect(await keySet.verify(tokenBy(makeKey('EdDSA', 'ed')))).toBe('not_signed');
    expect(issuer.asked).toBe(1);
  });

  it('believes no longer in a key that was taken out, nor in tokens that it had found good', async () => {
    const issuer = await issuerWith([ED.jwk, EC.jwk]);
    const { keySet } = await open(at(issuer), { refreshMs: 20 });
    const caller = createTokenVerifier({ jwtSecret: null, keySet, jwtAudience: null, jwtIssuer: null });
    const [gone, kept] = [tokenBy(ED), tokenBy(EC)];
    expect(await caller(gone)).toMatchObject({ userId: '42' });
    expect(await caller(kept)).toMatchObject({ userId: '42' });
    // From memory, without a promise.
    expect(caller(gone)).toMatchObject({ userId: '42' });
    issuer.keys = [EC.jwk];
    await expect.poll(() => caller(gone), { timeout: 5000, interval: 10 }).toBeNull();
    expect(await caller(kept)).toMatchObject({ userId: '42' });
  });

  it('keeps its number, and so the memory of its tokens, where it is read anew and is the same', async () => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet, log } = await open(at(issuer), { refreshMs: 10 });
    await expect.poll(() => issuer.asked, { timeout: 5000, interval: 10 }).toBeGreaterThan(5);
    expect(keySet.current).toBe(1);
    expect(log.lines).toEqual(['changed 1']);
  });

  it('may lose all its keys', async () => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet, log } = await open(at(issuer), { refreshMs: 20 });
    expect(await keySet.verify(tokenBy(ED))).toEqual({ underSet: 1 });
    issuer.keys = [];
    await expect.poll(() => keySet.verify(tokenBy(ED)), { timeout: 5000, interval: 10 }).toBe('not_signed');
    expect(log.lines).toEqual(['changed 1', 'changed 0']);
  });
});

describe('a key set that can not be read', () => {
  it('leaves its tokens unjudged until it can', async () => {
    const issuer = await issuerWith([ED.jwk]);
    await issuer.stop();
    const { keySet, log } = await open(at(issuer));
    expect(keySet.current).toBe(0);
    expect(await keySet.verify(tokenBy(ED))).toBe('unjudged');
    await issuer.listen();
    expect(await keySet.verify(tokenBy(ED))).toEqual({ underSet: 1 });
    expect(await keySet.verify(tokenBy(OTHER))).toBe('not_signed');
    expect(log.lines).toEqual(['failed ECONNREFUSED false', 'back', 'changed 1']);
  });

  it('goes on counting as it was, for a time; what it does not know is unjudged', async () => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet, log } = await open(at(issuer), { refreshMs: 20, retryMs: 20, staleMaxMs: 2000 });
    const caller = createTokenVerifier({ jwtSecret: null, keySet, jwtAudience: null, jwtIssuer: null });
    const token = tokenBy(ED);
    expect(await caller(token)).toMatchObject({ userId: '42' });
    await issuer.stop();
    await expect.poll(() => log.lines, { timeout: 5000, interval: 5 }).toContain('failed ECONNREFUSED true');
    expect(await keySet.verify(tokenBy(OTHER))).toBe('unjudged');
    await expect.poll(() => caller(token), { timeout: 5000, interval: 20 }).toBe('unjudged');
    expect(keySet.current).toBe(0);
    await issuer.listen();
    await expect.poll(() => caller(token), { timeout: 5000, interval: 20 }).toMatchObject({ userId: '42' });
  });

  it.each<readonly [string, Issuer['answer'], string]>([
    ['a redirect', (_, response) => response.writeHead(302, { location: '/keys' }).end(), 'redirect 302'],
    [
      'an error',
      (_, response) => response.writeHead(500).end(JSON.stringify({ keys: [OTHER.jwk] })),
      'status 500',
    ],
    ['something else', (_, response) => response.end('<html>'), 'it is not JSON'],
    ['no key set', (_, response) => response.end('{"jwks": []}'), 'it is no JWK Set: it has no list "keys"'],
    ['too much', (_, response) => response.end(' '.repeat(300_000)), 'it is larger than 256 KiB'],
    [
      'half of it',
      (_, response) => response.writeHead(200).write('{"ke', () => response.destroy()),
      'UND_ERR_SOCKET',
    ],
    ['nothing', () => {}, 'timed out'],
    ['a byte now and then', (_, response) => trickle(response), 'timed out'],
  ])('because it is answered with %s stays as it was', async (_, answer, reason) => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet, log } = await open(at(issuer), { timeoutMs: 300 });
    issuer.answer = answer;
    expect(await keySet.verify(tokenBy(OTHER))).toBe('unjudged');
    expect(log.lines.at(-1)).toBe(`failed ${reason} true`);
    expect(log.lines.join()).not.toContain('canary');
    expect(await keySet.verify(tokenBy(ED))).toEqual({ underSet: 1 });
  });

  it('and does not answer holds up no more than a thousand tokens', async () => {
    const issuer = await issuerWith([ED.jwk]);
    const { keySet } = await open(at(issuer), { timeoutMs: 3000, coolDownMs: NEVER_MS });
    issuer.answer = () => {};
    let done = 0;
    const all = Array.from({ length: 1200 }, () =>
      keySet.verify(tokenBy(OTHER)).then((verdict) => {
        done += 1;
        return verdict;
      }),
    );
    // Those beyond don't wait for the time-out.
    await expect.poll(() => done, { timeout: 2500, interval: 10 }).toBe(200);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['unjudged']));
    expect(issuer.asked).toBe(2);
  });
});

describe('a key set in a file', () => {
  const fileWith = async (text: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'invited-keys-'));
    cleanups.push(() => removeFolder(folder));
    const path = join(folder, 'jwks.json');
    await writeFile(path, text);
    return path;
  };
  const setOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys });

  it('is read again when it has changed', async () => {
    const path = await fileWith(setOf(ED.jwk));
    const { keySet } = await open({ kind: 'file', path }, { refreshMs: 20 });
    expect(await keySet.verify(tokenBy(ED))).toEqual({ underSet: 1 });
    await writeFile(`${path}.new`, setOf(EC.jwk));
    await rename(`${path}.new`, path);
    expect(await keySet.verify(tokenBy(EC))).toEqual({ underSet: 2 });
    await expect.poll(() => keySet.verify(tokenBy(ED)), { timeout: 5000, interval: 10 }).toBe('not_signed');
  });

  it('is sound before the start, or the start fails with one line', async () => {
    const check = async (text: string | null) => {
      const path = await fileWith(text ?? '');
      await checkKeyFile({ kind: 'file', path: text === null ? `${path}.none` : path });
    };
    await expect(check(setOf(ED.jwk))).resolves.toBeUndefined();
    await expect(check(null)).rejects.toThrow(
      /^The key set .*none can't be used \(INVITED_JWKS\): ENOENT\.$/,
    );
    await expect(check('{')).rejects.toThrow(/: it is not JSON\.$/);
    await expect(check(setOf())).rejects.toThrow(/: it has no public key for EdDSA, ES256, RS256\.$/);
    const secret = { ...ED.privateKey.export({ format: 'jwk' }), kid: 'mine' };
    await expect(check(setOf(secret))).rejects.toThrow(/\(mine is a private key: .*\)\.$/);
    await expect(check(setOf(secret))).rejects.not.toThrow(String(secret.d));
    await expect(checkKeyFile({ kind: 'file', path: tmpdir() })).rejects.toThrow(
      /: it is no regular file\.$/,
    );
  });
});

function trickle(response: import('node:http').ServerResponse): void {
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}
