import { describe, expect, it } from 'vitest';
import { firstUser, frame, type RequestShape, type Traffic } from '../../bench/load/traffic.js';
import { renderReport } from '../../bench/report.js';
import { scenarios, trafficOf, worldOf } from '../../bench/scenarios.js';
import { median, percentile } from '../../bench/stats.js';
import { checkSum } from '../../bench/sum.js';
import { makeWorld, zipfPicks } from '../../bench/world.js';
import { partitionOfCode, partitionOfId } from '../../src/invite/partition.js';

const TARGET = { host: '127.0.0.1', port: 1, gatewayKey: 'key', jwtSecret: 'x'.repeat(32) };

describe('the bench', () => {
  it('makes worlds whose codes lie with their guilds, each once', () => {
    const { guilds, invites } = makeWorld({ guilds: 20, invites: 500, maxUses: (at) => at % 3 });
    expect(guilds).toHaveLength(20);
    expect(new Set(invites.map(({ code }) => code)).size).toBe(500);
    for (const { code, guildId } of invites) expect(partitionOfCode(code)).toBe(partitionOfId(guildId));
    expect(invites.slice(0, 4).map(({ maxUses }) => maxUses)).toEqual([0, 1, 2, 0]);
  });

  it('picks the first twice as often as the second, and all of them at times', () => {
    const counts = new Map<number, number>();
    for (const pick of zipfPicks(10, 100_000)) counts.set(pick, (counts.get(pick) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const ratio = (counts.get(0) ?? 0) / (counts.get(1) ?? 1);
    expect(ratio).toBeGreaterThan(1.9);
    expect(ratio).toBeLessThan(2.1);
  });

  it('gives no two runs the same users, unless they are members', () => {
    const traffic: Traffic = { requests: [], auth: 'gateway', members: null };
    expect(firstUser(traffic, 2) - firstUser(traffic, 1)).toBeGreaterThanOrEqual(10_000_000n);
    const members = { ...traffic, members: 10 };
    expect(firstUser(members, 2)).toBe(firstUser(members, 1));
  });

  it('frames requests so that the user goes between two pieces', () => {
    const shape: RequestShape = { method: 'POST', path: '/a', body: '{}', user: 'next' };
    const traffic: Traffic = { requests: [shape], auth: 'gateway', members: null };
    expect(frame(shape, traffic, TARGET).join('42')).toBe(
      'POST /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-Invited-Gateway-Key: key\r\nX-Invited-Client-IP: 203.0.113.7\r\nX-Invited-User: 42\r\nContent-Length: 2\r\n\r\n{}',
    );
    const tokens = frame(shape, { ...traffic, auth: 'token' }, TARGET);
    expect(tokens.join('TOKEN')).toContain('Authorization: Bearer TOKEN\r\n');
    expect(frame({ ...shape, user: 'nobody', body: '' }, traffic, TARGET).join('')).toBe(
      'POST /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n',
    );
  });

  it('has the scenarios that the README names, each with requests', () => {
    expect(scenarios.map(({ name }) => name)).toEqual([
      'accept-hot',
      'accept-hot-always',
      'accept-hot-cache',
      'accept-hot-token',
      'accept-many',
      'accept-capped',
      'accept-again',
      'read-hot',
      'read-many',
      'read-miss',
      'create',
      'mixed',
    ]);
    for (const scenario of scenarios) {
      const { requests } = trafficOf(scenario, worldOf(scenario));
      expect(requests.length).toBeGreaterThan(0);
      if (scenario.name !== 'mixed') continue;
      const share = (kind: RequestShape['user']) =>
        requests.filter(({ user }) => user === kind).length / requests.length;
      expect(share('nobody')).toBeCloseTo(0.8, 3);
      expect(share('next')).toBeCloseTo(0.15, 3);
    }
  });

  describe('holds a turn to its sum', () => {
    const before = { uses: 10, joins: 10, records: 10 };
    const check = (
      sum: 'every answer joins' | 'no answer joins' | 'some join',
      [uses, joins, records]: readonly [number, number, number | null],
    ) => checkSum('x', sum, { answers: 100, refusals: 20 }, before, { uses, joins, records }, 5);

    it.each([
      ['every answer joins', [90, 90, 90]],
      // The last were under way when the load stopped.
      ['every answer joins', [95, 95, 95]],
      ['every answer joins', [90, 90, null]],
      ['no answer joins', [10, 10, 10]],
      ['some join', [50, 50, 50]],
    ] as const)('%s: %j is right', (sum, after) => {
      expect(() => check(sum, after)).not.toThrow();
    });

    it.each([
      ['every answer joins', [89, 89, 89]],
      ['every answer joins', [96, 96, 96]],
      ['every answer joins', [91, 90, 90]],
      ['every answer joins', [90, 91, 91]],
      ['every answer joins', [90, 90, 89]],
      ['no answer joins', [11, 11, 11]],
      ['some join', [50, 51, 51]],
      ['some join', [50, 50, 51]],
    ] as const)('%s: %j is wrong', (sum, after) => {
      expect(() => check(sum, after)).toThrow(/uses=/);
    });
  });

  it('sums up rounds', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
    const sorted = Float64Array.from({ length: 1000 }, (_, at) => at);
    expect([percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(sorted, 1)]).toEqual([
      500, 990, 999,
    ]);
  });

  it('draws a page that needs nothing else', () => {
    const counts = { uses: 1, joins: 1, records: 1 };
    const figures = {
      perSecond: 100,
      share: 0.5,
      p50: 1,
      p99: 2,
      p999: 3,
      serverMicros: 4,
      storeMicros: 5,
      refused: 0,
    };
    const standings = ['invited', 'a <peer>', 'hello'].map((name) => ({
      name,
      turns: [],
      median: figures,
      counts,
    }));
    const { page, charts } = renderReport({
      at: '2026-11-24T00:00:00.000Z',
      machine: {
        processor: 'one',
        cores: 2,
        memoryGib: 1,
        system: 'Linux',
        node: '20',
        redis: '7',
        postgres: '15',
        uws: 'x',
        driver: 'wrk',
        commit: 'abc',
      },
      settings: { rounds: 1, seconds: 1, connections: 1, driver: 'wrk' },
      scenarios: [{ name: 'accept-hot', title: 'hot', standings }],
      openLoop: {
        peakPerSecond: 100,
        rates: [{ share: 0.5, perSecond: 50, standings: [{ name: 'invited', p50: 1, p99: 2, p999: 3 }] }],
      },
      idle: null,
      copy: null,
      relay: null,
      limits: null,
      scale: {
        sizes: [
          {
            invites: 1000,
            members: 0,
            acceptPerSecond: 10,
            readPerSecond: 20,
            acceptOfSmallest: 1,
            readOfSmallest: 1,
            bytesPerInvite: 800,
            bytesPerMember: null,
            bytesWaitingPerInvite: 300,
          },
        ],
      },
    });
    expect(Object.keys(charts)).toEqual(['throughput', 'peers', 'latency', 'open-loop', 'scale']);
    for (const svg of Object.values(charts)) expect(svg).toMatch(/^<svg/);
    expect(page).toContain('a &#60;peer&#62;');
    expect(page).not.toMatch(/<script|<link|src=|https?:(?!\/\/www\.w3\.org)/);
  });
});
