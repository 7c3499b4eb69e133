// The import: applies the lines of a stream in their order as far as anyone could tell. Neighbouring lines of one kind
// about different things are applied side by side; everything else waits for what stands before it.

import type { Engine } from '../../engine/engine.js';
import { IMPORT_FAILURES_SHOWN_MAX, IMPORT_LINE_BYTES_MAX } from '../../invite/limits.js';
import { fieldError } from '../field-errors.js';
import { type Entry, failed, readEntry } from './entry.js';
import { readLines } from './lines.js';

/** Lines applied side by side. */
const WINDOW_MAX = 128;

export interface ImportSummary {
  readonly applied: number;
  /** The first ones. */
  readonly failed: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  readonly failed_total: number;
}

export async function importStream(
  engine: Engine,
  stream: AsyncIterable<Uint8Array>,
): Promise<ImportSummary> {
  let applied = 0;
  let failedTotal = 0;
  const failures: { line: number; code: string; message: string }[] = [];
  let window: { readonly line: number; readonly entry: Entry }[] = [];

  const flush = async (): Promise<void> => {
    const outcomes = await Promise.all(window.map(({ entry }) => entry.apply()));
    outcomes.forEach((failure, at) => {
      if (failure === null) {
        applied += 1;
        return;
      }
      failedTotal += 1;
      const line = window[at]?.line ?? 0;
      if (failures.length < IMPORT_FAILURES_SHOWN_MAX) failures.push({ line, ...failure });
    });
    window = [];
  };

  for await (const line of readLines(stream, IMPORT_LINE_BYTES_MAX)) {
    const entry =
      line.bytes === null ? failed([fieldError('body', 'LINE_TOO_LONG')]) : readEntry(engine, line.bytes);
    const mustWait = window.some(
      (other) => other.entry.kind !== entry.kind || (other.entry.key === entry.key && entry.key !== ''),
    );
    if (mustWait || window.length >= WINDOW_MAX) await flush();
    window.push({ line: line.number, entry });
  }
  await flush();
  return { applied, failed: failures, failed_total: failedTotal };
}
