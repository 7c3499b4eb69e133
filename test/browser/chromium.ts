// The Chromium of this machine, started for one test file and ended with it.

import { type Browser, chromium } from 'playwright-core';
import { findProgram } from '../support/find-program.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const START_MAX_MS = 60_000;

/** Where it is, or null. */
export function findChromium(): string | null {
  for (const name of NAMES) {
    const path = findProgram(name);
    if (path !== null) return path;
  }
  return null;
}

/** Without its sandbox, which it refuses to have as root: it opens nothing but our own pages. */
export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: START_MAX_MS });
}
