// The log: JSON lines on stderr, at once, so that nothing of it is lost when a process is killed. Must never be flooded by what fails
// again and again, nor hold what only Redis, Postgres or a client should have said.

import { type Logger, pino } from 'pino';
import type { Config } from './config.js';

/** Lines of one kind that are written in a second; what comes beyond is counted. */
const LINES_MAX = 10;
const WINDOW_MS = 1000;
/** Lines have texts of ours: there are far fewer. */
const KINDS_MAX = 1000;

export function createLog(level: Config['logLevel']): Logger {
  const flood = new Flood();
  return pino(
    {
      level,
      base: { name: 'invited' },
      hooks: {
        logMethod(given, method) {
          const message = given.at(-1);
          const write = (...line: unknown[]): void => {
            method.apply(this, line as Parameters<typeof method>);
          };
          if (typeof message !== 'string' || flood.letsPass(message, write)) write(...given);
        },
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

interface Kind {
  lines: number;
  suppressed: number;
}

/** Of lines with one text, so many in a second; then, once the second is over, how many were left out. */
class Flood {
  readonly #kinds = new Map<string, Kind>();

  letsPass(message: string, write: (fields: object, message: string) => void): boolean {
    const kind = this.#kinds.get(message);
    if (kind === undefined) {
      if (this.#kinds.size < KINDS_MAX) this.#begin(message, write);
      return true;
    }
    if (kind.lines < LINES_MAX) {
      kind.lines += 1;
      return true;
    }
    kind.suppressed += 1;
    return false;
  }

  #begin(message: string, write: (fields: object, message: string) => void): void {
    const kind: Kind = { lines: 1, suppressed: 0 };
    this.#kinds.set(message, kind);
    setTimeout(() => {
      this.#kinds.delete(message);
      if (kind.suppressed > 0) write({ suppressed: kind.suppressed }, message);
    }, WINDOW_MS).unref();
  }
}

/** Whose messages are not ours: they quote what they were given. */
const QUOTING = new Set([
  'SyntaxError',
  'ReplyError',
  'error',
  'DatabaseError',
  'AggregateError',
  'ValiError',
]);

/** What a bug says for the log: where it came from, and its message where that is ours. Never the error itself: its fields can be secrets. */
export function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no error was thrown';
  const { name, message, stack = '' } = error;
  if (!QUOTING.has(name)) return stack === '' ? message : stack;
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  return [name, ...frames].join('\n');
}
