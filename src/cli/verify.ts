// `invited verify`: do Redis and Postgres hold the same, and do the joins of each code add up to its uses? Only looks.

import { setTimeout as sleep } from 'node:timers/promises';
import { planOf } from './plan.js';
import { type Print, terminal } from './print.js';
import { parseCommand, UsageError } from './usage-error.js';

const USAGE = 'Usage: invited verify [--watch] [--timeout 60s]';
const TIMEOUT_DEFAULT = '60s';
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };
const TIMEOUT_MAX_MS = 24 * 3_600_000;
const BETWEEN_ROUNDS_MS = 250;

export interface Compared {
  /** 0: they agree. */
  readonly problems: number;
  /** The first of them. */
  readonly lines: readonly string[];
  readonly summary: string;
}

export interface Comparer {
  /** Rejects with the reason of `stopping` when that is aborted. */
  compare(stopping: AbortSignal): Promise<Compared>;
  close(): Promise<void>;
}

export interface VerifyContext {
  open(): Promise<Comparer>;
  /** A sentence for an error that means that one side can't be had; null: it is another. */
  outageOf(error: unknown): string | null;
  readonly print?: Print;
}

interface Plan {
  readonly watches: boolean;
  readonly timeoutMs: number;
}

/** @returns the exit code: 0 when they agree, 1 when they don't, 2 for wrong arguments or when one side can't be had */
export async function verify(args: readonly string[], context: VerifyContext): Promise<number> {
  const print = context.print ?? terminal;
  const plan = planOf(USAGE, print, () => readArguments(args));
  if (typeof plan === 'number') return plan;
  let comparer: Comparer | null = null;
  try {
    comparer = await context.open();
    return await (plan.watches ? watch(comparer, plan, context, print) : once(comparer, print));
  } catch (error) {
    const outage = context.outageOf(error);
    if (outage === null) throw error;
    print.err(`Could not compare: ${outage}`);
    return 2;
  } finally {
    await comparer?.close();
  }
}

/** null: the caller asked for help. */
function readArguments(args: readonly string[]): Plan | null {
  const { values } = parseCommand({
    args: [...args],
    options: {
      watch: { type: 'boolean', default: false },
      timeout: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  if (values.timeout !== undefined && !values.watch) throw new UsageError('--timeout goes with --watch.');
  return { watches: values.watch, timeoutMs: msOf(values.timeout ?? TIMEOUT_DEFAULT) };
}

function msOf(text: string): number {
  const [, count, unit] = /^([1-9][0-9]{0,5})([smh])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (ms <= TIMEOUT_MAX_MS) return ms;
  throw new UsageError('--timeout must be a time such as 30s, 15m or 1h, of at most a day.');
}

async function once(comparer: Comparer, print: Print): Promise<number> {
  const compared = await comparer.compare(new AbortController().signal);
  for (const line of compared.lines) print.out(line);
  print.out(compared.summary);
  return compared.problems === 0 ? 0 : 1;
}

/** Again and again, until they agree or the time is over. */
async function watch(
  comparer: Comparer,
  { timeoutMs }: Plan,
  { outageOf }: VerifyContext,
  print: Print,
): Promise<number> {
  const stopping = AbortSignal.timeout(timeoutMs);
  let last: Compared | null = null;
  while (!stopping.aborted) {
    try {
      last = await comparer.compare(stopping);
      print.out(last.summary);
      if (last.problems === 0) return 0;
    } catch (error) {
      if (stopping.aborted) break;
      const outage = outageOf(error);
      if (outage === null) throw error;
      print.out(`Could not compare: ${outage}`);
    }
    await sleep(BETWEEN_ROUNDS_MS, undefined, { signal: stopping }).catch(() => {});
  }
  for (const line of last?.lines ?? []) print.out(line);
  print.err(`They did not agree within ${timeoutMs / 1000} s.`);
  return 1;
}
