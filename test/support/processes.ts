// Looks at processes of this machine, and sends them signals. Must only ever touch those that a test started: the
// caller names one, by its pid.

import { readFile } from 'node:fs/promises';

/** Those that it started and that still run. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').map(Number).filter(Boolean);
}

/** The jobs process of an `invited start`; null: there is none right now. */
export function jobsProcessOf(startPid: number): Promise<number | null> {
  return childWith(startPid, 'jobs');
}

/** The first of its processes that serve HTTP. */
export function workerOf(startPid: number): Promise<number | null> {
  return childWith(startPid, 'worker');
}

async function childWith(startPid: number, word: string): Promise<number | null> {
  for (const pid of await childrenOf(startPid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes(word)) return pid;
  }
  return null;
}

/** One that has ended, but whom nobody has looked at yet, does not run. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z ');
  return !/\) [ZX] /.test(status);
}

/** false: it had ended. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Stops it with all that it started, itself first, so that nothing new comes; gives the way back. */
export async function freeze(pid: number): Promise<() => void> {
  signal(pid, 'SIGSTOP');
  const frozen = [pid, ...(await childrenOf(pid))];
  for (const one of frozen) signal(one, 'SIGSTOP');
  return () => {
    for (const one of frozen.reverse()) signal(one, 'SIGCONT');
  };
}
