// Health: whoever watches the server asks without a name and gets a plain yes. What an outage does to it is
// outage.test.ts's subject.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

describe.each(['/healthz', '/readyz'])('%s', (path) => {
  it.each([
    ['nobody', {}],
    ['a bad token', { headers: { Authorization: 'Bearer nonsense' } }],
    ['a bad gateway key', { headers: { 'X-Invited-Gateway-Key': 'wrong', 'X-Invited-User': 'x' } }],
    ['a user', { as: snowflake() }],
    ['a service', { as: '1', role: 'service' }],
  ] as const)('is 200 to %s', async (_who, call) => {
    const answer = await host.admin.get(path, call);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers['x-request-id']).toMatch(/^[!-~]{1,128}$/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it('takes any query, and answers HEAD with no body', async () => {
    expect((await host.admin.get(`${path}?x=1&y`)).status).toBe(200);
    const head = await host.admin.head(path);
    expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: '' });
  });

  it('echoes the X-Request-Id', async () => {
    const answer = await host.admin.get(path, { headers: { 'X-Request-Id': 'probe-1' } });
    expect(answer.headers['x-request-id']).toBe('probe-1');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('has no %s', async (method) => {
    const answer = await host.admin.request(method, path);
    expectError(answer, 405, 'METHOD_NOT_ALLOWED');
    const allowed = String(answer.headers['allow']).split(/, */).sort();
    expect(allowed).toEqual(['GET', 'HEAD']);
  });

  it('is at this path alone', async () => {
    for (const other of [
      `${path}/`,
      `${path}/x`,
      `/internal/v1${path}`,
      `/api/v1${path}`,
      path.toUpperCase(),
    ]) {
      expectError(await host.admin.get(other), 404, 'NOT_FOUND');
    }
    for (const other of [path, `/api/v1${path}`, `/v1${path}`, `/internal/v1${path}`]) {
      expectError(await host.api.get(other), 404, 'NOT_FOUND');
      expectError(await host.api.get(other, { as: '1', role: 'service' }), 404, 'NOT_FOUND');
    }
  });

  it('answers 200 times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => host.admin.get(path)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });
});
