// The pages on settings: docs/configuration.md is what the schema says, and README names nothing that isn't there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environment, loadConfig } from '../../src/config.js';
import { settingsPage } from '../../src/settings-page.js';

const ROOT = join(import.meta.dirname, '../..');
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const names = Object.keys(environment.entries);

/** The variables that a table has a row for; a cell may hold several. */
function rowsOf(page: string): readonly string[] {
  return page
    .split('\n')
    .map((line) => /^\| (`INVITED_[^|]*)\|/.exec(line)?.[1] ?? '')
    .flatMap((cell) => [...cell.matchAll(/`(INVITED_[A-Z_]+)`/g)].map(([, name]) => name ?? ''));
}

describe('docs/configuration.md', () => {
  it('is what the schema and the descriptions make (npm run docs:settings)', () => {
    expect(textOf('docs/configuration.md')).toBe(settingsPage());
  });

  it('has each setting once', () => {
    expect([...rowsOf(settingsPage())].sort()).toEqual([...names].sort());
  });

  it('tells defaults, ranges and words as the settings have them', () => {
    const page = settingsPage();
    expect(page).toMatch(/^\| `INVITED_REDIS_TIMEOUT_MS` \| .* \| 10 – 60,000 \| `2000` \|$/m);
    expect(page).toMatch(/^\| `INVITED_LOG_LEVEL` \| .* \| `fatal`, `error`, .*`silent` \| `info` \|$/m);
    expect(loadConfig({}).redisTimeoutMs).toBe(2000);
    expect(() => loadConfig({ INVITED_REDIS_TIMEOUT_MS: '9' })).toThrow();
    expect(() => loadConfig({ INVITED_REDIS_TIMEOUT_MS: '60001' })).toThrow();
  });

  it('has no cell that breaks its table', () => {
    for (const row of settingsPage()
      .split('\n')
      .filter((line) => line.startsWith('| `'))) {
      expect(row.match(/\|/g)).toHaveLength(5);
    }
  });
});

describe('README', () => {
  it('has a table of settings, of which each is one', () => {
    const told = rowsOf(textOf('README.md'));
    expect(told.length).toBeGreaterThan(5);
    expect(told.filter((name) => !names.includes(name))).toEqual([]);
  });
});
