// How the tests run: in processes of their own, against one real Redis that test/support/global-setup.ts starts.
// What measures or breaks whole servers has the machine for itself; all else runs side by side, before it.

import { defineConfig } from 'vitest/config';

const common = { pool: 'forks', testTimeout: 30_000, hookTimeout: 30_000 } as const;
/** Rooms whose tests start whole programs, and load, measure or break them; and what reads at a pace that a busy machine can't keep. */
const ALONE = [
  ...['fault', 'gateways', 'packaging', 'start'].map((room) => `test/${room}/**/*.test.ts`),
  'test/http/event-streams.test.ts',
  'test/http/joins.test.ts',
  'test/http/import-stream.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    teardownTimeout: 15_000,
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          // Most of them wait for a Redis or a clock for half of their time.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: { ...common, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
