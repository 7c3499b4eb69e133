// One client who waits for each answer, on an idle machine: what batching adds where there is nothing to batch. Compared
// with the peer that sends one EVALSHA a request from the same kind of server.

import { invited } from './contenders/invited.js';
import { peers } from './contenders/peer-servers.js';
import { type RoundSettings, type Standing, takeTurns, withContenders } from './rounds.js';
import { scenarios, trafficOf, worldOf } from './scenarios.js';

export interface IdleResult {
  readonly standings: readonly Standing[];
}

const UNBATCHED = 'uws + evalsha';

export async function measureIdle(
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<IdleResult> {
  tell('one-client');
  const scenario = scenarios.find(({ name }) => name === 'accept-hot');
  if (scenario === undefined) throw new RangeError('no accept-hot');
  const world = worldOf(scenario);
  const contenders = [invited(), ...peers.filter(({ name }) => name === UNBATCHED)];
  const traffic = trafficOf(scenario, world);
  const standings = await withContenders(contenders, world, 'everysec', (started) => {
    const entrants = started.map((entrant) => ({ ...entrant, world, traffic }));
    return takeTurns(entrants, UNBATCHED, scenario.sum, { ...settings, connections: 1 }, tell);
  });
  return { standings };
}
