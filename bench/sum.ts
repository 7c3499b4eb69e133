// The sum that a bench holds every store to: joins = uses = join records, and as many as were answered.

import type { Counts } from './contender.js';
import type { LoadResult } from './load/traffic.js';
import type { Scenario } from './scenarios.js';

/** @throws when the counts before and after a turn don't fit each other or its answers */
export function checkSum(
  name: string,
  sum: Scenario['sum'],
  turn: Pick<LoadResult, 'answers' | 'refusals'>,
  before: Counts,
  after: Counts,
  connections: number,
): void {
  const uses = after.uses - before.uses;
  const joins = after.joins - before.joins;
  const records = after.records === null || before.records === null ? joins : after.records - before.records;
  const accepted = turn.answers - turn.refusals;
  const told = `${name}: accepted=${accepted} uses=${uses} joins=${joins} records=${records}`;
  if (uses !== joins || joins !== records) throw new Error(`the sum does not hold: ${told}`);
  if (sum === 'no answer joins' && joins !== 0) throw new Error(`someone came in who should not: ${told}`);
  // When the load stops, up to one request a connection has been carried out that nobody waits for any more.
  const isCounted = joins >= accepted && joins <= accepted + connections;
  if (sum === 'every answer joins' && !isCounted) throw new Error(`answers and joins differ: ${told}`);
}
