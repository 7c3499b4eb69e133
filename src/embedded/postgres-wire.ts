// What a client of Postgres sends, cut into units that are run without a break, and the greeting it gets. Of the protocol
// (version 3, postgresql.org/docs/current/protocol.html) it knows what `pg` needs; what else comes ends the connection.
// Must never hand out half a unit: between its parts another connection would get the session.

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const PROTOCOL_MAJOR = 3;
const STARTUP_BYTES_MAX = 10_000;
/** Of one unit. A batch of the writer has less than one megabyte. */
const UNIT_BYTES_MAX = 256 * 1024 * 1024;

/** `refuse`: encryption was asked for, which a Unix socket doesn't need. */
export type Request =
  | { readonly kind: 'refuse' }
  | { readonly kind: 'greet' }
  | { readonly kind: 'run'; readonly unit: Uint8Array }
  | { readonly kind: 'end' };

export class ClientBytes {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Nothing can be told from fewer bytes. */
  #needed = 8;
  #isGreeted = false;
  /** Whole messages of a unit whose end has not come yet. */
  #unitBytes = 0;

  /** What the bytes up to now ask for, in order. Nothing follows an `end`. */
  push(chunk: Buffer): readonly Request[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const requests: Request[] = [];
    for (;;) {
      const taken = this.#isGreeted ? this.#nextUnit(rest) : this.#nextGreeting(rest);
      if (taken === null) break;
      requests.push(taken.request);
      if (taken.request.kind === 'end') break;
      rest = rest.subarray(taken.bytes);
    }
    this.#chunks = [rest];
    this.#length = rest.length;
    return requests;
  }

  #nextGreeting(bytes: Buffer): { readonly request: Request; readonly bytes: number } | null {
    this.#needed = 8;
    if (bytes.length < 8) return null;
    const length = bytes.readInt32BE(0);
    const code = bytes.readInt32BE(4);
    if (length < 8 || length > STARTUP_BYTES_MAX) return { request: { kind: 'end' }, bytes: 0 };
    this.#needed = length;
    if (bytes.length < length) return null;
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { request: { kind: 'refuse' }, bytes: length };
    // A CancelRequest too: nothing can be cancelled, since we can't listen while a statement runs.
    if (code >>> 16 !== PROTOCOL_MAJOR) return { request: { kind: 'end' }, bytes: 0 };
    this.#isGreeted = true;
    return { request: { kind: 'greet' }, bytes: length };
  }

  #nextUnit(bytes: Buffer): { readonly request: Request; readonly bytes: number } | null {
    for (;;) {
      const from = this.#unitBytes;
      this.#needed = from + 5;
      if (bytes.length < from + 5) return null;
      const type = String.fromCharCode(bytes[from] ?? 0);
      const end = from + 1 + bytes.readInt32BE(from + 1);
      if (type === 'X' || end < from + 5 || end > UNIT_BYTES_MAX)
        return { request: { kind: 'end' }, bytes: 0 };
      // Would ask for a part of the answer before the unit has ended; nothing of ours does.
      if (type === 'H') return { request: { kind: 'end' }, bytes: 0 };
      this.#needed = end;
      if (bytes.length < end) return null;
      this.#unitBytes = end;
      // A simple query, or the Sync behind Parse, Bind, Describe and Execute.
      if (type === 'Q' || type === 'S') {
        this.#unitBytes = 0;
        return { request: { kind: 'run', unit: bytes.subarray(0, end) }, bytes: end };
      }
    }
  }
}

export const REFUSAL = Buffer.from('N');

/** No password: who may open the socket may ask. */
export function greeting(serverVersion: string): Buffer {
  const settings = {
    server_version: serverVersion,
    server_encoding: 'UTF8',
    client_encoding: 'UTF8',
    DateStyle: 'ISO, MDY',
    TimeZone: 'UTC',
    integer_datetimes: 'on',
    standard_conforming_strings: 'on',
  };
  const noCancelKey = Buffer.alloc(8);
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...Object.entries(settings).map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`))),
    message('K', noCancelKey),
    message('Z', Buffer.from('I')),
  ]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
