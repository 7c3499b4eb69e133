// Postgres goes away under load, killed or frozen, and comes back with the same data: nobody who asks notices, the log
// says it once a minute at most, and all that came meanwhile is copied afterwards.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freeze } from '../support/processes.js';
import { until } from '../support/until.js';
import { IS_LONG, say } from './seed.js';
import { BACK_MAX_MS, FaultWorld, POSTGRES_PROGRAMS, START_MAX_MS } from './world.js';

const AWAY_MS = IS_LONG ? 60_000 : 8000;
const BEFORE_ANSWERS = 3000;
const TEST_MAX_MS = AWAY_MS + 3 * BACK_MAX_MS + 60_000;
const AWAY = 'Postgres is away';

describe.skipIf(POSTGRES_PROGRAMS === null)('Postgres', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.open();
  }, START_MAX_MS);
  afterAll(() => world.close());
  afterEach(({ task }) => world.tellIfFailed(task.result?.state));
  beforeEach(() => world.fill({ guilds: 10, capped: 5 }));

  /** @param leave makes it go away, and gives what brings it back */
  const awayUnderLoad = async (what: string, leave: () => Promise<() => Promise<void>>): Promise<void> => {
    const linesBefore = world.logLines(AWAY).length;
    const load = world.startLoad();
    load.enter('warming up');
    await world.copiesOn();
    await until('some load', () => load.answered >= BEFORE_ANSWERS, BACK_MAX_MS);
    load.enter('before');
    await until('more load', () => load.answered >= 3 * BEFORE_ANSWERS, BACK_MAX_MS);
    const bringBack = await leave();
    load.enter('away');
    const awayUntil = Date.now() + AWAY_MS;
    await until('it was away for long enough', () => Date.now() >= awayUntil, AWAY_MS * 2);
    expect(world.logLines(AWAY).length - linesBefore).toBeLessThanOrEqual(1 + Math.floor(AWAY_MS / 60_000));
    load.enter('back');
    await bringBack();
    await world.copiesOn();
    await load.stop();
    const sum = await world.settle(`Postgres ${what} for ${AWAY_MS / 1000} s`);
    const [before, away] = [load.p99Ms('before'), load.p99Ms('away')];
    say(
      `p99 before ${before.toFixed(1)} ms, away ${away.toFixed(1)} ms: ${(away / before).toFixed(2)} times`,
    );
    expect([...world.accounts.unknowns]).toEqual([]);
    expect(sum).toMatchObject({ lost: [], oversold: 0 });
    expect(sum.committed).toBe(sum.acked);
    expect(world.logLines(AWAY).length - linesBefore).toBeGreaterThan(0);
  };

  it(
    'is killed under load and started again, and no request fails',
    () =>
      awayUnderLoad('killed', async () => {
        await world.postgres.kill();
        return () => world.postgres.startAgain();
      }),
    TEST_MAX_MS,
  );

  it(
    'is frozen under load and goes on, and no request fails',
    () =>
      awayUnderLoad('frozen', async () => {
        const thaw = await freeze(world.postgres.pid);
        return async () => thaw();
      }),
    TEST_MAX_MS,
  );
});
