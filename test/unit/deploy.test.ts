// The alert rules and the dashboard: Prometheus takes them, the rules fire when they should and not otherwise, and they name no metric
// that /metrics doesn't have.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { FAMILIES } from '../../src/run/metrics/families.js';
import { removeFolder } from '../support/remove-folder.js';

const PROMETHEUS = join(import.meta.dirname, '../../deploy/prometheus');
const GRAFANA = join(import.meta.dirname, '../../deploy/grafana');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const rules = (parse(readFileSync(join(PROMETHEUS, 'alerts.yaml'), 'utf8')) as Rules).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(readFileSync(join(GRAFANA, 'invited.json'), 'utf8')) as Dashboard;
const shown = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
const folder = mkdtempSync(join(tmpdir(), 'invited-rules-'));
afterAll(() => removeFolder(folder));

/** All that a query may name. */
async function seriesOf(): Promise<ReadonlySet<string>> {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const own = FAMILIES.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return new Set(['up', ...own, ...register.getMetricsAsArray().map(({ name }) => name)]);
}

/** What of a query could be the name of a metric. */
function namesIn(expr: string): readonly string[] {
  return expr
    .replace(/\{[^}]*\}|"[^"]*"|\b(?:by|on|without)\s*\([^)]*\)/g, '')
    .match(/\b(?:up|(?:invited|nodejs|process)_\w+)\b/g) as readonly string[];
}

describe('the alert rules and the dashboard', () => {
  it.each([
    ['rules', rules.map(({ expr }) => expr)],
    ['dashboard', shown],
  ])('name only metrics that there are: %s', async (_, queries) => {
    const known = await seriesOf();
    expect(queries.length).toBeGreaterThan(15);
    for (const query of queries) {
      const names = namesIn(query);
      expect(names.length, query).toBeGreaterThan(0);
      expect(
        names.filter((name) => !known.has(name)),
        query,
      ).toEqual([]);
    }
  });

  it('have a rule for each thing that must be known, with a severity and words for a person', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    for (const { alert, labels, annotations } of rules) {
      expect(['page', 'ticket'], alert).toContain(labels['severity']);
      expect(Object.keys(annotations), alert).toEqual(['summary', 'description']);
    }
  });

  it('have each rule in a test of its own', () => {
    const tests = readFileSync(join(PROMETHEUS, 'alerts.test.yaml'), 'utf8');
    for (const { alert } of rules) expect(tests, alert).toContain(alert);
  });

  it('have panels of which each has its place and its own number', () => {
    const cells = new Set<string>();
    for (const { id, type, title, gridPos, targets } of dashboard.panels) {
      expect(title).not.toBe('');
      if (type !== 'row') expect(targets?.length, title).toBeGreaterThan(0);
      expect(gridPos.x + gridPos.w, `${id} ${title}`).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x} ${y}`), title).toBe(false);
          cells.add(`${x} ${y}`);
        }
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it.skipIf(!hasPromtool)('are taken by Prometheus, and the rules pass their tests', () => {
    const run = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: PROMETHEUS, encoding: 'utf8' });
      expect(status, stdout + stderr).toBe(0);
    };
    run('check', 'rules', 'alerts.yaml');
    run('test', 'rules', 'alerts.test.yaml');
    // The queries of the dashboard, with what Grafana fills in, as rules.
    const queries = shown.map((expr, at) => ({
      record: `shown:${at}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.+'),
    }));
    const file = join(folder, 'dashboard.yaml');
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: queries }] }));
    run('check', 'rules', file);
  });
});
