import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { shownLocation } from '../../src/key-location.js';
import { identityWarnings } from '../../src/run/identity-warnings.js';
import { Secret } from '../../src/secret.js';
import { serverProblem } from '../../src/store/connection.js';
import { fromRedisError, StoreBug, StoreUnavailable } from '../../src/store/unavailable.js';

describe('loadConfig', () => {
  it('needs nothing', () => {
    expect(loadConfig({})).toMatchObject({
      publicListener: { kind: 'tcp', host: '0.0.0.0', port: 8080 },
      adminListener: { kind: 'tcp', host: '127.0.0.1', port: 9090 },
      redisUrl: null,
      demo: false,
      jwtSecret: null,
      codeLength: 8,
      maxInvitesPerGuild: 1000,
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ INVITED_PORT: '', INVITED_JWT_SECRET: '' })).toMatchObject({ jwtSecret: null });
  });

  it('reads sockets, lists and flags', () => {
    const config = loadConfig({
      INVITED_PORT: 'unix:/run/invited.sock',
      INVITED_GATEWAY_KEYS: 'one, two',
      INVITED_RESERVED_VANITY: 'Ours,theirs',
      INVITED_DEMO: '1',
    });
    expect(config.publicListener).toEqual({ kind: 'unix', path: '/run/invited.sock', mode: 0o660 });
    expect(config.gatewayKeys.map((key) => key.reveal())).toEqual(['one', 'two']);
    expect([...config.reservedVanity]).toEqual(['ours', 'theirs']);
    expect(config.demo).toBe(true);
  });

  it.each([
    [{ INVITED_PORT: `unix:/${'x'.repeat(107)}` }, 'INVITED_PORT must be a port'],
    [{ INVITED_SOCKET_MODE: '066' }, 'INVITED_SOCKET_MODE must be rights'],
    [{ INVITED_SOCKET_MODE: '0o660' }, 'INVITED_SOCKET_MODE must be rights'],
    [{ INVITED_SOCKET_MODE: '4660' }, 'INVITED_SOCKET_MODE must be rights'],
  ])('refuses sockets that can not be: %o', (env, problem) => {
    expect(() => loadConfig(env)).toThrow(problem);
  });

  it.each(['https://{guild_id}.cdn.example/x', 'https://cdn.example'])(
    'wants a fixed host and a path for icons: %s',
    (url) => {
      expect(() => loadConfig({ INVITED_ICON_URL: url })).toThrow(/INVITED_ICON_URL/);
    },
  );

  it('names every wrong setting at once, and never what it was', () => {
    const load = () =>
      loadConfig({
        INVITED_PORT: '70000',
        INVITED_JWT_SECRET: 'too-short-canary',
        INVITED_CODE_LENGTH: '5',
        INVITED_REDIS_URL: 'http://canary',
        INVITED_DEMO: 'canary',
        INVITED_ICON_URL: 'canary',
        INVITED_MAX_INVITES_PER_GUILD: '1.5',
      });
    expect(load).toThrow(
      /INVITED_PORT.*INVITED_REDIS_URL.*INVITED_DEMO.*INVITED_JWT_SECRET.*INVITED_CODE_LENGTH.*INVITED_MAX_INVITES_PER_GUILD.*INVITED_ICON_URL/,
    );
    expect(load).not.toThrow(/canary|70000|\n/);
  });
});

describe('INVITED_CORS_ORIGINS', () => {
  const load = (given: string) => loadConfig({ INVITED_CORS_ORIGINS: given }).corsOrigins;

  it('is nobody by default, a list, or anyone', () => {
    expect(loadConfig({}).corsOrigins).toBeNull();
    expect(load('*')).toBe('*');
    expect(load('https://app.example, http://localhost:5173,capacitor://localhost')).toEqual(
      new Set(['https://app.example', 'http://localhost:5173', 'capacitor://localhost']),
    );
  });

  it.each([
    'https://app.example/',
    'https://app.example/page',
    'https://App.example',
    'https://app.example:443',
    'https://bücher.example',
    'https://user@app.example',
    'https://*.example',
    'app.example',
    'null',
    '*,https://app.example',
    'https://app.example,',
    Array.from({ length: 101 }, (_, at) => `https://app.example:${at + 1000}`).join(),
  ])('refuses what no browser would send: %s', (given) => {
    expect(() => load(given)).toThrow(/^Wrong settings: INVITED_CORS_ORIGINS must be/);
  });
});

describe('the settings of webhooks', () => {
  const KEY = Buffer.alloc(24, 7).toString('base64');
  const URLS = 'https://one.example/hook?token=canary, http://two.example:8000';

  it('are off by default', () => {
    expect(loadConfig({})).toMatchObject({
      ...{ webhookUrls: [], webhookSecret: null, webhookAttempts: 10, webhookTimeoutMs: 15_000 },
    });
  });

  it.each([KEY, `whsec_${KEY}`])('take the secret with its prefix and without', (secret) => {
    const config = loadConfig({ INVITED_WEBHOOK_URLS: URLS, INVITED_WEBHOOK_SECRET: secret });
    expect(config.webhookUrls.map((url) => url.reveal())).toEqual([
      'https://one.example/hook?token=canary',
      'http://two.example:8000',
    ]);
    expect(config.webhookSecret?.reveal()).toBe(`whsec_${KEY}`);
    expect(JSON.stringify(config)).not.toMatch(/canary|whsec/);
  });

  it.each([
    ['ftp://canary.example', /^Wrong settings: INVITED_WEBHOOK_URLS must be http or https URLs/],
    ['canary', /INVITED_WEBHOOK_URLS must be http or https URLs/],
    ['https://user:canary@one.example', /INVITED_WEBHOOK_URLS must be .* without a user or password/],
    ['https://canary@one.example', /INVITED_WEBHOOK_URLS must be .* without a user or password/],
    ['https://canary.example,https://canary.example/', /INVITED_WEBHOOK_URLS must not name a URL twice/],
    ['https://canary.example,', /INVITED_WEBHOOK_URLS must be a list/],
    [
      Array.from({ length: 17 }, (_, at) => `https://canary.example/${at}`).join(),
      /INVITED_WEBHOOK_URLS must be at most 16/,
    ],
  ])('refuse URLs that are none, in a line without them: %s', (urls, problem) => {
    const load = () => loadConfig({ INVITED_WEBHOOK_URLS: urls, INVITED_WEBHOOK_SECRET: KEY });
    expect(load).toThrow(problem);
    expect(load).not.toThrow(/canary|\n/);
  });

  it.each([
    Buffer.alloc(15, 1).toString('base64'),
    Buffer.alloc(65, 1).toString('base64'),
    `whsec_${KEY}!`,
    `whsec_whsec_${KEY}`,
    'whsec_canary',
    Buffer.alloc(16, 255).toString('base64url'),
  ])('refuse a secret that is none, in a line without it: %s', (secret) => {
    const load = () => loadConfig({ INVITED_WEBHOOK_URLS: URLS, INVITED_WEBHOOK_SECRET: secret });
    expect(load).toThrow(/^Wrong settings: INVITED_WEBHOOK_SECRET must be whsec_ and 16 to 64 bytes/);
    expect(load).not.toThrow(secret);
  });

  it('want a secret as soon as there are URLs', () => {
    const load = () => loadConfig({ INVITED_WEBHOOK_URLS: URLS });
    expect(load).toThrow(/^Wrong settings: INVITED_WEBHOOK_SECRET must be set/);
    expect(load).not.toThrow(/canary/);
  });

  it.each([
    { INVITED_WEBHOOK_ATTEMPTS: '0' },
    { INVITED_WEBHOOK_ATTEMPTS: '101' },
    { INVITED_WEBHOOK_TIMEOUT_MS: '99' },
  ])('have bounds: %o', (env) => {
    expect(() => loadConfig(env)).toThrow(Object.keys(env)[0]);
  });
});

describe('the key set of an issuer', () => {
  it('is a file or a URL, whose query is a secret', () => {
    expect(loadConfig({})).toMatchObject({ jwks: null });
    expect(loadConfig({ INVITED_JWKS: '/etc/jwks.json' }).jwks).toEqual({
      kind: 'file',
      path: '/etc/jwks.json',
    });
    const { jwks } = loadConfig({ INVITED_JWKS: 'https://id.example/jwks?key=canary' });
    expect(jwks).toMatchObject({ kind: 'url' });
    expect(JSON.stringify(jwks)).not.toContain('canary');
    expect(jwks === null ? '' : shownLocation(jwks)).toBe('https://id.example/jwks');
  });

  it.each(['ftp://canary.example/x', 'file:///canary', 'https://user:canary@id.example/', 'https://'])(
    'is nothing else, in a line without it: %s',
    (given) => {
      const load = () => loadConfig({ INVITED_JWKS: given });
      expect(load).toThrow(
        /^Wrong settings: INVITED_JWKS must be the path of a file, or an http or https URL/,
      );
      expect(load).not.toThrow(/canary|\n/);
    },
  );
});

describe('those who are believed', () => {
  it('are nobody by default', () => {
    expect(loadConfig({})).toMatchObject({ gatewayKeys: [], trustedProxies: { networks: [], unix: false } });
  });

  it.each([
    [
      { INVITED_TRUSTED_PROXIES: '10.0.0.0/8, canary' },
      /INVITED_TRUSTED_PROXIES must be addresses, networks/,
    ],
    [{ INVITED_TRUSTED_PROXIES: '10.0.0.0/8,' }, /INVITED_TRUSTED_PROXIES must be a list/],
    [{ INVITED_GATEWAY_KEYS: 'canary,' }, /INVITED_GATEWAY_KEYS must be a list/],
    [{ INVITED_GATEWAY_KEYS: 'canary, canary' }, /INVITED_GATEWAY_KEYS must not have a key twice/],
    [
      { INVITED_GATEWAY_KEYS: Array.from({ length: 17 }, (_, at) => `canary${at}`).join() },
      /must be at most 16 keys/,
    ],
  ])('are told in a line without what was wrong: %o', (env, problem) => {
    expect(() => loadConfig(env)).toThrow(problem);
    expect(() => loadConfig(env)).not.toThrow(/canary/);
  });

  it('are warned of where anybody could be they', () => {
    const warnings = (env: Record<string, string>) => identityWarnings(loadConfig(env));
    expect(warnings({})).toEqual([]);
    const [long, short] = ['canary'.repeat(6), 'canary'];
    expect(warnings({ INVITED_GATEWAY_KEYS: long, INVITED_TRUSTED_PROXIES: '10.0.0.0/8,unix' })).toEqual([]);
    expect(warnings({ INVITED_GATEWAY_KEYS: `${long},${short}` })).toEqual([
      expect.stringMatching(/^A key in INVITED_GATEWAY_KEYS has fewer than 32 characters(?!.*canary)/),
    ]);
    expect(warnings({ INVITED_TRUSTED_PROXIES: '::/0' })).toEqual([expect.stringContaining('everybody')]);
    expect(warnings({ INVITED_JWKS: '/x' })).toEqual([expect.stringContaining('INVITED_JWT_AUDIENCE')]);
    expect(warnings({ INVITED_JWKS: '/x', INVITED_JWT_AUDIENCE: 'invited' })).toEqual([]);
  });
});

describe('Secret', () => {
  it('shows itself to nobody but who asks for it', () => {
    const secret = new Secret('canary');
    expect(
      [String(secret), JSON.stringify({ secret }), inspect({ secret }), `${secret}`].join(),
    ).not.toContain('canary');
    expect(secret.reveal()).toBe('canary');
  });
});

describe('serverProblem', () => {
  const info = (version: string, policy: string) =>
    `redis_version:${version}\r\nmaxmemory_policy:${policy}\r\n`;

  it.each(['7.0.0', '7.2.4', '8.0.1', '10.0.0'])('is content with Redis %s', (version) => {
    expect(serverProblem(info(version, 'noeviction'), false)).toBeNull();
  });

  it.each(['6.2.14', '5.0.0', ''])('refuses Redis %j', (version) => {
    expect(serverProblem(info(version, 'noeviction'), true)).toMatch(/7\.0 or later/);
  });

  it('refuses a Redis that evicts, unless it is allowed to', () => {
    expect(serverProblem(info('7.0.0', 'allkeys-lru'), false)).toMatch(
      /allkeys-lru.*INVITED_ALLOW_EVICTION=1/,
    );
    expect(serverProblem(info('7.0.0', 'volatile-ttl'), true)).toBeNull();
  });
});

describe('fromRedisError', () => {
  const replyError = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

  it.each([
    'LOADING Redis is loading',
    'READONLY no',
    'OOM command not allowed',
    'CLUSTERDOWN x',
    'MASTERDOWN x',
  ])('takes %j for an outage that executed nothing', (message) => {
    expect(fromRedisError(replyError(message), 'accept')).toMatchObject({ kind: 'down' });
  });

  it('takes a broken connection and a time-out for an unknown outcome', () => {
    for (const message of ['Connection is closed.', 'Command timed out', 'read ECONNRESET']) {
      const error = fromRedisError(new Error(message), 'accept');
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error).toMatchObject({ kind: 'unknown' });
    }
    const notSent = new Error("Stream isn't writeable and enableOfflineQueue options is false");
    expect(fromRedisError(notSent, 'accept')).toMatchObject({ kind: 'down' });
  });

  it('takes anything else for a bug, and tells nothing of what Redis said', () => {
    const error = fromRedisError(
      replyError('ERR user_script:1: canary-code script: f_abc, on @user_script'),
      'accept',
    );
    expect(error).toBeInstanceOf(StoreBug);
    expect(error.message).not.toContain('canary');
    expect(error.message).toContain('accept');
  });
});
