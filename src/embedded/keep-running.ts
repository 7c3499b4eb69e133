// Starts a program again whenever it ends on its own, with growing pauses in between, for as long as we live.
// Must never give up, and never start anything once it was told to stop.

import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from '../start-error.js';
import type { GuardedProcess, ProcessEnd } from './guarded-process.js';

const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_MAX_MS = 5000;
/** One that has run this long was healthy: the back-off starts anew. */
const HEALTHY_AFTER_MS = 30_000;

export interface Supervised {
  /** For people: `The embedded Redis`. */
  readonly name: string;
  /** Starts it, and waits until it is ready. `stopping`: nobody waits for that any more. */
  readonly launch: (stopping: AbortSignal) => Promise<GuardedProcess>;
  /** Told, in one line, each time it ended on its own or could not be started again. */
  readonly tell: (message: string) => void;
}

export interface Running {
  /** Resolves when it has ended for good. */
  stop(): Promise<void>;
}

/** @throws what the first launch throws */
export async function keepRunning(supervised: Supervised): Promise<Running> {
  const stopping = new AbortController();
  return supervise(supervised, stopping, await supervised.launch(stopping.signal));
}

/** The same, but the first launch too goes on in the background, and is tried again when it fails. */
export function beginRunning(supervised: Supervised): Running {
  return supervise(supervised, new AbortController(), null);
}

function supervise(
  { name, launch, tell }: Supervised,
  stopping: AbortController,
  first: GuardedProcess | null,
): Running {
  const { signal } = stopping;
  let current = first;

  const keep = async (): Promise<void> => {
    let running = first;
    let backOffMs = BACK_OFF_FIRST_MS;
    let startedAt = performance.now();
    while (!signal.aborted) {
      if (running !== null) {
        const end = await running.ended;
        if (signal.aborted) return;
        if (performance.now() - startedAt > HEALTHY_AFTER_MS) backOffMs = BACK_OFF_FIRST_MS;
        tell(`${name} ended (${exitText(end)}); it is started again in ${backOffMs} ms.`);
      }
      await delay(backOffMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MAX_MS);
      startedAt = performance.now();
      running = await launch(signal).catch((error: unknown) => {
        if (!signal.aborted) tell(error instanceof StartError ? error.message : `${name} did not start.`);
        return null;
      });
      current = running ?? current;
    }
  };
  const kept = keep();

  return {
    async stop() {
      stopping.abort();
      await current?.end();
      await kept;
    },
  };
}

export function exitText(end: ProcessEnd): string {
  if (end.code === null) return 'its guard was killed';
  // A shell reports a signal as 128 + its number.
  return end.code > 128 ? `signal ${end.code - 128}` : `exit code ${end.code}`;
}
