import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
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
    expect(config.publicListener).toEqual({ kind: 'unix', path: '/run/invited.sock' });
    expect(config.gatewayKeys.map((key) => key.reveal())).toEqual(['one', 'two']);
    expect([...config.reservedVanity]).toEqual(['ours', 'theirs']);
    expect(config.demo).toBe(true);
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
