// The log: JSON lines on stderr, at once, so that nothing of it is lost when a process is killed.

import { type Logger, pino } from 'pino';
import type { Config } from './config.js';

export function createLog(level: Config['logLevel']): Logger {
  return pino({ level, base: { name: 'invited' } }, pino.destination({ dest: 2, sync: true }));
}

/** Stacks are ours; what Redis said is already left out of them. */
export function describeBug(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : 'something that is no error was thrown';
}
