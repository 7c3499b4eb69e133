// Whose word for a client's address counts: the one that is right is never the one that a client can write.

import { describe, expect, it } from 'vitest';
import { clientAddress } from '../../src/http/client-address.js';
import { InvalidFields } from '../../src/http/problem.js';
import { Headers, type Request } from '../../src/http/request.js';
import { NO_PROXIES, parseTrustedProxies, type TrustedProxies } from '../../src/invite/trusted-proxies.js';

const PROXIES = trusted('10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48');

function trusted(...parts: readonly string[]): TrustedProxies {
  const proxies = parseTrustedProxies(parts);
  if (proxies === null) throw new Error(`no proxies: ${parts.join()}`);
  return proxies;
}

interface Told {
  readonly xff?: string;
  readonly forwarded?: string;
  readonly gateway?: string;
}

function addressOf(peer: string, { xff, forwarded, gateway }: Told, trustedProxies = PROXIES): string | null {
  const headers = new Headers();
  headers.xForwardedFor = xff;
  headers.forwarded = forwarded;
  const request: Request = { method: 'POST', path: '/', query: '', headers, repeatsFraming: false };
  const incoming = { request, trustedProxies, peerAddress: () => peer };
  return clientAddress(incoming, gateway ?? null)?.text ?? null;
}

function refusedAt(peer: string, told: Told): string | undefined {
  try {
    addressOf(peer, told);
  } catch (error) {
    if (error instanceof InvalidFields) return error.errors[0]?.path;
    throw error;
  }
  return undefined;
}

describe('INVITED_TRUSTED_PROXIES', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', '11.0.0.1'],
    ['192.0.2.7', '192.0.2.7', '192.0.2.8'],
    ['192.0.2.7/32', '192.0.2.7', '192.0.2.6'],
    ['192.0.2.9/24', '192.0.2.250', '192.0.3.9'],
    ['::ffff:10.0.0.0/104', '10.1.2.3', '11.1.2.3'],
    ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.8'],
    ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::1'],
    ['::1', '::1', '::2'],
    ['0.0.0.0/0', '9.9.9.9', '2001:db8::1'],
    ['::/0', '2001:db8::1', '9.9.9.9'],
  ])('%s is %s and not %s', (network, inside, outside) => {
    const xff = '203.0.113.5';
    expect(addressOf(inside, { xff }, trusted(network))).toBe(xff);
    expect(addressOf(outside, { xff }, trusted(network))).toBe(outside);
  });

  it.each(['', '10', '10.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '010.0.0.1'])(
    'is not %j',
    (text) => {
      expect(parseTrustedProxies([text])).toBeNull();
    },
  );

  it.each(['2001:db8::/129', 'fe80::1%eth0', '[::1]', '10.0.0.1:80', 'localhost', 'UNIX', '*', '0x7f.1'])(
    'nor %j',
    (text) => {
      expect(parseTrustedProxies(['10.0.0.1', text])).toBeNull();
    },
  );
});

describe('the address of a client', () => {
  it('is the other end of the connection where that is no trusted proxy, whatever it says', () => {
    const told = { xff: '203.0.113.5', forwarded: 'for=203.0.113.5' };
    for (const peer of ['198.51.100.1', '2001:db8:2::1']) expect(addressOf(peer, told)).toBe(peer);
    expect(addressOf('10.0.0.1', told, NO_PROXIES)).toBe('10.0.0.1');
    // Nor is it looked at whether it could be right.
    expect(addressOf('198.51.100.1', { xff: 'nonsense', forwarded: '"' })).toBe('198.51.100.1');
  });

  it('is what the gateway tells, before everything else', () => {
    const told = { xff: '203.0.113.5', forwarded: 'nonsense', gateway: '203.0.113.9' };
    for (const peer of ['10.0.0.1', '198.51.100.1', '']) expect(addressOf(peer, told)).toBe('203.0.113.9');
    expect(refusedAt('10.0.0.1', { gateway: '203.0.113.9, 1.1.1.1' })).toBe('X-Invited-Client-IP');
  });

  it('is a trusted proxy itself where it says nothing', () => {
    for (const xff of ['', ' ', ',', ' , ,']) expect(addressOf('10.0.0.1', { xff })).toBe('10.0.0.1');
    expect(addressOf('10.0.0.1', {})).toBe('10.0.0.1');
    expect(addressOf('10.0.0.1', { forwarded: 'proto=https;host=example.org' })).toBe('10.0.0.1');
  });

  it.each([
    ['203.0.113.5', '203.0.113.5'],
    ['1.1.1.1, 203.0.113.5', '203.0.113.5'],
    ['1.1.1.1,203.0.113.5 , 10.9.9.9', '203.0.113.5'],
    ['1.1.1.1, 203.0.113.5, 192.0.2.7, 10.9.9.9', '203.0.113.5'],
    // The proxies of somebody else are nobody's.
    ['203.0.113.5, 192.0.2.8', '192.0.2.8'],
    ['10.1.1.1, 203.0.113.5', '203.0.113.5'],
    // A client in the trusted network.
    ['10.1.1.1, 10.2.2.2', '10.1.1.1'],
    ['nonsense, <script>, 203.0.113.5', '203.0.113.5'],
    ['1.1.1.1\t, 203.0.113.5,', '203.0.113.5'],
    ['203.0.113.5:4711', '203.0.113.5'],
    ['203.0.113.5, 10.0.0.2:80', '203.0.113.5'],
    ['2001:db8:2::5', '2001:db8:2::5'],
    ['[2001:db8:2::5]', '2001:db8:2::5'],
    ['[2001:DB8:2::5]:4711', '2001:db8:2::5'],
    ['203.0.113.5, 2001:db8:1::1', '203.0.113.5'],
    ['::ffff:203.0.113.5', '203.0.113.5'],
    ['203.0.113.5, ::ffff:10.0.0.2', '203.0.113.5'],
    ['203.0.113.5, [::ffff:a00:2]:80', '203.0.113.5'],
    // What a proxy hides is not looked for behind it.
    ['203.0.113.5, unknown', '10.0.0.1'],
    ['203.0.113.5, unknown, 10.0.0.2', '10.0.0.2'],
    ['203.0.113.5, _hidden', '10.0.0.1'],
  ])('is, by X-Forwarded-For: %s, the last that is no trusted proxy: %s', (xff, address) => {
    expect(addressOf('10.0.0.1', { xff })).toBe(address);
    expect(addressOf('0000:0000:0000:0000:0000:ffff:0a00:0001', { xff })).toBe(address);
  });

  it.each([
    ['for=203.0.113.5', '203.0.113.5'],
    ['For="203.0.113.5:4711";proto=https;by=10.0.0.1', '203.0.113.5'],
    ['for=1.1.1.1, for=203.0.113.5;proto=http, for=10.0.0.2', '203.0.113.5'],
    ['for="[2001:db8:2::5]"', '2001:db8:2::5'],
    ['for="[2001:db8:2::5]:4711", for="[2001:db8:1::1]"', '2001:db8:2::5'],
    ['for="[::ffff:203.0.113.5]"', '203.0.113.5'],
    ['for=203.0.113.5, for=unknown', '10.0.0.1'],
    ['for=203.0.113.5, for=_hidden, for=10.0.0.2', '10.0.0.2'],
    ['for=203.0.113.5, for="_hidden:_port", for=10.0.0.2', '10.0.0.2'],
    ['for=203.0.113.5, proto=https', '10.0.0.1'],
    ['for=nonsense, for=203.0.113.5', '203.0.113.5'],
  ])('is by Forwarded: %s, the same: %s', (forwarded, address) => {
    expect(addressOf('10.0.0.1', { forwarded })).toBe(address);
  });

  it.each([
    ...['nonsense', '203.0.113', '203.0.113.256', '203.0.113.5:', '203.0.113.5:x', '203.0.113.5:123456'],
    ...['203.0.113.5/32', '[203.0.113.5]', '[2001:db8::5', '2001:db8::5]', '[]', 'fe80::1%eth0', '[[::1]]'],
    ...['203.0.113.5 1.1.1.1', '203.0.113.5;1.1.1.1', '0x7f.0.0.1', '127.1', '_', '"203.0.113.5"'],
  ])('is refused where a trusted proxy says %j', (node) => {
    expect(refusedAt('10.0.0.1', { xff: node })).toBe('X-Forwarded-For');
    expect(refusedAt('10.0.0.1', { xff: `203.0.113.5, ${node}, 10.0.0.2` })).toBe('X-Forwarded-For');
  });

  it.each([
    ...[
      '',
      ' ',
      '203.0.113.5',
      'for',
      'for=',
      'for=""',
      'for="203.0.113.5',
      'for=[::1]',
      'for=203.0.113.5:80',
    ],
    // Somebody opens a quote so that what the proxy writes behind it is text.
    ...['for=1.1.1.1;x=", for=203.0.113.5', 'for=1.1.1.1;x=", for="[2001:db8:2::5]:80"'],
    ...['for=1.1.1.1;x="\\, for="203.0.113.5"', 'for=nonsense', 'for="203.0.113.5, 1.1.1.1"'],
  ])('is refused where it says in Forwarded: %j', (forwarded) => {
    expect(refusedAt('10.0.0.1', { forwarded })).toBe('Forwarded');
  });

  it('is refused where the two headers disagree, for one of them may be the client’s own', () => {
    const [xff, forwarded] = ['203.0.113.5', 'for=203.0.113.5'];
    expect(addressOf('10.0.0.1', { xff, forwarded })).toBe('203.0.113.5');
    expect(addressOf('10.0.0.1', { xff, forwarded: 'for=1.1.1.1, for=203.0.113.5' })).toBe('203.0.113.5');
    expect(addressOf('10.0.0.1', { xff, forwarded: 'proto=https' })).toBe('203.0.113.5');
    expect(refusedAt('10.0.0.1', { xff, forwarded: 'for=1.1.1.1' })).toBe('Forwarded');
    expect(refusedAt('10.0.0.1', { xff: '1.1.1.1', forwarded })).toBe('Forwarded');
    expect(refusedAt('10.0.0.1', { xff, forwarded: 'for=unknown' })).toBe('Forwarded');
    expect(refusedAt('10.0.0.1', { xff: 'nonsense', forwarded })).toBe('X-Forwarded-For');
  });

  it('is what comes by a Unix socket says, with the word for it alone', () => {
    const xff = '1.1.1.1, 203.0.113.5';
    expect(addressOf('', { xff }, trusted('unix'))).toBe('203.0.113.5');
    expect(addressOf('', { xff: `${xff}, 10.0.0.2` }, trusted('unix', '10.0.0.0/8'))).toBe('203.0.113.5');
    expect(addressOf('', { xff: 'unknown' }, trusted('unix'))).toBeNull();
    expect(addressOf('', {}, trusted('unix'))).toBeNull();
    expect(addressOf('', { xff }, trusted('10.0.0.0/8', '::/0', '0.0.0.0/0'))).toBeNull();
    expect(addressOf('198.51.100.1', { xff }, trusted('unix'))).toBe('198.51.100.1');
  });
});
