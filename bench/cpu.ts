// Processor time as the operating system accounts for it (proc(5), stat: utime and stime), user and kernel together.

import { readFileSync } from 'node:fs';

/** The kernel's unit in /proc; 100 a second on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** Microseconds that these processes have used so far; 0 for one that is gone. NaN where there is no /proc. */
export function cpuMicros(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The second field is a name in brackets, which may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      if (process.platform !== 'linux') return Number.NaN;
    }
  }
  return (ticks / TICKS_A_SECOND) * 1e6;
}
