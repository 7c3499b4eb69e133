// Where a command prints: results to `out`, talk and problems to `err`, a line at a time.

export interface Print {
  out(line: string): void;
  err(line: string): void;
}

export const terminal: Print = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
};
