// What the doctor finds with given settings, in this very process. Ports are any free ones and nothing is kept, unless told.

import type { Finding } from '../../src/doctor/finding.js';
import { examine } from '../../src/run/doctor.js';

const QUIET = {
  INVITED_PORT: '0',
  INVITED_ADMIN_PORT: '0',
  INVITED_JWT_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789',
  INVITED_POSTGRES: 'off',
};

export interface Found {
  readonly all: readonly Finding[];
  /** The findings of one check, each as `status: message → fix`. */
  of(check: string): readonly string[];
  /** Of those that are not well, the checks. */
  readonly unwell: readonly string[];
}

export async function examined(env: Readonly<Record<string, string>>): Promise<Found> {
  const all = await examine({ ...QUIET, ...env });
  return {
    all,
    of: (check) => all.filter((one) => one.check === check).map(lineOf),
    // Which build of uWebSockets.js loads is the machine's affair.
    unwell: all
      .filter(({ status, check }) => status !== 'ok' && check !== 'uwebsockets')
      .map(({ check }) => check),
  };
}

export function lineOf({ status, message, fix }: Finding): string {
  return `${status}: ${message}${fix === null ? '' : ` → ${fix}`}`;
}
