// `invited token`: what it prints, and what it refuses.

import { jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { token } from '../../src/cli/token.js';
import { recordingPrint } from '../support/print.js';

const SECRET = 'a secret of at least 32 bytes, for tests';

async function run(...args: readonly string[]) {
  const print = recordingPrint();
  const code = await token(args, SECRET, {}, print);
  return { code, out: print.outLines, err: print.errLines };
}

async function claimsOf(signed: string | undefined) {
  const { payload, protectedHeader } = await jwtVerify(signed ?? '', new TextEncoder().encode(SECRET));
  expect(protectedHeader.alg).toBe('HS256');
  return payload;
}

describe('invited token', () => {
  it('prints a token alone, for a user, good for one hour', async () => {
    const { code, out, err } = await run('--user', '123456789012345678');
    expect({ code, lines: out.length, err }).toEqual({ code: 0, lines: 1, err: [] });
    const claims = await claimsOf(out[0]);
    expect(Object.keys(claims).sort()).toEqual(['exp', 'iat', 'sub']);
    expect(claims.sub).toBe('123456789012345678');
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3600);
    expect(Math.abs(Date.now() / 1000 - (claims.iat ?? 0))).toBeLessThan(60);
  });

  it.each([
    ['30s', 30],
    ['15m', 900],
    ['1h', 3600],
    ['7d', 604_800],
    ['3650d', 315_360_000],
  ])('makes --ttl %s last %i seconds', async (ttl, seconds) => {
    const { out } = await run('--user', '1', '--ttl', ttl);
    const claims = await claimsOf(out[0]);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(seconds);
  });

  it.each(['user', 'bot', 'service'])('takes the role %s', async (role) => {
    const { out } = await run('--user', '1', '--role', role);
    expect((await claimsOf(out[0]))['role']).toBe(role);
  });

  it('keeps permissions as the text they are, beyond what a number can hold', async () => {
    const { out } = await run('--user', '1', '--permissions', '9007199254740993');
    expect((await claimsOf(out[0]))['permissions']).toBe('9007199254740993');
  });

  it('binds the token to the audience and the issuer of the server', async () => {
    const print = recordingPrint();
    await token(['--user', '1'], SECRET, { audience: 'invites', issuer: 'host' }, print);
    expect(await claimsOf(print.outLines[0])).toMatchObject({ aud: 'invites', iss: 'host' });
  });

  it.each([
    [[], '--user is needed'],
    [['--user', 'alice'], '--user must be an id'],
    [['--user', '007'], '--user must be an id'],
    [['--user', '9223372036854775808'], '--user must be an id'],
    [['--user', '1', '--role', 'admin'], '--role must be'],
    [['--user', '1', '--permissions', '0x8'], '--permissions must be'],
    [['--user', '1', '--permissions', '-1'], '--permissions'],
    [['--user', '1', '--ttl', '0s'], '--ttl must be'],
    [['--user', '1', '--ttl', '5'], '--ttl must be'],
    [['--user', '1', '--ttl', '1w'], '--ttl must be'],
    [['--user', '1', '--ttl', '3651d'], '--ttl must be'],
    [['--user', '1', 'more'], 'more'],
    [['--user', '1', '--secret', 'x'], '--secret'],
    [['--user'], '--user'],
  ])('refuses %j with one line, exit code 2 and nothing on stdout', async (args, problem) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(2);
    expect(out).toEqual([]);
    expect(err).toHaveLength(1);
    expect(err[0]).toContain(problem);
    expect(err[0]).toContain('Usage: invited token');
    expect(err[0]).not.toContain('\n');
  });

  it('explains itself when asked', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out[0]).toMatch(/^Usage: invited token/);
  });
});
