// The result as one page that needs nothing but itself, with charts drawn by ECharts on this side: no script runs in it.

import * as echarts from 'echarts';
import type { BenchResult, ScenarioResult } from './result.js';
import { CEILING } from './rounds.js';

export interface Report {
  readonly page: string;
  /** SVG texts by name. */
  readonly charts: Readonly<Record<string, string>>;
}

const WIDTH = 860;
const INK = '#24292f';
const COLORS = ['#5b5bd6', '#8d8d99', '#e5484d', '#f5a524', '#30a46c', '#0091ff'];

export function renderReport(result: BenchResult): Report {
  const charts: Record<string, string> = {};
  if (result.scenarios.length > 0) charts['throughput'] = throughputChart(result.scenarios);
  const withPeers = result.scenarios.find(({ standings }) => standings.length > 2);
  if (withPeers !== undefined) charts['peers'] = peersChart(withPeers);
  if (result.scenarios.length > 0) charts['latency'] = latencyChart(result.scenarios);
  if (result.openLoop !== null) charts['open-loop'] = openLoopChart(result.openLoop);
  if (result.scale !== null) charts['scale'] = scaleChart(result.scale);
  return { charts, page: page(result, charts) };
}

function throughputChart(scenarios: readonly ScenarioResult[]): string {
  const names = scenarios.map(({ name }) => name);
  const of = (own: boolean) =>
    scenarios.map(({ standings }) => {
      const found = standings.find(({ name }) => (own ? name === 'invited' : name === CEILING));
      return Math.round(found?.median.perSecond ?? 0);
    });
  return draw(60 + names.length * 44, {
    title: title('Answers per second, and the ceiling of the same shape'),
    legend: { bottom: 0 },
    grid: { left: 140, right: 70, top: 40, bottom: 50 },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', data: names, inverse: true },
    series: [
      { name: 'invited', type: 'bar', data: of(true), label: { show: true, position: 'right' } },
      { name: CEILING, type: 'bar', data: of(false), label: { show: true, position: 'right' } },
    ],
  });
}

function peersChart({ name, standings }: ScenarioResult): string {
  return draw(80 + standings.length * 36, {
    title: title(`${name}: answers per second beside what one would build instead`),
    grid: { left: 140, right: 70, top: 40, bottom: 30 },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', data: standings.map((standing) => standing.name), inverse: true },
    series: [
      {
        type: 'bar',
        colorBy: 'data',
        data: standings.map(({ median }) => Math.round(median.perSecond)),
        label: { show: true, position: 'right' },
      },
    ],
  });
}

function latencyChart(scenarios: readonly ScenarioResult[]): string {
  const own = scenarios.map(({ name, standings }) => ({ name, median: standings[0]?.median }));
  const series = (label: string, figure: 'p50' | 'p99' | 'p999') => ({
    name: label,
    type: 'bar',
    data: own.map(({ median }) => Number((median?.[figure] ?? 0).toFixed(2))),
  });
  return draw(60 + own.length * 44, {
    title: title('Latency of invited at full load, ms'),
    legend: { bottom: 0 },
    grid: { left: 140, right: 70, top: 40, bottom: 50 },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', data: own.map(({ name }) => name), inverse: true },
    series: [series('p50', 'p50'), series('p99', 'p99'), series('p99.9', 'p999')],
  });
}

function openLoopChart({ rates }: NonNullable<BenchResult['openLoop']>): string {
  const names = rates[0]?.standings.map(({ name }) => name) ?? [];
  const line = (name: string, figure: 'p50' | 'p99') => ({
    name: `${name}, ${figure}`,
    type: 'line',
    lineStyle: { type: figure === 'p50' ? 'dashed' : 'solid' },
    data: rates.map(({ standings }) =>
      Number((standings.find((standing) => standing.name === name)?.[figure] ?? 0).toFixed(3)),
    ),
  });
  return draw(340, {
    title: title('Latency at fixed arrival rates, ms from the planned moment'),
    legend: { bottom: 0 },
    grid: { left: 60, right: 40, top: 40, bottom: 70 },
    xAxis: {
      type: 'category',
      data: rates.map(({ perSecond, share }) => `${perSecond.toLocaleString('en-US')}/s (${share * 100} %)`),
    },
    yAxis: { type: 'value' },
    series: names.flatMap((name) => [line(name, 'p50'), line(name, 'p99')]),
  });
}

function scaleChart({ sizes }: NonNullable<BenchResult['scale']>): string {
  return draw(340, {
    title: title('Answers per second as it fills'),
    legend: { bottom: 0 },
    grid: { left: 70, right: 40, top: 40, bottom: 70 },
    xAxis: {
      type: 'category',
      data: sizes.map(
        ({ invites, members }) =>
          `${invites.toLocaleString('en-US')} invites${members > 0 ? `\n${members.toLocaleString('en-US')} members` : ''}`,
      ),
    },
    yAxis: { type: 'value', min: 0 },
    series: [
      { name: 'accept', type: 'line', data: sizes.map(({ acceptPerSecond }) => Math.round(acceptPerSecond)) },
      { name: 'read', type: 'line', data: sizes.map(({ readPerSecond }) => Math.round(readPerSecond)) },
    ],
  });
}

function title(text: string) {
  return { text, textStyle: { fontSize: 14, color: INK } };
}

function draw(height: number, option: object): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({ animation: false, color: COLORS, backgroundColor: '#ffffff', ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function page(result: BenchResult, charts: Readonly<Record<string, string>>): string {
  const { machine, settings } = result;
  const facts = [
    `${machine.cores} × ${machine.processor}, ${machine.memoryGib} GiB, ${machine.system}`,
    `Node ${machine.node}, Redis ${machine.redis}, Postgres ${machine.postgres}, ${machine.uws}, ${machine.driver}, commit ${machine.commit}`,
    `${settings.connections} connections from the same cores, ${settings.rounds} rounds of ${settings.seconds} s in turns, medians`,
    result.at,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>invited: bench</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: ${INK}; max-width: ${WIDTH}px; margin: 2rem auto; padding: 0 1rem; }
svg { max-width: 100%; height: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid #e4e4e9; }
th:first-child, td:first-child { text-align: left; }
</style>
</head>
<body>
<h1>invited: bench</h1>
<p>${facts.map(escaped).join('<br>')}</p>
${Object.values(charts).join('\n')}
${result.scenarios.map(scenarioTable).join('\n')}
</body>
</html>
`;
}

function scenarioTable({ name, title: what, standings }: ScenarioResult): string {
  const head = ['', 'answers/s', `of ${CEILING}`, 'p50 ms', 'p99 ms', 'p99.9 ms', 'server µs', 'store µs'];
  const rows = standings.map(({ name: who, median }) => [
    who,
    Math.round(median.perSecond).toLocaleString('en-US'),
    median.share.toFixed(2),
    median.p50.toFixed(2),
    median.p99.toFixed(2),
    median.p999.toFixed(2),
    median.serverMicros.toFixed(1),
    median.storeMicros.toFixed(1),
  ]);
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<h2>${escaped(name)}</h2><p>${escaped(what)}</p><table>${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
