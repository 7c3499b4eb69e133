import { describe, expect, it } from 'vitest';
import { BodyStream } from '../../src/http/body-stream.js';
import { readLines } from '../../src/http/import/lines.js';
import { parseJson } from '../../src/http/json.js';
import { NO_CONTENT } from '../../src/http/reply.js';
import { open } from '../../src/http/route.js';
import { createRouter } from '../../src/http/router.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('parseJson', () => {
  it.each(['{}', '[]', 'null', '5', '"é"', '{"a":[1,{"b":null}]}', '{"constructor":1}'])(
    'reads %s',
    (text) => {
      expect(parseJson(bytes(text))).toEqual({ ok: true, value: JSON.parse(text) });
    },
  );

  it('reads nothing as undefined', () => {
    expect(parseJson(bytes(''))).toEqual({ ok: true, value: undefined });
  });

  it.each([
    ['cut off', '{"a":', 'body'],
    ['a byte order mark', '\ufeff{}', 'body'],
    ['65 deep', `${'['.repeat(65)}${']'.repeat(65)}`, 'body'],
    ['8,000 deep', `${'['.repeat(8000)}${']'.repeat(8000)}`, 'body'],
    ['__proto__', '{"a":{"__proto__":{"x":1}}}', 'a.__proto__'],
    ['a lone surrogate', '{"name":"\\ud800"}', 'name'],
    ['a lone surrogate as a key', '{"\\udc00":1}', '\ufffd'],
  ])('refuses %s', (_, text, path) => {
    expect(parseJson(bytes(text))).toMatchObject({ ok: false, error: { path, code: 'INVALID_JSON' } });
  });

  it('reads 64 deep, and pollutes nothing', () => {
    expect(parseJson(bytes(`${'['.repeat(64)}${']'.repeat(64)}`)).ok).toBe(true);
    parseJson(bytes('{"__proto__":{"polluted":1}}'));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('refuses invalid UTF-8', () => {
    expect(parseJson(new Uint8Array([0x22, 0xff, 0x22])).ok).toBe(false);
  });
});

describe('the router', () => {
  const route = (method: 'GET' | 'POST' | 'DELETE', path: string) =>
    open(method, path, async () => NO_CONTENT);
  const router = createRouter(
    [
      {
        bases: ['/api/v1', '/v1'],
        routes: [route('GET', '/invites/{code}'), route('POST', '/invites/{code}')],
      },
      { bases: [''], routes: [route('GET', '/{code}'), route('GET', '/about')] },
    ],
    (segment) => segment === 'reserved',
  );
  const found = (method: string, path: string) => {
    const match = router.match(method, path);
    return match.kind === 'route'
      ? [
          match.route.path,
          Object.fromEntries(match.params.names.map((name, at) => [name, match.params.values[at]])),
        ]
      : match;
  };

  it('finds routes under every base, HEAD as GET', () => {
    expect(found('GET', '/api/v1/invites/abc')).toEqual(['/invites/{code}', { code: 'abc' }]);
    expect(found('HEAD', '/v1/invites/abc')).toEqual(['/invites/{code}', { code: 'abc' }]);
    expect(found('GET', '/abc')).toEqual(['/{code}', { code: 'abc' }]);
  });

  it('prefers a literal segment to an open one', () => {
    expect(found('GET', '/about')).toEqual(['/about', {}]);
  });

  it.each([
    '/',
    '//',
    '/v1/invites/',
    '/v1/invites',
    '/v1//abc',
    '/v1/invites/abc/',
    '/api/v2/invites/abc',
    '/reserved',
    'abc',
    '',
  ])('finds nothing at %j', (path) => {
    expect(found('GET', path)).toEqual({ kind: 'not_found' });
  });

  it('names what a path allows', () => {
    expect(found('PUT', '/v1/invites/abc')).toEqual({ kind: 'method_not_allowed', allow: 'GET, HEAD, POST' });
    expect(found('PUT', '/reserved')).toEqual({ kind: 'not_found' });
  });
});

describe('readLines', () => {
  const lines = async (chunks: readonly string[], max = 10) => {
    async function* stream() {
      for (const chunk of chunks) yield bytes(chunk);
    }
    const read = [];
    for await (const line of readLines(stream(), max)) {
      read.push([line.number, line.bytes === null ? null : new TextDecoder().decode(line.bytes)]);
    }
    return read;
  };

  it('cuts at LF and CRLF, counts empty lines and leaves them out', async () => {
    expect(await lines(['a\nb\r\n\n\r\nc'])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [5, 'c'],
    ]);
  });

  it('gives the same however the stream is cut', async () => {
    const text = 'one\r\n\ntwo\nélan\n';
    const whole = await lines([text]);
    for (let at = 0; at <= text.length; at += 1) {
      expect(await lines([text.slice(0, at), text.slice(at)])).toEqual(whole);
    }
  });

  it.each([
    ['0123456789\n', '0123456789'],
    ['0123456789\r\n', '0123456789'],
    ['01234567890\n', null],
    ['01234567890\r\n', null],
    ['0123456789012345\n', null],
  ])('holds %j against the limit of 10 bytes', async (text, line) => {
    expect(await lines([`${text}next\n`])).toEqual([
      [1, line],
      [2, 'next'],
    ]);
  });

  it('finds nothing in nothing', async () => {
    expect(await lines([])).toEqual([]);
    expect(await lines(['\n\n'])).toEqual([]);
  });
});

describe('BodyStream', () => {
  it('pauses a sender who is faster than the reader, and lets him go on', async () => {
    const calls: string[] = [];
    const stream = new BodyStream({ pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    for (let at = 0; at < 5; at += 1) stream.push(new Uint8Array(64 * 1024));
    expect(calls).toEqual(['pause']);
    stream.end();
    let read = 0;
    for await (const chunk of stream) read += chunk.byteLength;
    expect(read).toBe(5 * 64 * 1024);
    expect(calls).toEqual(['pause', 'resume']);
  });

  it('ends for its reader when the sender goes away', async () => {
    const stream = new BodyStream({ pause() {}, resume() {} });
    stream.push(bytes('a'));
    const reading = (async () => {
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      return chunks.length;
    })();
    await Promise.resolve();
    stream.abort();
    expect(await reading).toBeLessThanOrEqual(1);
  });
});
