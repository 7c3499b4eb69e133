// The jobs process is killed, again and again, under load: whoever asks notices nothing, and what it was at is done
// once in effect, were it killed at any moment, or just when Postgres had it and Redis did not know yet. And the whole
// server is told to end, under load: what it answered is in Postgres when it has.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isRunning, signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { IS_LONG, say } from './seed.js';
import { BACK_MAX_MS, FaultWorld, POSTGRES_PROGRAMS, START_MAX_MS } from './world.js';

const KILLS = IS_LONG ? 20 : 4;
const TEST_MAX_MS = KILLS * BACK_MAX_MS + 60_000;
const MOMENT_MAX_MS = 1500;

describe.skipIf(POSTGRES_PROGRAMS === null)('under load', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.open();
  }, START_MAX_MS);
  beforeEach(() => world.fill({ guilds: 10, capped: 5 }));
  afterAll(() => world.close());
  afterEach(({ task }) => world.tellIfFailed(task.result?.state));

  /** Its commit is done, but nobody is told until Postgres no longer waits for a copy of itself that isn't there. */
  const killBetweenCommitAndAnswer = async (pid: number): Promise<void> => {
    await world.sql(`alter system set synchronous_standby_names = 'nobody'`);
    await world.sql('select pg_reload_conf()');
    await until(
      'a commit that waits',
      async () =>
        (
          await world.sql(`select from pg_stat_activity where application_name = 'invited'
            and wait_event = 'SyncRep' and query ilike 'commit%'`)
        ).length > 0,
      BACK_MAX_MS,
    );
    expect(signal(pid, 'SIGKILL')).toBe(true);
    await until('it is gone', async () => !(await isRunning(pid)));
    await world.sql('alter system reset synchronous_standby_names');
    await world.sql('select pg_reload_conf()');
  };

  const killAtAnyMoment = async (pid: number): Promise<void> => {
    const at = Date.now() + world.chance.below(MOMENT_MAX_MS);
    await until('the moment', () => Date.now() >= at);
    expect(signal(pid, 'SIGKILL')).toBe(true);
  };

  it(
    `the jobs process is killed ${KILLS} times, and nothing is lost, done twice, or refused`,
    async () => {
      const load = world.startLoad();
      for (let kill = 0; kill < KILLS; kill += 1) {
        await world.copiesOn();
        const pid = await world.jobsPid();
        await (kill % 2 === 0 ? killBetweenCommitAndAnswer(pid) : killAtAnyMoment(pid));
        await until('another one', async () => (await world.jobsPid()) !== pid, BACK_MAX_MS);
      }
      await load.stop();
      const sum = await world.settle(`jobs process killed ${KILLS} times`);
      expect([...world.accounts.unknowns]).toEqual([]);
      expect(sum).toMatchObject({ lost: [], oversold: 0 });
      expect(sum.committed).toBe(sum.acked);
    },
    TEST_MAX_MS,
  );

  it('the server is told to end, exits with 0, and all that it answered is in Postgres', async () => {
    const load = world.startLoad();
    await world.copiesOn();
    const enough = load.answered + 2000 + world.chance.below(500);
    await until('some load', () => load.answered >= enough, 30_000);
    await world.stopServer();
    await load.stop();
    const { code, out } = await world.verify();
    expect(code, out).toBe(0);
    const sum = await world.sum('server ended');
    expect(sum).toMatchObject({ lost: [], oversold: 0, doubled: 0, unasked: 0, overfull: 0 });
    expect(sum.acked).toBeGreaterThan(0);
    // Whoever was not answered any more was not let in either.
    expect(sum.committed).toBe(sum.acked);
    say(`left without an answer: ${JSON.stringify([...world.accounts.unknowns])}`);
    expect([...world.accounts.wrong]).toEqual([]);
  }, 90_000);
});
