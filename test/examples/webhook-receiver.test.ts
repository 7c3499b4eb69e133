// The example receiver, as a person runs it: it takes what we signed, once, and nothing else.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/secret.js';
import { createSend } from '../../src/webhooks/send.js';
import { createSign } from '../../src/webhooks/sign.js';
import { until } from '../support/until.js';

const FILE = fileURLToPath(new URL('../../examples/webhook-receiver.mjs', import.meta.url));
const secretOf = (text: string) => new Secret(`whsec_${Buffer.from(text).toString('base64')}`);
const OURS = secretOf('a secret for the example');
const NEVER = new AbortController().signal;

describe('examples/webhook-receiver.mjs', () => {
  let child: ChildProcess;
  let url = '';
  let out = '';
  let err = '';
  beforeAll(async () => {
    child = spawn(process.execPath, [FILE], {
      env: { ...process.env, INVITED_WEBHOOK_SECRET: OURS.reveal(), PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const port = await until('it listens', () => /listening on port (\d+)/.exec(out)?.[1]);
    url = `http://127.0.0.1:${port}/`;
  });
  afterAll(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  const event = (id: string, data: object) => ({
    id,
    json: JSON.stringify({ id, type: 'INVITE_ACCEPT', guild_id: '41', channel_id: '42', data }),
  });
  const send = (one: { readonly id: string; readonly json: string }, secret = OURS) =>
    createSend({
      url: new Secret(url),
      sign: createSign(secret),
      timeoutMs: 5000,
      userAgent: 'invited/test',
    })(one, NEVER);
  const linesOf = (id: string) => out.split('\n').filter((line) => line.startsWith(`${id} `));

  it('takes an event that we signed, and prints it once however often it comes', async () => {
    const one = event('5-0.1', { code: 'abcdefgh', user_id: '7', name: 'é' });
    expect(await send(one)).toEqual({ outcome: 'delivered' });
    expect(await send(one)).toEqual({ outcome: 'delivered' });
    expect(await send(event('5-0.2', {}))).toEqual({ outcome: 'delivered' });
    await until('both are printed', () => linesOf('5-0.2').length === 1);
    expect(linesOf('5-0.1')).toEqual(['5-0.1 INVITE_ACCEPT 41 {"code":"abcdefgh","user_id":"7","name":"é"}']);
  });

  it('refuses what another signed, what was changed, what is old, and what is not signed', async () => {
    const one = event('6-0', {});
    const refused = { outcome: 'failed', reason: 'status 401', leastPauseMs: 0 };
    expect(await send(one, secretOf('another secret entirely'))).toEqual(refused);
    const sign = createSign(OURS);
    const tries: readonly [Record<string, string>, string][] = [
      [sign(one.id, one.json, Date.now()), one.json.replace('41', '43')],
      [{ ...sign(one.id, one.json, Date.now()), 'webhook-id': '6-1' }, one.json],
      [sign(one.id, one.json, Date.now() - 600_000), one.json],
      [{}, one.json],
    ];
    for (const [headers, body] of tries) {
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(401);
    }
    expect([linesOf('6-0'), linesOf('6-1')]).toEqual([[], []]);
  });

  it('takes POST only, and no more than it has room for', async () => {
    expect((await fetch(url)).status).toBe(405);
    const sent = await send({ id: '7-0', json: JSON.stringify('x'.repeat(1_100_000)) });
    expect(sent.outcome).toBe('failed');
    expect(await send(event('7-1', {}))).toEqual({ outcome: 'delivered' });
  });

  it('says nothing of its secret, and ends when it is told to', async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(out + err).not.toContain(OURS.reveal().slice(6));
    expect(err).toBe('');
  });
});
