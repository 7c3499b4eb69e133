// Runs a program that must not outlive us, not even when we are killed with -9: a small shell stands between
// us and it, waits on a pipe that only we hold, and ends the program when that pipe breaks.
// Must never pass our environment on: it can hold secrets.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { deadlineReached } from './deadline.js';

/** How long the program may take to end after SIGTERM before it is killed; the shell counts it in fifths. */
const TERM_WAIT_S = 10;
const OUTPUT_KEPT_CHARS = 4096;
const MISSING_EXIT_CODE = 127;

// The shell leads a session of its own (detached), so Ctrl-C in a terminal reaches neither it nor the program.
// Its stdin is the pipe; the program's pid goes to stdout, the program's own output to stderr.
const GUARD = `
command -v "$1" >/dev/null 2>&1 || exit ${MISSING_EXIT_CODE}
exec 3<&0
env -i PATH="$PATH" "$@" </dev/null 3<&- >&2 &
program=$!
(
  while read -r _ <&3; do :; done
  kill -TERM "$program" 2>/dev/null
  waited=0
  while [ "$waited" -lt ${TERM_WAIT_S * 5} ] && kill -0 "$program" 2>/dev/null; do
    sleep 0.2
    waited=$((waited + 1))
  done
  kill -KILL "$program" 2>/dev/null
) &
watch=$!
trap '' HUP INT TERM
echo "$program"
wait "$program"
code=$?
kill -TERM "$watch" 2>/dev/null
exit "$code"
`;

export interface ProcessEnd {
  readonly code: number | null;
  /** The program isn't on the PATH. */
  readonly missing: boolean;
  /** The last of what the program printed. */
  readonly output: string;
}

export interface GuardedProcess {
  /** Of the program itself, not of the shell; null when it could not be started. */
  readonly pid: number | null;
  readonly ended: Promise<ProcessEnd>;
  /** SIGTERM, then SIGKILL after 10 s; resolves when the program has ended. */
  end(): Promise<void>;
}

/** Starts `program` with nothing but PATH in its environment. */
export async function spawnGuarded(program: string, args: readonly string[]): Promise<GuardedProcess> {
  const shell = spawn('sh', ['-c', GUARD, 'invited-guard', program, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-OUTPUT_KEPT_CHARS);
  });
  // The shell may be gone when the pipe is closed.
  shell.stdin.on('error', () => {});
  const ended = shellEnd(shell).then((code): ProcessEnd => {
    return { code, missing: code === MISSING_EXIT_CODE && output === '', output };
  });
  let printed = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const pidPrinted = once(shell.stdout, 'data').catch(() => {});
  await Promise.race([pidPrinted, ended]);
  const pid = /^[0-9]+/.exec(printed)?.[0];

  return {
    pid: pid === undefined ? null : Number(pid),
    ended,
    async end() {
      shell.stdin.end();
      if (await deadlineReached(ended, (TERM_WAIT_S + 2) * 1000)) killGroup(shell);
      await ended;
    },
  };
}

function shellEnd(shell: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve) => {
    // Not even `sh` could be started.
    shell.once('error', () => resolve(MISSING_EXIT_CODE));
    // Were the shell alone killed, its watcher still waits on the pipe, and ends the program now.
    shell.once('exit', () => shell.stdin.destroy());
    // Not 'exit': only when its outputs are closed has the program itself ended too, and all it said been read.
    shell.once('close', (code) => resolve(code));
  });
}

function killGroup(shell: ChildProcessWithoutNullStreams): void {
  if (shell.pid === undefined) return;
  try {
    process.kill(-shell.pid, 'SIGKILL');
  } catch {
    // It ended at this very moment.
  }
}
