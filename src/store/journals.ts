// Journals: what every change leaves behind (seq, events, marks), one for all partitions of a single Redis, one for each
// partition of a cluster, since a script may write only where its keys are. A journal also has the epoch that says which data
// these are; without it, or with another, no script answers (lua/lib/gate.lua).

import { PARTITIONS, type Partition } from '../invite/partition.js';

/** The number of a journal: 0 on a single Redis; on a cluster that of its partition. */
export type Journal = number;

export function journalOf(partition: Partition, isCluster: boolean): Journal {
  return isCluster ? partition : 0;
}

export function journalsOf(isCluster: boolean): readonly Journal[] {
  return Array.from({ length: isCluster ? PARTITIONS : 1 }, (_, number) => number);
}

export function journalKey(
  journal: Journal,
  what: 'epoch' | 'seq' | 'events' | 'dirty' | 'expiring' | 'lease' | 'figures' | 'endings',
): string {
  return `invited:{${journal}}:${what}`;
}

export function partitionKey(partition: Partition): string {
  return `invited:{${partition}}:`;
}
