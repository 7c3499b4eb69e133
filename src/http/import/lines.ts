// Cuts a stream of bytes into lines (NDJSON): LF or CRLF, counted from 1, each of a bounded length.

export type Line =
  | { readonly number: number; readonly bytes: Uint8Array }
  | { readonly number: number; readonly bytes: null /* longer than the limit */ };

const LF = 0x0a;
const CR = 0x0d;

/** Empty lines are counted and left out. The last line needs no LF. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Line> {
  let number = 1;
  let pieces: Uint8Array[] = [];
  let length = 0;

  const take = (piece: Uint8Array): void => {
    length += piece.byteLength;
    // Of a line that is too long only the length is kept. One byte more than the limit may be a CR.
    if (length <= bytesMax + 1) pieces.push(piece);
    else pieces = [];
  };
  const finish = (): Line | null => {
    const whole = Buffer.concat(pieces);
    const bytes = whole.at(-1) === CR ? whole.subarray(0, -1) : whole;
    const isTooLong = length > bytesMax + 1 || bytes.byteLength > bytesMax;
    const line = isTooLong ? { number, bytes: null } : { number, bytes };
    number += 1;
    pieces = [];
    length = 0;
    return line.bytes?.byteLength === 0 ? null : line;
  };

  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
      take(chunk.subarray(from, at));
      from = at + 1;
      const line = finish();
      if (line !== null) yield line;
    }
    if (from < chunk.byteLength) take(chunk.subarray(from));
  }
  if (length > 0) {
    const line = finish();
    if (line !== null) yield line;
  }
}
