// The one kind of failure that Redis may cause a caller: it can't be had right now.
// Redis's own errors carry their arguments (passwords, codes, whole scripts) and must never get past this folder.

/** `down`: not sent. `unknown`: sent, and the answer never came; it may or may not have happened. */
export class StoreUnavailable extends Error {
  /** The same in every version. */
  readonly code = 'STORE_UNAVAILABLE';
  readonly kind: 'down' | 'unknown';

  constructor(kind: 'down' | 'unknown') {
    super(kind === 'down' ? 'Redis is away' : 'Redis did not answer');
    this.kind = kind;
  }
}

/** A script that broke its contract, or a Redis that refuses what it should know: a bug, not an outage. */
export class StoreBug extends Error {}

/** A command that Redis refused: what it would have written, it has not (lua/README.md, rule 2). */
export class ScriptRefused extends StoreBug {}

// What a Redis says that is up but can't serve now; none of these has executed anything.
const PASSING =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|MISCONF|NOREPLICAS|UNBLOCKED|NOAUTH|NOPERM)/;

/** Turns what ioredis throws into one of the two above; `what` names the command for the log, without arguments. */
export function fromRedisError(error: unknown, what: string): StoreUnavailable | StoreBug {
  const message = error instanceof Error ? error.message : '';
  if (error instanceof Error && error.name === 'ReplyError') {
    if (PASSING.test(message)) return new StoreUnavailable('down');
    // The first word is Redis's error class; the rest could hold anything.
    return new ScriptRefused(`${what}: Redis refused it (${/^[A-Z]+/.exec(message)?.[0] ?? 'unclassified'})`);
  }
  if (/isn't writeable|not writable|Connection is closed|ECONNREFUSED|ENOENT|max retries/i.test(message)) {
    // "Connection is closed" is also what a command gets that was under way when the connection broke.
    return new StoreUnavailable(/isn't writeable/.test(message) ? 'down' : 'unknown');
  }
  return new StoreUnavailable('unknown');
}
