// The house's own rules: who may import whom, no circles, and the few things that only one file may do.
// Reads the imports as text, so that a file which no test loads is held to them too.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

/** Each folder or file of src/, and what of src/ it may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'secret.ts': [],
  'start-error.ts': [],
  'secret-files.ts': ['start-error.ts'],
  'listen-on.ts': [],
  'key-location.ts': ['secret.ts'],
  'background.ts': [],
  'teardown.ts': [],
  'histogram.ts': [],
  'access-log.ts': [],
  'log.ts': ['config.ts'],
  workers: ['workers', 'listen-on.ts', 'start-error.ts'],
  'cors-origins.ts': [],
  'config.ts': [
    'cors-origins.ts',
    'invite',
    'key-location.ts',
    'listen-on.ts',
    'secret.ts',
    'start-error.ts',
  ],
  'kept-secret.ts': ['config.ts'],
  'settings-described.ts': ['config.ts'],
  'settings-page.ts': ['config.ts', 'settings-described.ts'],
  invite: ['invite'],
  store: ['store', 'invite', 'histogram.ts', 'secret.ts', 'start-error.ts'],
  events: ['events', 'store', 'invite'],
  engine: ['engine', 'store', 'invite'],
  jwks: ['jwks', 'key-location.ts', 'start-error.ts'],
  http: [
    'http',
    'engine',
    'events',
    'invite',
    'jwks',
    'access-log.ts',
    'histogram.ts',
    'listen-on.ts',
    'secret.ts',
    'start-error.ts',
  ],
  webhooks: ['webhooks', 'events', 'store', 'invite', 'secret.ts'],
  jobs: ['jobs', 'events', 'webhooks', 'store', 'postgres', 'invite'],
  postgres: ['postgres', 'invite', 'secret.ts', 'start-error.ts'],
  doctor: [
    'doctor',
    'config.ts',
    'kept-secret.ts',
    'key-location.ts',
    'store',
    'postgres',
    'listen-on.ts',
    'start-error.ts',
  ],
  demo: ['demo', 'engine', 'invite'],
  embedded: ['embedded', 'background.ts', 'start-error.ts'],
  cli: ['cli', 'invite'],
  // In the words of the HTTP API: its bodies are checked by the same schemas.
  library: ['library', 'http', 'engine', 'events', 'invite'],
};

/** Where the parts are joined: they may import everything, and nobody them. */
const isRoot = (file: string): boolean =>
  file === 'main.ts' || file === 'library.ts' || file.startsWith('run/');

/** What only these files may import from outside; a name that ends with / stands for all of its scope. */
const ONLY_IN: Readonly<Record<string, (file: string) => boolean>> = {
  ioredis: (file) => file.startsWith('store/'),
  'uWebSockets.js': (file) => file === 'http/uws.ts',
  jose: (file) => file === 'cli/sign-token.ts' || file.startsWith('jwks/'),
  pg: (file) => file.startsWith('postgres/'),
  '@electric-sql/': (file) => file.startsWith('embedded/'),
  pino: (file) => file === 'log.ts' || file === 'access-log.ts',
  standardwebhooks: (file) => file === 'webhooks/sign.ts',
  'forwarded-parse': (file) => file === 'http/forwarded.ts',
  'ipaddr.js': (file) => file.startsWith('invite/'),
  'rate-limiter-flexible': (file) => file === 'http/limits/limiter.ts',
  'prom-client': (file) => file.startsWith('run/metrics/'),
};

const sources = readSources();

describe('the house', () => {
  it('has only arrows that its plan allows', () => {
    const forbidden = sources.flatMap(({ file, imports }) =>
      isRoot(file)
        ? []
        : imports
            .filter((target) => !(MAY_IMPORT[roomOf(file)] ?? []).includes(roomOf(target)))
            .map((target) => `${file} → ${target}`),
    );
    expect(forbidden).toEqual([]);
  });

  it('has nobody who imports what joins the parts', () => {
    const importers = sources.flatMap(({ file, imports }) =>
      isRoot(file) ? [] : imports.filter(isRoot).map((target) => `${file} → ${target}`),
    );
    expect(importers).toEqual([]);
  });

  it('has no circles', () => {
    const arrows = new Map(sources.map(({ file, imports }) => [file, imports]));
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      const seenAt = path.indexOf(file);
      if (seenAt !== -1) circles.push([...path.slice(seenAt), file].join(' → '));
      if (done.has(file) || seenAt !== -1) return;
      for (const target of arrows.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const { file } of sources) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('keeps each outside library in its own room', () => {
    const astray = sources.flatMap(({ file, packages }) =>
      packages.filter((name) => ownerOf(name)?.(file) === false).map((name) => `${file} → ${name}`),
    );
    expect(astray).toEqual([]);
  });

  it('reads the environment in main.ts only, which hands it to config.ts', () => {
    const readers = sources.filter(({ text }) => /process\.env\b/.test(text)).map(({ file }) => file);
    expect(readers.filter((file) => !['main.ts', 'config.ts'].includes(file))).toEqual([]);
  });

  it('has no file beyond 350 lines', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > 350).map(({ file }) => file);
    expect(long).toEqual([]);
  });

  it('sees the files it judges', () => {
    expect(sources.length).toBeGreaterThan(40);
    expect(sources.find(({ file }) => file === 'engine/accept.ts')?.imports).toContain('store/store.ts');
  });
});

function ownerOf(name: string): ((file: string) => boolean) | undefined {
  const scope = /^@[^/]+\//.exec(name)?.[0];
  return ONLY_IN[scope ?? name] ?? ONLY_IN[name];
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function readSources() {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(join(SRC, file), 'utf8');
      const code = withoutComments(text);
      const specifiers = [...code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
        (match) => match[1] ?? '',
      );
      return {
        file,
        text: code,
        imports: specifiers
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => relative(SRC, resolve(SRC, dirname(file), specifier)).replace(/\.js$/, '.ts')),
        packages: specifiers.filter(
          (specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'),
        ),
      };
    });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}
