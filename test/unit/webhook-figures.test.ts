// What /metrics tells of webhooks, from what the jobs processes told.

import { describe, expect, it } from 'vitest';
import type { JobsFigures } from '../../src/jobs/figures-told.js';
import { createMetrics } from '../../src/run/metrics/metrics.js';

const figures: JobsFigures = {
  ...{ dirtyEntities: 0, streamEntries: 0, lagMs: 0, rows: 0, rowsPerSecond: 0, damaged: 0 },
  ...{ streamFill: 0, redisMemory: null, eventsLagMs: null, lastRestoreAtMs: null },
  ...{ lastSuccessAtMs: null, isPostgresUp: true, recovery: 'open', restores: 0, webhooks: null },
};
const sent = { delivered: 5, failedAttempts: 2, outstanding: 3, deadLetters: 7 };

async function linesOf(...told: readonly JobsFigures[]): Promise<readonly string[]> {
  const { text } = await createMetrics({
    version: '1',
    readTold: async () => told.map((one) => JSON.stringify(one)),
    gather: async () => null,
  })();
  return text.split('\n').filter((line) => line.startsWith('invited_webhook'));
}

describe('the metrics of webhooks', () => {
  it('are those of all processes, where the dead letters are the same for each', async () => {
    const other = { delivered: 1, failedAttempts: 1, outstanding: 1, deadLetters: 6 };
    expect(await linesOf({ ...figures, webhooks: sent }, { ...figures, webhooks: other }, figures)).toEqual([
      'invited_webhook_deliveries_total{outcome="delivered"} 6',
      'invited_webhook_deliveries_total{outcome="failed"} 3',
      'invited_webhook_outstanding 4',
      'invited_webhook_dead_letters 7',
    ]);
  });

  it('do not tell of dead letters while they can not be counted', async () => {
    const lines = await linesOf({ ...figures, webhooks: { ...sent, deadLetters: null } });
    expect(lines.length).toBe(3);
    expect(lines.join()).not.toContain('dead_letters');
  });

  it('are not there where there are no webhooks', async () => {
    expect(await linesOf(figures)).toEqual([]);
  });
});
