// /openapi.json, and whether it is a sound document: by a linter, by its own examples, and against the routes that there are.

import { type IncomingHttpHeaders, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/http/openapi/operations/operations.js';
import { type Answer, type JsonObject, raw } from '../support/client.js';
import { type Host, startHost } from '../support/directory.js';
import { adminGroups, openApi, publicGroups, resolve, schemaProblem } from '../support/openapi.js';

let host: Host;
beforeAll(async () => {
  host = await startHost({ INVITED_PUBLIC_URL: 'https://chat.example/join/' });
});
afterAll(() => host.stop());

const get = (headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  host.api.get('/openapi.json', { headers });

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1 under the public URL, with all that is served', async () => {
    const answer = await get();
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    const document = answer.object() as unknown as typeof openApi;
    expect(document['openapi']).toMatch(/^3\.1\./);
    expect(document['servers']).toEqual([
      { url: 'https://chat.example/join', description: 'The public listener' },
    ]);
    // This server has no Postgres, so it has no joins to show.
    const withoutJoins = Object.keys(openApi.paths).filter((path) => !path.endsWith('/joins'));
    expect(Object.keys(document.paths)).toEqual(withoutJoins);
    expect(document.components['schemas']).not.toHaveProperty('JoinPage');
  });

  it('has an ETag, under which it is asked for anew', async () => {
    const first = await get();
    const etag = String(first.headers['etag']);
    expect(first.headers['cache-control']).toBe('no-cache');
    expect((await get()).headers['etag']).toBe(etag);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await get({ 'If-None-Match': known });
      expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag]);
    }
    expect((await get({ 'If-None-Match': '"another"' })).status).toBe(200);
  });

  it('comes in gzip to who accepts it, as another representation', async () => {
    const plain = await get();
    const zipped = await fetchBytes('/openapi.json', 'gzip');
    expect(zipped.headers.vary).toBe('Accept-Encoding');
    expect(gunzipSync(zipped.bytes).toString()).toBe(plain.text);
    expect(zipped.bytes.length).toBeLessThan(plain.text.length / 5);
    expect(zipped.headers.etag).not.toBe(plain.headers['etag']);
    for (const refusing of ['identity', 'gzip;q=0', 'br']) {
      expect((await get({ 'Accept-Encoding': refusing })).text).toBe(plain.text);
    }
  });

  it('answers HEAD, and nothing else', async () => {
    const head = await host.api.head('/openapi.json');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength((await get()).text)));
    expect((await host.api.post('/openapi.json')).headers['allow']).toBe('GET, HEAD');
  });

  it('is on the public listener alone, and no code', async () => {
    for (const path of ['/openapi.json', '/docs', '/docs/x']) {
      expect((await host.admin.get(path)).status).toBe(404);
      expect((await host.api.get(`${path}/`)).status).toBe(404);
      expect((await host.api.get(`/api/v1${path}`)).status).toBe(404);
    }
  });
});

describe('GET /docs', () => {
  const page = () => host.api.get('/docs');
  const filesOf = async () =>
    [...(await page()).text.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, file]) => file);

  it('is a page that may load its own files and nothing else', async () => {
    const answer = await page();
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.text).not.toMatch(/https?:\/\//);
    expect(await filesOf()).toHaveLength(3);
  });

  it('has files that may be kept for ever, of the types that they are', async () => {
    for (const file of await filesOf()) {
      const answer = await host.api.get(`/${file}`);
      const type = file?.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8';
      expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      const zipped = await fetchBytes(`/${file}`, 'br, gzip');
      expect(zipped.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(zipped.bytes).toString()).toBe(answer.text);
      const again = await host.api.get(`/${file}`, {
        headers: { 'If-None-Match': String(answer.headers['etag']) },
      });
      expect(again.status).toBe(304);
    }
  });

  it.each(['/docs/x', '/docs/swagger-ui.css', '/docs/LICENSE', '/docs/..%2f..%2fmain.js', '/docs/%00'])(
    'has no %s',
    async (path) => {
      expect((await host.api.get(path)).status).toBe(404);
    },
  );

  it('has no way out of its folder', async () => {
    const answer = await raw(host.server.url, ['GET /docs/../../package.json HTTP/1.1\r\nHost: x\r\n\r\n']);
    expect(answer.status).toBe(404);
  });
});

/** As the bytes came: the client reads text. */
function fetchBytes(
  path: string,
  encoding: string,
): Promise<{ headers: IncomingHttpHeaders; bytes: Buffer }> {
  return new Promise((fulfil, reject) => {
    const options = { headers: { 'Accept-Encoding': encoding }, agent: false };
    const outgoing = request(`${host.server.url}${path}`, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => fulfil({ headers: incoming.headers, bytes: Buffer.concat(chunks) }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe('the document', () => {
  it('passes a linter without a word', async () => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      rules: {
        'no-invalid-media-type-examples': 'error',
        'no-invalid-schema-examples': 'error',
        'no-invalid-parameter-examples': 'error',
        'operation-operationId': 'error',
        'operation-tag-defined': 'error',
        'operation-singular-tag': 'error',
        'parameter-description': 'error',
        'path-params-defined': 'error',
        'component-name-unique': 'off',
      },
    });
    const problems = await lintFromString({
      source: JSON.stringify(openApi),
      absoluteRef: '/openapi.json',
      config,
    });
    expect(
      problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
    ).toEqual([]);
  });

  it('is made of nothing but the routes that there are', () => {
    const routes = [...publicGroups, ...adminGroups].flatMap(({ bases, routes: some }) =>
      some.map(({ method, path }) => `${method} ${bases[0]}${path}`),
    );
    expect(Object.keys(OPERATIONS).sort()).toEqual(routes.sort());
    const described = Object.entries(openApi.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => !['parameters', 'servers'].includes(key))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(routes);
  });

  it('has examples of everything that it shows, which are as it says', () => {
    const problems: string[] = [];
    let count = 0;
    const judge = (where: string, schema: JsonObject, value: unknown): void => {
      count += 1;
      const problem = schemaProblem(schema, value);
      if (problem !== null) problems.push(`${where}: ${problem}`);
    };
    const walk = (where: string, node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      const { schema, example, examples } = node as JsonObject;
      if (Array.isArray(examples)) for (const one of examples) judge(where, node as JsonObject, one);
      if (typeof schema === 'object' && schema !== null) {
        if (example !== undefined) judge(where, schema as JsonObject, example);
        for (const one of Object.values((examples ?? {}) as Readonly<Record<string, JsonObject>>)) {
          judge(where, schema as JsonObject, one['value']);
        }
      }
      for (const [key, value] of Object.entries(node)) {
        if (key !== 'examples' && key !== 'example') walk(`${where}/${key}`, value);
      }
    };
    walk('', openApi);
    expect(problems).toEqual([]);
    expect(count).toBeGreaterThan(100);
  });

  it('has an example of every JSON body', () => {
    const lacking: string[] = [];
    const walk = (where: string, node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node as JsonObject)) {
        if (key === 'application/json' || key === 'application/problem+json') {
          const { schema, example, examples } = value as JsonObject;
          const named = resolve(schema as JsonObject);
          const isOwn = where.endsWith('/openapi.json/get/responses/200/content');
          if (
            example === undefined &&
            examples === undefined &&
            named?.['examples'] === undefined &&
            !isOwn
          ) {
            lacking.push(where);
          }
        }
        walk(`${where}/${key}`, value);
      }
    };
    walk('', openApi);
    expect(lacking).toEqual([]);
  });

  it('says how one calls each operation that is not for anyone', () => {
    for (const { bases, routes } of [...publicGroups, ...adminGroups]) {
      for (const { method, path, access } of routes) {
        const operation = openApi.paths[`${bases[0]}${path}`]?.[method.toLowerCase()] as JsonObject;
        const security = operation['security'] as readonly JsonObject[];
        const isNeeded = security.length > 0 && !security.some((one) => Object.keys(one).length === 0);
        expect({ method, path, isNeeded }).toEqual({ method, path, isNeeded: access !== 'anyone' });
      }
    }
  });

  it('has the admin listener under another address', () => {
    for (const [path, item] of Object.entries(openApi.paths)) {
      const isAdmin = /^\/(internal\/|healthz|readyz|metrics)/.test(path);
      expect({ path, has: item['servers'] !== undefined }).toEqual({ path, has: isAdmin });
    }
  });
});
