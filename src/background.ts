// Makes this thread one that works in the background: where there is no time for all, those who answer requests go first.

import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { isMainThread } from 'node:worker_threads';

/** The last there is: a seventieth of what a thread gets that answers requests, while both want all they can have. */
const NICENESS = 19;

/**
 * @param hasOwnSession Linux shares time between sessions before it looks at the processes in each (autogroups), so a process in
 *   a session of its own must say it for that. Never of a session that others are in: they would be slowed down too.
 */
export function workInBackground({ hasOwnSession }: { readonly hasOwnSession: boolean }): void {
  try {
    // On Linux that is of the thread alone that asks; elsewhere of the whole process, which a thread may share with a stranger's work.
    if (isMainThread || process.platform === 'linux') setPriority(NICENESS);
    if (hasOwnSession) writeFileSync('/proc/self/autogroup', String(NICENESS));
  } catch {
    // Where that isn't allowed or known, it goes without.
  }
}
