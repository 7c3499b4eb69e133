// What a server writes while it serves, fails and ends: a line for each request where that is asked for, no secret anywhere, and no flood.
// Canaries stand for what must not be seen: each is a text that comes from nowhere else.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../support/client.js';
import { startLocalRedis } from '../support/redis.js';
import { afterwards, cleanUp, ROOT, randomId, SECRET, startProgram } from './program.js';

afterEach(cleanUp);

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
const PASSING_MAX_MS = 120_000;
const canary = () => `canary${randomBytes(12).toString('hex')}`;

type Line = Readonly<Record<string, unknown>>;

/** Every line that is no JSON is one of those for people. */
function jsonLines(text: string): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

/** The command lines of all that the program started. */
async function titlesOf(pid: number): Promise<readonly string[]> {
  const titles: string[] = [];
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  for (const one of all) {
    const stat = await readFile(`/proc/${one}/stat`, 'utf8').catch(() => '');
    parents.set(Number(one), Number(/\) \S (\d+)/.exec(stat)?.[1]));
  }
  for (const one of parents.keys()) {
    let at: number | undefined = one;
    while (at !== undefined && at !== pid && at > 1) at = parents.get(at);
    if (at !== pid) continue;
    titles.push(await readFile(`/proc/${one}/cmdline`, 'utf8').catch(() => ''));
  }
  return titles;
}

describe('the log', () => {
  it('names no secret, code or person, whatever happens, at the level debug', {
    timeout: PASSING_MAX_MS,
  }, async () => {
    const [password, gatewayKey, postgresPassword, query] = [canary(), canary(), canary(), canary()];
    const redis = await startLocalRedis([]);
    afterwards(() => redis.stop());
    // A Redis that served before: without Postgres a new one would wait for it.
    await redisDo(redis.url, '', ['SET', 'invited:{0}:epoch', 'before']);
    await redisDo(redis.url, '', ['CONFIG', 'SET', 'requirepass', password]);
    const webhookSecret = randomBytes(24).toString('base64');
    const program = await startProgram({
      env: {
        INVITED_LOG_LEVEL: 'debug',
        INVITED_ACCESS_LOG: 'on',
        INVITED_REDIS_URL: redis.url.replace('redis://', `redis://:${password}@`),
        INVITED_POSTGRES: 'on',
        INVITED_POSTGRES_URL: `postgres://nobody:${postgresPassword}@127.0.0.1:1/none`,
        INVITED_GATEWAY_KEYS: gatewayKey,
        INVITED_WEBHOOK_URLS: `http://127.0.0.1:1/hook?key=${query}`,
        INVITED_WEBHOOK_SECRET: `whsec_${webhookSecret}`,
        INVITED_WEBHOOK_ATTEMPTS: '1',
        INVITED_REDIS_TIMEOUT_MS: '300',
      },
    });
    const { url, adminUrl } = await program.ready();
    const api = createClient(url, SECRET, 'public');
    const admin = createClient(adminUrl, SECRET, 'admin');
    afterwards(async () => {
      api.close();
      admin.close();
    });
    const [guildId, channelId, ownerId, userId] = [randomId(), randomId(), randomId(), randomId()];
    const service = { as: '1', role: 'service' as const };
    await admin.put(`/internal/v1/guilds/${guildId}`, { ...service, json: { name: 'G', owner_id: ownerId } });
    await admin.put(`/internal/v1/guilds/${guildId}/channels/${channelId}`, {
      ...service,
      json: { name: 'c', type: 0, position: 0 },
    });
    const created = await api.post(`/api/v1/channels/${channelId}/invites`, { as: ownerId, json: {} });
    const code = String(created.object()['code']);
    const badToken = canary();
    const answers = [
      await api.post(`/api/v1/invites/${code}`, { as: userId, headers: { traceparent: TRACEPARENT } }),
      await api.get(`/api/v1/invites/${code}?with_counts=true`),
      await api.post(`/api/v1/invites/${code}`, { headers: { Authorization: `Bearer ${badToken}` } }),
      await api.post(`/api/v1/invites/${code}`, { headers: { 'X-Invited-Gateway-Key': badToken } }),
      await api.post(`/api/v1/invites/${code}`, {
        headers: { 'X-Invited-Gateway-Key': gatewayKey, 'X-Invited-User': userId },
      }),
      await api.get(`/no/such/${code}/path`),
      await api.post(`/api/v1/channels/${channelId}/invites`, { as: ownerId, json: { max_uses: code } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 401, 200, 404, 400]);
    // An invite that can't be read is a bug to whoever asks for it.
    await redisDo(redis.url, password, ['EVAL', CORRUPT, '0', code]);
    const failed = await api.get(`/api/v1/invites/${code}`, {
      headers: { 'X-Request-Id': 'the-failing-one', traceparent: TRACEPARENT },
    });
    expect(failed.status, failed.text).toBe(500);
    const metrics = await admin.get('/metrics');
    const titles = await titlesOf(program.pid);
    expect(titles.length).toBeGreaterThan(2);
    process.kill(redis.pid, 'SIGKILL');
    const refused = await api.get(`/api/v1/invites/${code}`);
    expect(refused.status).toBe(503);
    program.signal('SIGTERM');
    const { out, err } = await program.ended();

    const seen = [out, err, metrics.text, failed.text, refused.text, ...titles].join('\n');
    const hidden = {
      password,
      gatewayKey,
      postgresPassword,
      query,
      webhookSecret,
      badToken,
      code,
      userId,
      SECRET,
    };
    for (const [what, text] of Object.entries(hidden)) expect(seen.includes(text), what).toBe(false);

    const lines = jsonLines(err);
    const requests = lines.filter(({ msg }) => msg === 'request');
    const accept = requests.find(({ trace_id, method }) => trace_id === TRACE_ID && method === 'POST');
    expect(accept).toMatchObject({
      route: '/invites/{code}',
      status: 200,
      request_id: answers[0]?.headers['x-request-id'],
    });
    expect(accept?.['ms']).toBeGreaterThan(0);
    expect(requests.find(({ route }) => route === null)).toMatchObject({ status: 404, method: 'GET' });
    expect(requests.filter(({ status }) => status === 401)).toHaveLength(2);
    const bug = lines.find(({ msg }) => msg === 'a request failed');
    expect(bug).toMatchObject({ request_id: 'the-failing-one', trace_id: TRACE_ID });
  });

  it('has no line for a request unless that is asked for', async () => {
    const program = await startProgram();
    const { url } = await program.ready();
    expect((await fetch(`${url}/api/v1/invites/nosuchcode`)).status).toBe(404);
    program.signal('SIGTERM');
    const { err } = await program.ended();
    expect(jsonLines(err).filter(({ msg }) => msg === 'request')).toEqual([]);
  });

  it('sums up what comes again and again: ten lines of a kind, and how many more there were', async () => {
    const script = `
      import { createLog } from ${JSON.stringify(join(ROOT, 'dist', 'log.js'))};
      const log = createLog('info');
      for (let n = 0; n < 100_000; n += 1) log.error({ n }, 'it failed');
      log.error('something else');
      setTimeout(() => log.error('it failed'), 1500);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += String(chunk);
    });
    await once(child, 'close');
    const lines = jsonLines(err).map(({ msg, n, suppressed }) => [msg, n ?? suppressed]);
    expect(lines).toEqual([
      ...Array.from({ length: 10 }, (_, n) => ['it failed', n]),
      ['something else', undefined],
      ['it failed', 99_990],
      ['it failed', undefined],
    ]);
  });
});

/** Makes the record of an invite one that can't be read. */
const CORRUPT = `
for _, key in ipairs(redis.call('KEYS', 'invited:*:invite:' .. ARGV[1])) do
  redis.call('SET', key, 'no record of an invite')
end`;

async function redisDo(url: string, password: string, command: readonly string[]): Promise<void> {
  const client = new Redis(url, { ...(password === '' ? {} : { password }), protocol: 2 });
  const [name = '', ...args] = command;
  await client.call(name, ...args);
  client.disconnect();
}
