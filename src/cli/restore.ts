// `invited restore`: fills Redis with what Postgres has, now. Nobody is served meanwhile; what is newer in
// Redis stays.

import { planOf } from './plan.js';
import { type Print, terminal } from './print.js';
import { parseCommand } from './usage-error.js';

const USAGE = 'Usage: invited restore';

/** How many of each came back, by their names for people. */
export type Restored =
  | {
      readonly status: 'restored';
      readonly counts: readonly (readonly [what: string, count: number])[];
      readonly damaged: number;
      /** ms since the epoch; null: nothing is known of when. */
      readonly newestMs: number | null;
      readonly tookMs: number;
    }
  | { readonly status: 'busy' | 'nothing' };

export interface RestoreEvents {
  /** Nobody is served from now on. */
  closed(): void;
  progress(done: number): void;
}

export interface RestoreContext {
  run(events: RestoreEvents): Promise<Restored>;
  /** A sentence for an error that people can do something about; null: it is a bug. */
  problemOf(error: unknown): string | null;
  readonly print?: Print;
}

/** Rows between two lines of progress. */
const TELL_EVERY = 100_000;

/**
 * @returns the exit code: 0 when all was restored, 1 when it wasn't or rows were left out, 2 for wrong
 * arguments
 */
export async function restore(args: readonly string[], context: RestoreContext): Promise<number> {
  const print = context.print ?? terminal;
  const plan = planOf(USAGE, print, () => {
    const options = { help: { type: 'boolean', short: 'h' } } as const;
    const { values } = parseCommand({ args: [...args], options });
    return values.help === true ? null : {};
  });
  if (typeof plan === 'number') return plan;
  let isClosed = false;
  let told = 0;
  try {
    const restored = await context.run({
      closed() {
        isClosed = true;
        print.err('Redis is closed: until it is restored, everyone is told to come back later (503).');
      },
      progress(done) {
        if (done - told < TELL_EVERY) return;
        told = done;
        print.err(`${done} rows …`);
      },
    });
    return report(restored, print);
  } catch (error) {
    const problem = context.problemOf(error);
    if (problem === null) throw error;
    print.err(`Not restored: ${problem}`);
    if (isClosed) {
      print.err('Redis stays closed; a running server restores it by itself, or run this again.');
    }
    return 1;
  }
}

function report(restored: Restored, print: Print): number {
  switch (restored.status) {
    case 'busy':
      print.err('Another process restores just now: nothing was done.');
      return 1;
    case 'nothing':
      print.err('Postgres has nothing to restore from: nothing was done.');
      return 1;
    case 'restored': {
      const counts = restored.counts.map(([what, count]) => `${count} ${what}`).join(', ');
      print.out(`restored ${counts} in ${(restored.tookMs / 1000).toFixed(1)} s`);
      if (restored.damaged > 0) {
        print.out(`left out ${restored.damaged} rows: damaged, or their code leads elsewhere by now`);
      }
      print.out(lossLine(restored.newestMs));
      return restored.damaged === 0 ? 0 : 1;
    }
  }
}

function lossLine(newestMs: number | null): string {
  return newestMs === null
    ? 'Postgres does not say up to when it knows; what Redis had and has lost may be missing'
    : `changes after ${new Date(newestMs).toISOString()} may be lost, where Redis had lost them`;
}
