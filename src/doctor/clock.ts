// Two clocks: whether tokens and invites end when they should depends on them going alike.

import { type Finding, ok, problem, warning } from './finding.js';

const WARNING_MS = 1000;
const PROBLEM_MS = 30_000;

export interface ClockDifference {
  readonly aheadMs: number;
  /** Give or take. */
  readonly unsureMs: number;
}

/** @param whose for people: `Redis` */
export function judgeClock(name: string, whose: string, { aheadMs, unsureMs }: ClockDifference): Finding {
  const offMs = Math.max(0, Math.abs(aheadMs) - unsureMs);
  const found = `the clock of ${whose} is ${Math.round(Math.abs(aheadMs))} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} ours (± ${Math.ceil(unsureMs)} ms)`;
  const fix = 'let NTP set the clocks of both machines (timedatectl set-ntp true)';
  if (offMs >= PROBLEM_MS) return problem(name, found, fix);
  return offMs >= WARNING_MS ? warning(name, found, fix) : ok(name, found);
}
