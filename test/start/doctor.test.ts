// `invited doctor` as a person types it, beside a running server and beside none: its lines, its JSON, and its exit codes.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../support/client.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { startServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { cleanUp, type Ended, ROOT, startProgram } from './program.js';

let redis: LocalRedis;
let server: TestServer;
beforeAll(async () => {
  redis = await startLocalRedis(['--appendonly', 'yes']);
  server = await startServer({ INVITED_REDIS_URL: redis.url, INVITED_REDIS_TIMEOUT_MS: '300' });
});
afterAll(async () => {
  await cleanUp();
  await server?.stop();
  await redis?.stop();
});

async function doctor(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const command = [process.execPath, join(ROOT, 'dist', 'main.js'), 'doctor', ...args] as const;
  const program = await startProgram({
    command,
    env: {
      INVITED_REDIS_URL: redis.url,
      INVITED_PORT: new URL(server.url).port,
      INVITED_ADMIN_PORT: new URL(server.adminUrl).port,
      INVITED_GATEWAY_KEYS: server.gatewayKey,
      ...env,
    },
  });
  return program.ended();
}

describe('invited doctor', () => {
  it('finds a running server well, with a line for each thing and exit code 0', async () => {
    const { code, out, err } = await doctor([]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^ok +ports\\.public +${server.url} is a running invited$`, 'm'));
    expect(out).toMatch(new RegExp(`^ok +ports\\.admin +${server.adminUrl} is a running invited$`, 'm'));
    expect(out).toMatch(/^ok +server +the running server is ready \(\/readyz\)$/m);
    expect(out).toMatch(/^ok +data\.epoch +Redis is open$/m);
    expect(out).toMatch(/^\d+ ok, \d+ warnings?, 0 problems$/m);
  });

  it('says the same to a machine', async () => {
    const { code, out } = await doctor(['--json'], { INVITED_GATEWAY_KEYS: 'short-canary' });
    expect(code).toBe(1);
    const told = JSON.parse(out) as {
      readonly ok: boolean;
      readonly problems: number;
      readonly findings: unknown[];
    };
    expect(told).toMatchObject({ ok: false, problems: 1, warnings: expect.any(Number) });
    expect(told.findings).toContainEqual({
      check: 'secrets.gateway_keys',
      status: 'problem',
      message: expect.stringContaining('INVITED_GATEWAY_KEYS'),
      fix: expect.stringContaining('INVITED_GATEWAY_KEYS'),
    });
    expect(out).not.toContain('canary');
  });

  it('finds that the server is not ready, and why', async () => {
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const admin = createClient(server.adminUrl, server.secret, 'admin');
      await until('it is not ready', async () => (await admin.get('/readyz')).status === 503);
      admin.close();
      const { code, out } = await doctor([]);
      expect(code).toBe(1);
      expect(out).toMatch(
        /^problem +server +the running server is not ready: \/readyz gives (503|no answer)\n +→ /m,
      );
      expect(out).toMatch(/^problem +redis +Redis can't be used: no answer\n +→ /m);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
  });

  it('takes wrong settings for a finding, and wrong arguments for none', async () => {
    const wrong = await doctor(['--json'], { INVITED_WORKERS: 'canary' });
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.out)).toMatchObject({ findings: [{ check: 'settings', status: 'problem' }] });
    const misused = await doctor(['--yaml']);
    expect(misused).toMatchObject({ code: 2, out: '' });
    expect(misused.err).toMatch(/^Unknown option '--yaml'\. Usage: invited doctor \[--json\]\n$/);
  });
});
