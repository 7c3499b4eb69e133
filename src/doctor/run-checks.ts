// Runs checks one after the other, so that none disturbs what another measures, and each no longer than it may take:
// whatever is broken, the doctor comes to an end.

import { type Finding, problem } from './finding.js';

export interface Check {
  /** Under which it is reported when it doesn't come to an end. */
  readonly name: string;
  run(): Promise<readonly Finding[]>;
}

export const CHECK_MAX_MS = 5000;

export async function runChecks(
  checks: readonly Check[],
  maxMs: number = CHECK_MAX_MS,
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const check of checks) found.push(...(await runOne(check, maxMs)));
  return found;
}

async function runOne({ name, run }: Check, maxMs: number): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<readonly Finding[]>((resolve) => {
    const late = problem(name, `could not be checked within ${maxMs / 1000} s`, null);
    timer = setTimeout(() => resolve([late]), maxMs);
  });
  try {
    return await Promise.race([run(), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
