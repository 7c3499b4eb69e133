// Bodies: what is no JSON, what is JSON and still a trap, and how large a body may be. Each refusal changes nothing.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, raw, signToken } from '../support/client.js';
import {
  asService,
  decodeInvite,
  type Host,
  internalGet,
  makeGuild,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError, expectInvalid } from '../support/expect-answer.js';
import { snowflake, unusedVanity } from '../support/ids.js';

const BODY_MAX_BYTES = 16_384;

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

let guild: TestGuild;
beforeEach(async () => {
  guild = await makeGuild(host, { features: ['VANITY_URL'] });
});

type Body = string | Uint8Array;

const create = (body: Body, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  host.api.post(`/api/v1/channels/${guild.channelId}/invites`, { as: guild.ownerId, body, headers });
const setVanity = (body: Body): Promise<Answer> =>
  host.api.patch(`/api/v1/guilds/${guild.id}/vanity-url`, { as: guild.ownerId, body });
const putGuild = (body: Body): Promise<Answer> =>
  host.admin.put(`/internal/v1/guilds/${guild.id}`, asService({ body }));

async function listLength(): Promise<number> {
  return (await host.api.get(`/api/v1/guilds/${guild.id}/invites`, { as: guild.ownerId })).list().length;
}

/** `{"x": …}` with so many brackets around nothing, the outermost brace counted. */
const nested = (depth: number, open = '[', close = ']'): string =>
  `{"x":${open.repeat(depth - 1)}${close.repeat(depth - 1)}}`;
const nestedObjects = (depth: number): string => `${'{"x":'.repeat(depth)}0${'}'.repeat(depth)}`;
const withBytes = (before: string, bytes: readonly number[], after: string): Uint8Array =>
  Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);

describe('a body that is refused', () => {
  afterEach(async () => {
    expect(await listLength()).toBe(0);
    expect((await internalGet(host, `/guilds/${guild.id}`)).object()).toMatchObject({ name: guild.name });
    const vanity = await host.api.get(`/api/v1/guilds/${guild.id}/vanity-url`, { as: guild.ownerId });
    expect(vanity.json()).toEqual({ code: null, uses: 0 });
  });

  it.each([
    '{',
    '}',
    '{"max_uses":}',
    '{"max_uses":1,}',
    '{max_uses:1}',
    "{'max_uses':1}",
    '{"max_uses":1}x',
    '{"max_uses":1}{}',
    '{"max_uses":01}',
    '{"max_uses":+1}',
    '{"max_uses":.5}',
    '{"max_uses":1.}',
    '{"max_uses":0x1}',
    '{"max_uses":NaN}',
    '{"max_uses":Infinity}',
    '{"max_uses":undefined}',
    '{"max_uses":1 /* one */}',
    '{"x":"a\nb"}',
    '{"x":"\\x41"}',
    '{"x":"\\u12"}',
    '{"x":"unfinished}',
    'nope',
    'max_uses=1',
    '\u0000',
    '{}\u0000',
    'nul',
  ])('%j is no JSON', async (body) => {
    expectInvalid(await create(body), 'body');
    expectInvalid(await setVanity(body), 'body');
    expectInvalid(await putGuild(body), 'body');
  });

  it.each(['[]', '[{}]', '"x"', '5', 'true', 'false', '""', '0'])(
    '%j is JSON but no object',
    async (body) => {
      expectInvalid(await setVanity(body));
      expectInvalid(await putGuild(body));
      expectInvalid(await create(body), 'body');
    },
  );

  it('begins with a byte order mark', async () => {
    const bom = [0xef, 0xbb, 0xbf];
    expectInvalid(await create(withBytes('', bom, '{}')));
    expectInvalid(await setVanity(withBytes('', bom, '{"code":null}')));
    expectInvalid(await putGuild(withBytes('', bom, `{"name":"x","owner_id":"${guild.ownerId}"}`)));
    expectInvalid(await create(Buffer.from('\ufeff{}', 'utf16le')));
  });

  it.each([
    '{"__proto__":{"max_uses":1}}',
    '{"__proto__":null}',
    '{"max_uses":1,"__proto__":1}',
    '{"x":{"__proto__":1}}',
    '{"x":[{"y":[{"__proto__":{}}]}]}',
    '{"\\u005f_proto__":1}',
    '{"x":{"\\u005f\\u005fproto\\u005f\\u005f":1}}',
  ])('has a key __proto__: %s', async (body) => {
    expectInvalid(await create(body));
    expectInvalid(await setVanity(`{"code":"${unusedVanity()}",${body.slice(1)}`));
    expectInvalid(await putGuild(`{"name":"new","owner_id":"${guild.ownerId}",${body.slice(1)}`));
  });

  it.each([66, 100, 1_000, 8_000])('is nested %i deep', async (depth) => {
    expectInvalid(await create(nested(depth)));
    expectInvalid(await putGuild(`{"name":"new","owner_id":"${guild.ownerId}",${nested(depth).slice(1)}`));
    if (depth <= 2_000) expectInvalid(await create(nestedObjects(depth)));
  });

  it('is open 16,000 deep and never closed', async () => {
    expectInvalid(await create('['.repeat(16_000)));
    expectInvalid(await create('{"x":'.repeat(3_000)));
  });

  it.each([
    ['max_age', '1e400'],
    ['max_age', '-1e400'],
    ['max_age', '"5"'],
    ['max_age', '9007199254740993'],
    ['max_age', '18446744073709551616'],
    ['max_age', '1.5'],
    ['max_age', '1e-1'],
    ['max_age', '604800.0000001'],
    ['max_age', '-1'],
    ['max_age', '1e300'],
    ['max_uses', '1e400'],
    ['max_uses', '"100"'],
    ['max_uses', '4294967296'],
    ['max_uses', '4294967297'],
    ['max_uses', '0.1'],
    ['max_uses', '{"$gt":0}'],
    ['max_uses', '[5]'],
    ['temporary', '"true"'],
    ['temporary', '1'],
    ['unique', '"false"'],
  ])('has %s: %s', async (field, value) => {
    expectInvalid(await create(`{"${field}":${value}}`), field);
  });

  it.each(['\\ud800', '\\udc00', 'a\\ud83d', '\\ude00\\ud83d', '\\ud800\\u0041'])(
    'has a lone surrogate: %s',
    async (text) => {
      expectInvalid(await putGuild(`{"name":"${text}","owner_id":"${guild.ownerId}"}`));
      expectInvalid(await setVanity(`{"code":"abcdef${text}"}`));
      expectInvalid(await create(`{"x":"${text}"}`));
    },
  );

  it.each(['5', '-5', '1e18', '[]', 'true', '{}'])('has an id that is no string: %s', async (id) => {
    expectInvalid(await putGuild(`{"name":"new","owner_id":${id}}`), 'owner_id');
  });

  it.each(['"01"', '"-1"', '"9223372036854775808"', '"abc"', '""', '"1.0"', '" 1"'])(
    'has an id that is none: %s',
    async (id) => {
      expectInvalid(await putGuild(`{"name":"new","owner_id":${id}}`), 'owner_id');
    },
  );

  it('is over 16 KiB, whether it is JSON or not', async () => {
    for (const body of ['x'.repeat(BODY_MAX_BYTES + 1), padded(BODY_MAX_BYTES + 1), padded(1_000_000)]) {
      expectError(await create(body), 413, 'PAYLOAD_TOO_LARGE');
      expectError(await setVanity(body), 413, 'PAYLOAD_TOO_LARGE');
      expectError(await putGuild(body), 413, 'PAYLOAD_TOO_LARGE');
    }
  });

  it('only says that it is over 16 KiB', async () => {
    for (const length of [BODY_MAX_BYTES + 1, 1_000_000, 999_999_999]) {
      const { status } = await rawCreate(`Content-Length: ${length}`, '{}');
      expect({ length, status }).toEqual({ length, status: 413 });
    }
  });

  it('says a length that no body has', async () => {
    for (const length of [
      String(2n ** 63n),
      String(2n ** 64n + 2n),
      '9'.repeat(40),
      '-1',
      '2x',
      '0x2',
      '2,3',
    ]) {
      const { status } = await rawCreate(`Content-Length: ${length}`, '{}');
      expect([0, 400, 413]).toContain(status);
    }
  });

  it('comes in pieces of over 16 KiB together', async () => {
    const piece = `${(8_192).toString(16)}\r\n${' '.repeat(8_192)}\r\n`;
    const answer = await rawCreate('Transfer-Encoding: chunked', `${piece.repeat(2)}2\r\n{}\r\n0\r\n\r\n`);
    expect(answer.status).toBe(413);
  });
});

describe('a body that is taken', () => {
  const settingsOf = async (body: Body): Promise<unknown> => {
    const { max_age, max_uses, temporary } = decodeInvite(await create(body)) as {
      readonly max_age?: unknown;
      readonly max_uses?: unknown;
      readonly temporary?: unknown;
    };
    return { max_age, max_uses, temporary };
  };

  it.each([
    ['{"max_age":5.0,"max_uses":1e2}', { max_age: 5, max_uses: 100, temporary: false }],
    ['{"max_age":-0,"max_uses":-0.0}', { max_age: 0, max_uses: 0, temporary: false }],
    ['{"max_age":6048E2,"max_uses":0e5}', { max_age: 604_800, max_uses: 0, temporary: false }],
    ['{"max_age":50e-1,"max_uses":10.00}', { max_age: 5, max_uses: 10, temporary: false }],
    ['{"max_uses":200,"max_uses":3}', { max_age: 86_400, max_uses: 3, temporary: false }],
    ['{"max_uses":"x","max_uses":3}', { max_age: 86_400, max_uses: 3, temporary: false }],
    ['{"max_uses":3,"max_uses":null}', { max_age: 86_400, max_uses: 0, temporary: false }],
    ['{"max\\u005fuses":4}', { max_age: 86_400, max_uses: 4, temporary: false }],
    [' \r\n\t{ "max_age" : 60 , "temporary" : true } \n', { max_age: 60, max_uses: 0, temporary: true }],
    ['{"constructor":1,"prototype":{},"toString":"x"}', { max_age: 86_400, max_uses: 0, temporary: false }],
    ['{"proto":1,"_proto_":1,"x":"__proto__"}', { max_age: 86_400, max_uses: 0, temporary: false }],
    ['{"MAX_AGE":5,"maxAge":5}', { max_age: 86_400, max_uses: 0, temporary: false }],
    ['{"x":9007199254740993,"y":1e300}', { max_age: 86_400, max_uses: 0, temporary: false }],
    ['{"x":"[[[[{{{{\\"","y":"\\\\"}', { max_age: 86_400, max_uses: 0, temporary: false }],
  ])('%s', async (body, expected) => {
    expect(await settingsOf(body)).toEqual(expected);
  });

  it.each([2, 63, 64])('may be nested %i deep', async (depth) => {
    expect((await create(nested(depth))).status).toBe(200);
    expect((await create(nestedObjects(depth))).status).toBe(200);
  });

  it('may be wide, and may have brackets in its strings', async () => {
    expect((await create(`{"x":[${'[],'.repeat(4_000)}[]]}`)).status).toBe(200);
    expect((await create(`{"x":"${'['.repeat(10_000)}"}`)).status).toBe(200);
  });

  it('keeps every letter of Unicode', async () => {
    for (const [text, name] of [
      ['\\ud83e\\udd8a', '🦊'],
      ['\\u00e5\\/\\"', 'å/"'],
      ['🦊日本', '🦊日本'],
    ]) {
      const answer = await putGuild(`{"name":"${text}","owner_id":"${guild.ownerId}"}`);
      expect(answer.object()).toMatchObject({ name });
      expect((await internalGet(host, `/guilds/${guild.id}`)).object()).toMatchObject({ name });
    }
  });

  it('may have 16,384 bytes and no more, counted as bytes', async () => {
    expect((await create(padded(BODY_MAX_BYTES - 1))).status).toBe(200);
    expect((await create(padded(BODY_MAX_BYTES))).status).toBe(200);
    expectError(await create(padded(BODY_MAX_BYTES + 1)), 413, 'PAYLOAD_TOO_LARGE');
    const letters = `{"x":"${'é'.repeat(8_188)}"}`;
    expect(Buffer.byteLength(letters)).toBe(BODY_MAX_BYTES);
    expect((await create(letters)).status).toBe(200);
    expectError(await create(`${letters} `), 413, 'PAYLOAD_TOO_LARGE');
    expect(await listLength()).toBe(3);
  });

  it('may come in pieces', async () => {
    const chunked = '6\r\n{"max_\r\n9\r\nuses":42}\r\n0\r\n\r\n';
    const answer = await rawCreate('Transfer-Encoding: chunked', chunked);
    expect({ status: answer.status, uses: JSON.parse(answer.body).max_uses }).toEqual({
      status: 200,
      uses: 42,
    });
  });

  it('may come after a refused one on the same connection', async () => {
    for (let time = 0; time < 5; time += 1) {
      expectInvalid(await create('{'), 'body');
      expect((await create('{}')).status).toBe(200);
    }
    expect(await listLength()).toBe(5);
  });
});

it('a trap in one request leaves no trace in the next', async () => {
  await create('{"__proto__":{"max_uses":7,"temporary":true}}');
  await create('{"constructor":{"prototype":{"max_uses":7}}}');
  expect(decodeInvite(await create('{}'))).toMatchObject({ max_uses: 0, temporary: false });
  expect((await host.api.get(`/api/v1/invites/${snowflake()}`)).status).toBe(404);
});

/** A JSON object of exactly so many bytes. */
function padded(bytes: number): string {
  return `{"x":"${'p'.repeat(bytes - 8)}"}`;
}

async function rawCreate(header: string, body: string) {
  const token = await signToken(host.server.secret, { sub: guild.ownerId });
  return raw(host.server.url, [
    `POST /api/v1/channels/${guild.channelId}/invites HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: Bearer ${token}\r\n${header}\r\n\r\n${body}`,
  ]);
}
