// Keeps what a command prints, for tests to read.

import type { Print } from '../../src/cli/print.js';

export interface RecordingPrint extends Print {
  readonly outLines: readonly string[];
  readonly errLines: readonly string[];
}

export function recordingPrint(): RecordingPrint {
  const outLines: string[] = [];
  const errLines: string[] = [];
  return {
    outLines,
    errLines,
    out: (line) => void outLines.push(line),
    err: (line) => void errLines.push(line),
  };
}
