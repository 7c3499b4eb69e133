// The image, run as an operator would: on a read-only disk, without privileges, with its secrets in files. For machines with a Docker
// engine and an image that INVITED_TEST_IMAGE names (npm run test:image builds one); skipped elsewhere. Needs Linux: the container
// shares the network of this machine, on which its Redis is.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../support/client.js';
import { findPostgres, type LocalPostgres, startLocalPostgres } from '../support/local-postgres.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { removeFolder } from '../support/remove-folder.js';
import { until } from '../support/until.js';

const IMAGE = process.env['INVITED_TEST_IMAGE'] ?? '';
const POSTGRES_PROGRAMS = findPostgres();
const COMMAND_MAX_MS = 90_000;
const READY_MAX_MS = 60_000;
const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

const execute = promisify(execFile);

/** What the engine says; when the command fails, with what it said. */
async function docker(...args: readonly string[]) {
  try {
    const { stdout, stderr } = await execute('docker', args, { timeout: COMMAND_MAX_MS });
    return { code: 0, stdout: stdout.trim(), stderr: stderr.trim() };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: Number(code ?? -1), stdout: stdout.trim(), stderr: stderr.trim() };
  }
}

describe.skipIf(IMAGE === '' || POSTGRES_PROGRAMS === null)('the image', () => {
  let redis: LocalRedis;
  let postgres: LocalPostgres;
  let secrets: string;
  const jwtSecret = randomBytes(32).toString('base64');
  const containers: string[] = [];

  beforeAll(async () => {
    redis = await startLocalRedis([]);
    postgres = await startLocalPostgres(POSTGRES_PROGRAMS ?? '');
    secrets = await mkdtemp(join(tmpdir(), 'invited-secrets-'));
    await writeFile(join(secrets, 'jwt'), `${jwtSecret}\n`);
    await writeFile(join(secrets, 'redis'), `${redis.url}\n`);
    await writeFile(join(secrets, 'postgres'), `${postgres.url}\n`);
    // The user of the image is nobody on this machine.
    for (const folder of [secrets, socketFolder()]) await chmod(folder, 0o755);
  }, 60_000);

  afterAll(async () => {
    if (containers.length > 0) await docker('rm', '--force', ...containers);
    await postgres?.stop();
    await redis?.stop();
    if (secrets !== undefined) await removeFolder(secrets);
  }, 180_000);

  const socketFolder = (): string =>
    new URL(postgres.url.replace('@/', '@x/')).searchParams.get('host') ?? '';

  it('serves, healthy, as nobody in particular, from a read-only disk with the faster uWebSockets.js, and ends with 0', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const { stdout: id, stderr } = await docker(
      ...['run', '--detach', '--network', 'host', ...HARDENED],
      ...['--volume', `${secrets}:/run/secrets:ro`, '--volume', `${socketFolder()}:${socketFolder()}`],
      ...['--env', 'INVITED_JWT_SECRET_FILE=/run/secrets/jwt', '--env', 'INVITED_LOG_LEVEL=debug'],
      ...['--env', 'INVITED_REDIS_URL_FILE=/run/secrets/redis'],
      ...['--env', 'INVITED_POSTGRES_URL_FILE=/run/secrets/postgres'],
      ...['--env', 'INVITED_HOST=127.0.0.1', '--env', `INVITED_PORT=${port}`],
      ...['--env', `INVITED_ADMIN_PORT=${adminPort}`, IMAGE],
    );
    expect(stderr).toBe('');
    containers.push(id);
    const admin = createClient(`http://127.0.0.1:${adminPort}`, jwtSecret, 'admin');
    const open = createClient(`http://127.0.0.1:${port}`, jwtSecret, 'public');
    try {
      await until('ready', async () => (await status(admin.get('/readyz'))) === 200, READY_MAX_MS);
      const readyAt = Date.now();
      const { stdout: startedAt } = await docker('inspect', '--format', '{{.State.StartedAt}}', id);
      console.log(`ready ${readyAt - Date.parse(startedAt)} ms after the container started`);

      const as = { as: '1', role: 'service' } as const;
      const put = await admin.put('/internal/v1/guilds/1', { ...as, json: { name: 'G', owner_id: '2' } });
      expect(put.status).toBe(200);
      expect((await open.get('/api/v1/invites/nothing')).status).toBe(404);

      expect((await docker('exec', id, 'id', '-u')).stdout).toBe('10001');
      const written = await docker('exec', id, 'sh', '-c', 'touch /app/x /data/x /tmp/x');
      expect(written.stderr.match(/Read-only file system/g)).toHaveLength(3);
      const { stderr: log } = await docker('logs', id);
      expect(log).toContain('"uws":"uWebSockets.js"');
      await until(
        'healthy',
        async () =>
          (await docker('inspect', '--format', '{{.State.Health.Status}}', id)).stdout === 'healthy',
        READY_MAX_MS,
      );

      await docker('stop', '--time', '45', id);
      expect((await docker('inspect', '--format', '{{.State.ExitCode}}', id)).stdout).toBe('0');
    } finally {
      admin.close();
      open.close();
    }
  }, 180_000);

  it('says in one line that it needs a Redis', async () => {
    expect(await docker('run', '--rm', '--network', 'host', IMAGE)).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^redis-server was not found: .* set INVITED_REDIS_URL .*$/),
    });
  }, 120_000);

  it('runs the other commands, too', async () => {
    const secret = [
      '--volume',
      `${secrets}:/run/secrets:ro`,
      '--env',
      'INVITED_JWT_SECRET_FILE=/run/secrets/jwt',
    ];
    const { code, stdout } = await docker(
      'run',
      '--rm',
      ...HARDENED,
      ...secret,
      IMAGE,
      'token',
      '--user',
      '42',
    );
    expect([code, JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString())]).toEqual([
      0,
      expect.objectContaining({ sub: '42' }),
    ]);
  }, 120_000);
});

async function status(answer: Promise<{ readonly status: number }>): Promise<number | null> {
  return answer.then(
    (given) => given.status,
    () => null,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
