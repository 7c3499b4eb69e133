import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/invite/address.js';
import { isSnowflake } from '../../src/invite/id.js';
import { ADMINISTRATOR, isPermissions, knownBits, VIEW_CHANNEL } from '../../src/invite/permissions.js';
import { parseVanity } from '../../src/invite/vanity.js';

const NONE: ReadonlySet<string> = new Set();

describe('isSnowflake', () => {
  it.each(['0', '1', '987654321098765432', '9223372036854775807'])('takes %s', (id) => {
    expect(isSnowflake(id)).toBe(true);
  });

  it.each([
    '',
    '00',
    '01',
    '-1',
    '+1',
    '1.0',
    '1e3',
    ' 1',
    '9223372036854775808',
    '10000000000000000000',
    '１',
    5,
    null,
  ])('refuses %j', (id) => {
    expect(isSnowflake(id)).toBe(false);
  });
});

describe('parseVanity', () => {
  it.each([
    ['  My  Server ', 'my-server'],
    ['a--b---c', 'a-b-c'],
    ['A\t\nB c', 'a-b-c'],
    ['a - b', 'a-b'],
    ['abc', 'abc'],
    ['x'.repeat(32), 'x'.repeat(32)],
    ['123', '123'],
  ])('reads %j as %s', (input, code) => {
    expect(parseVanity(input, NONE)).toEqual({ ok: true, code });
  });

  it.each([
    ['ab', 'VANITY_URL_CODE_LENGTH_INVALID'],
    ['   ', 'VANITY_URL_CODE_LENGTH_INVALID'],
    ['---', 'VANITY_URL_CODE_LENGTH_INVALID'],
    ['x'.repeat(33), 'VANITY_URL_CODE_LENGTH_INVALID'],
    ['é', 'VANITY_URL_CODE_LENGTH_INVALID'],
    ['-abc', 'VANITY_URL_INVALID_CHARACTERS'],
    ['abc-', 'VANITY_URL_INVALID_CHARACTERS'],
    ['a_b', 'VANITY_URL_INVALID_CHARACTERS'],
    ['abc\u0000', 'VANITY_URL_INVALID_CHARACTERS'],
    ['äöü', 'VANITY_URL_INVALID_CHARACTERS'],
    ['api', 'VANITY_URL_CODE_RESERVED'],
    [' Invites ', 'VANITY_URL_CODE_RESERVED'],
    ['ours', 'VANITY_URL_CODE_RESERVED'],
  ])('refuses %j: %s', (input, problem) => {
    expect(parseVanity(input, new Set(['ours']))).toEqual({ ok: false, problem });
  });
});

describe('permissions', () => {
  it.each(['0', '8', '18446744073709551615', '00008'])('takes the bit field %s', (bits) => {
    expect(isPermissions(bits)).toBe(true);
  });

  it.each(['', '-1', '0x8', '1e3', '18446744073709551616', 8, null])('refuses %j', (bits) => {
    expect(isPermissions(bits)).toBe(false);
  });

  it('keep the bits that invites know, out of 64', () => {
    expect(knownBits('18446744073709551615')).toBe(1 + 8 + 16 + 32 + 1024);
    expect(knownBits(String((1n << 63n) | 1032n))).toBe(ADMINISTRATOR | VIEW_CHANNEL);
    expect(knownBits('2')).toBe(0);
  });
});

describe('parseAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:ffff::2', '2001:db8::ffff:0:0:2', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['0000:0000:0000:0000:0000:ffff:7f00:0001', '127.0.0.1', '127.0.0.1'],
  ])('reads %s', (input, text, banKey) => {
    expect(parseAddress(input)).toEqual({ text, banKey });
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4/32',
    '2001:db8::/64',
    'fe80::1%eth0',
    '[::1]',
    '1.2.3.4:80',
    '127.1',
    '0x7f.0.0.1',
    ':::',
  ])('refuses %j', (input) => {
    expect(parseAddress(input)).toBeNull();
  });
});
