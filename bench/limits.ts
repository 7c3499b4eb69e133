// What rate limits cost: the same accepts on a server without them and on one with them, in turns. Every request is a new user's, so
// each begins a bucket; none is refused.

import { invited } from './contenders/invited.js';
import { type RoundSettings, type Standing, takeTurns, withContenders } from './rounds.js';
import { scenarios, trafficOf, worldOf } from './scenarios.js';

export const UNLIMITED = 'limits off';

export interface LimitsResult {
  readonly standings: readonly Standing[];
}

/** Without a Postgres: on the same cores its copying would hide what is measured. */
const COMMON = { INVITED_POSTGRES: 'off' };

export async function measureLimits(
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<LimitsResult> {
  const scenario = scenarios.find(({ name }) => name === 'accept-hot');
  if (scenario === undefined) throw new RangeError('no accept-hot');
  const world = worldOf(scenario);
  const traffic = trafficOf(scenario, world);
  const contenders = [
    invited(UNLIMITED, { ...COMMON, INVITED_RATE_LIMITS: 'off' }),
    invited('limits on', { ...COMMON, INVITED_RATE_LIMITS: 'on' }),
  ];
  const standings = await withContenders(contenders, world, 'everysec', (started) =>
    takeTurns(
      started.map((entrant) => ({ ...entrant, world, traffic })),
      UNLIMITED,
      scenario.sum,
      settings,
      tell,
    ),
  );
  return { standings };
}
