// Errors in the form of RFC 9457, for who asks for them by Accept; in the usual form for everyone else.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Call, raw } from '../support/client.js';
import { asService, type Host, makeGuild, startHost, type TestGuild } from '../support/directory.js';
import { expectCommonHeaders, expectError } from '../support/expect-answer.js';
import { snowflake, unusedCode } from '../support/ids.js';

const PROBLEM_TYPE = 'application/problem+json';

let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host);
});
afterAll(() => host.stop());

const asking = (accept: string, call: Call = {}): Call => ({
  ...call,
  headers: { ...call.headers, Accept: accept },
});

function expectProblem(answer: Answer, status: number, title: string, code: string): void {
  expect(answer.headers['content-type']).toBe(PROBLEM_TYPE);
  expect({ status: answer.status, body: answer.object() }).toMatchObject({
    status,
    body: { type: 'about:blank', title, status, detail: expect.stringMatching(/./), code },
  });
  expectCommonHeaders(answer);
}

describe('application/problem+json', () => {
  it.each([
    [
      'a path that is none',
      404,
      'Not Found',
      'NOT_FOUND',
      () => host.api.get('/api/v1/x', asking(PROBLEM_TYPE)),
    ],
    [
      'a method that is none',
      405,
      'Method Not Allowed',
      'METHOD_NOT_ALLOWED',
      () => host.api.put('/api/v1/invites/x', asking(PROBLEM_TYPE)),
    ],
    [
      'nobody',
      401,
      'Unauthorized',
      'UNAUTHORIZED',
      () => host.api.post('/api/v1/invites/x', asking(PROBLEM_TYPE)),
    ],
    [
      'another role',
      403,
      'Forbidden',
      'ACCESS_DENIED',
      () => host.admin.get('/internal/v1/users/5', asking(PROBLEM_TYPE, { as: '5' })),
    ],
    [
      'an unknown invite',
      404,
      'Not Found',
      'UNKNOWN_INVITE',
      () => host.api.get(`/api/v1/invites/${unusedCode()}`, asking(PROBLEM_TYPE)),
    ],
    [
      'an unknown invite of a share URL',
      404,
      'Not Found',
      'UNKNOWN_INVITE',
      () => host.api.get(`/invite/${unusedCode()}`, asking(PROBLEM_TYPE)),
    ],
    [
      'a body that is too large',
      413,
      'Payload Too Large',
      'PAYLOAD_TOO_LARGE',
      () => host.api.get('/api/v1/invites/x', asking(PROBLEM_TYPE, { body: 'x'.repeat(20_000) })),
    ],
    [
      'a cursor that is none',
      400,
      'Bad Request',
      'INVALID_FORM_BODY',
      () => host.admin.get('/internal/v1/events?after=x', asService(asking(PROBLEM_TYPE))),
    ],
  ] as const)('answers %s with %i %s %s', async (_what, status, title, code, ask) => {
    expectProblem(await ask(), status, title, code);
  });

  it('has the errors of the fields, and what headers the error has', async () => {
    const path = `/api/v1/channels/${guild.channelId}/invites`;
    const call = { as: guild.ownerId, json: { max_age: -1, max_uses: 101 } };
    const plain = await host.api.post(path, call);
    const answer = await host.api.post(path, asking(PROBLEM_TYPE, call));
    expectProblem(answer, 400, 'Bad Request', 'INVALID_FORM_BODY');
    expect(answer.object()['errors']).toEqual(plain.object()['errors']);
    expect(answer.object()['detail']).toBe(plain.object()['message']);
    expect(Object.keys(answer.object())).toEqual(['type', 'title', 'status', 'detail', 'code', 'errors']);
    expect((await host.api.post(path, asking(PROBLEM_TYPE))).headers['www-authenticate']).toBe('Bearer');
    expect((await host.api.put(path, asking(PROBLEM_TYPE))).headers['allow']).toContain('POST');
  });

  it('answers HEAD with the headers alone', async () => {
    const head = await host.api.head(`/api/v1/invites/${unusedCode()}`, asking(PROBLEM_TYPE));
    expect([head.status, head.headers['content-type'], head.text]).toEqual([404, PROBLEM_TYPE, '']);
  });

  it('is for framing that is in doubt too', async () => {
    const answer = await raw(host.server.url, [
      `GET /api/v1/invites/x HTTP/1.1\r\nHost: x\r\nHost: y\r\nAccept: ${PROBLEM_TYPE}\r\n\r\n`,
    ]);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 400, code: 'INVALID_FORM_BODY' });
  });
});

describe('Accept', () => {
  const contentType = async (accept: string): Promise<unknown> =>
    (await host.api.get(`/api/v1/invites/${unusedCode()}`, asking(accept))).headers['content-type'];

  it.each([
    'application/problem+json',
    'APPLICATION/Problem+JSON',
    'application/problem+json; charset=utf-8',
    'application/problem+json, application/json',
    'application/json;q=0.5, application/problem+json',
    'text/html, application/problem+json;q=0.1',
  ])('of %s gets it', async (accept) => {
    expect(await contentType(accept)).toBe(PROBLEM_TYPE);
  });

  it.each([
    '*/*',
    'application/*',
    'application/json',
    'application/json, application/problem+json',
    'application/json, application/problem+json;q=0.9',
    'application/problem+json;q=0',
    'application/problem+jsonx',
    'text/html',
    'nonsense',
  ])('of %s gets the usual form', async (accept) => {
    expect(await contentType(accept)).toBe('application/json');
  });

  it('changes nothing of what succeeds', async () => {
    const answer = await host.admin.get(`/internal/v1/guilds/${guild.id}`, asService(asking(PROBLEM_TYPE)));
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
  });

  it('is not needed', async () => {
    expectError(await host.api.get(`/api/v1/invites/${snowflake()}`), 404, 'UNKNOWN_INVITE');
  });
});
