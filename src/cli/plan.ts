// What a command is asked to do, read from its arguments before it does anything.

import type { Print } from './print.js';
import { UsageError } from './usage-error.js';

/**
 * @param read null: the caller asked for help, which is printed; a UsageError is printed with the usage behind it
 * @returns the plan, or where there is nothing to do the exit code
 */
export function planOf<Plan extends object>(
  usage: string,
  print: Print,
  read: () => Plan | null,
): Plan | number {
  try {
    const plan = read();
    if (plan !== null) return plan;
    print.out(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print.err(`${error.message} ${usage}`);
    return 2;
  }
}
