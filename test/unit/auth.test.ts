import { describe, expect, it } from 'vitest';
import { createAuthenticator } from '../../src/http/auth.js';
import { Headers, type Request } from '../../src/http/request.js';
import { Secret } from '../../src/secret.js';

const KEYS = ['first-gateway-key', 'another-gateway-key', 'ключ-от-шлюза'];

const authenticator = createAuthenticator({
  jwtSecret: new Secret('x'.repeat(32)),
  keySet: null,
  jwtAudience: null,
  jwtIssuer: null,
  gatewayKeys: KEYS.map((key) => new Secret(key)),
});

function callerWith(gatewayKey: string | undefined) {
  const headers = new Headers();
  headers.gatewayKey = gatewayKey;
  headers.user = '42';
  const request: Request = { method: 'GET', path: '/', query: '', headers, repeatsFraming: false };
  const identity = authenticator.identify(request);
  if (identity instanceof Promise) throw new Error('a gateway has to wait');
  return identity.caller;
}

describe('a gateway', () => {
  it.each(KEYS)('is believed with the key %s', (key) => {
    expect(callerWith(key)).toMatchObject({ userId: '42' });
  });

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one cut short', 'first-gateway-ke'],
    ['one too long', 'first-gateway-key2'],
    ['one in another case', 'First-gateway-key'],
    ['one of the same length', 'Xirst-gateway-key'],
    // Cut to one byte each, these characters would be those of the third key.
    ['its low bytes', Buffer.from('ключ-от-шлюза', 'latin1').toString('latin1')],
  ])('is nobody with %s', (_, key) => {
    expect(callerWith(key)).toBeNull();
  });
});
