// Many connections, one session: PGlite is a single Postgres backend. Whoever is in a transaction has it for himself until
// that ends; everybody else waits in a queue. Must never run a statement of one connection in the transaction of another.

/** Somebody who asks; an object of his own for each connection. */
export interface Asker {
  /** Has kept the session in an open transaction for too long, doing nothing: must go, and is then rolled back. */
  hangUp(): void;
}

export interface Turns {
  /** Runs one unit of the wire protocol, when it is this asker's turn; gives what Postgres answers. */
  ask(asker: Asker, unit: Uint8Array): Promise<Uint8Array>;
  /** Lets `work` use the session when no transaction is open, and must not leave one. */
  alone(work: () => Promise<void>): Promise<void>;
  /** He is gone: what he still waits for is dropped, what he left open is rolled back. */
  leave(asker: Asker): void;
}

export interface TurnsOptions {
  /** Runs a unit to its end; the answer ends with ReadyForQuery. */
  readonly run: (unit: Uint8Array) => Promise<Uint8Array>;
  readonly idleInTransactionMaxMs: number;
  /** The session can't be trusted any more; nobody is answered from now on. */
  readonly onBroken: (error: unknown) => void;
}

interface Waiting {
  /** null: nobody's connection. */
  readonly asker: Asker | null;
  /** Does it leave a transaction open? */
  readonly work: () => Promise<boolean>;
}

/** ReadyForQuery: `Z`, its length, and whether a transaction is open. */
const READY_BYTES = 6;
const OUTSIDE_TRANSACTION = 'I'.charCodeAt(0);

export function createTurns({ run, idleInTransactionMaxMs, onBroken }: TurnsOptions): Turns {
  let queue: Waiting[] = [];
  let holder: Asker | null = null;
  let isRunning = false;
  let idle: NodeJS.Timeout | undefined;
  const gone = new WeakSet<Asker>();

  const takeNext = (): Waiting | null => {
    const index = holder === null ? 0 : queue.findIndex(({ asker }) => asker === holder);
    return queue.splice(index, index === -1 ? 0 : 1)[0] ?? null;
  };

  const rollBack = async (): Promise<boolean> => isInTransaction(await run(ROLLBACK));

  const runAll = async (): Promise<void> => {
    clearTimeout(idle);
    for (let next = takeNext(); next !== null; next = takeNext()) {
      holder = (await next.work()) ? next.asker : null;
      if (holder !== null && gone.has(holder)) holder = (await rollBack()) ? holder : null;
    }
    // In the same breath as the look into the queue: who comes from here on must wake us.
    isRunning = false;
    if (holder !== null) idle = setTimeout(holder.hangUp, idleInTransactionMaxMs);
  };

  const enqueue = (waiting: Waiting): void => {
    queue.push(waiting);
    if (isRunning || (holder !== null && holder !== waiting.asker)) return;
    isRunning = true;
    runAll().catch(onBroken);
  };

  return {
    ask(asker, unit) {
      return new Promise((answer) => {
        const work = async (): Promise<boolean> => {
          const data = await run(unit);
          answer(data);
          return isInTransaction(data);
        };
        enqueue({ asker, work });
      });
    },

    alone(work) {
      return new Promise((done) => {
        const undisturbed = async (): Promise<boolean> => {
          await work();
          done();
          return false;
        };
        enqueue({ asker: null, work: undisturbed });
      });
    },

    leave(asker) {
      gone.add(asker);
      queue = queue.filter((waiting) => waiting.asker !== asker);
      if (holder === asker && !isRunning) enqueue({ asker, work: rollBack });
    },
  };
}

function isInTransaction(data: Uint8Array): boolean {
  const ready = data.subarray(-READY_BYTES);
  if (ready[0] !== 'Z'.charCodeAt(0)) throw new Error('PGlite left a question without an end');
  return ready[READY_BYTES - 1] !== OUTSIDE_TRANSACTION;
}

/** A simple query of the protocol. */
const ROLLBACK = Buffer.from('Q\0\0\0\x0drollback\0', 'latin1');
