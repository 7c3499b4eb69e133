// Gathers requests while a call is under way and sends them as one. While nothing is under way, a request goes out in
// the same turn of the event loop: there are no timers, and at low load nothing waits. Each lane is a queue of its own.

import { StoreUnavailable } from './unavailable.js';

/** Whoever waits for an answer; one who has gone leaves the queue before it is sent. */
export interface Client {
  readonly isGone: boolean;
}

/** A client who stays. */
export const SOMEBODY: Client = { isGone: false };

export interface BatcherOptions<Request, Answer> {
  /** The queue of a request: on one Redis all share one, on a cluster each partition has its own. */
  laneOf(request: Request): number;
  /** Requests of one lane with the same key, which wait at the same time, are asked once; null: each for itself. */
  shareKey(request: Request): string | null;
  /**
   * Sends requests of one lane; answers in their order, an error where that one alone can't be answered. Rejects when
   * none of them can.
   */
  send(requests: readonly Request[]): Promise<readonly (Answer | Error)[]>;
  /** Requests in one call. */
  batchMax: number;
  /** Calls of one lane under way. */
  callsMax: number;
  /** Requests waiting in all lanes together; beyond that they are refused. */
  waitingMax: number;
}

export interface Batcher<Request, Answer> {
  /** @throws StoreUnavailable (down) at once when too many wait already */
  submit(request: Request, client: Client): Promise<Answer>;
  /** Requests that wait now, in all lanes together. */
  readonly waiting: number;
}

interface Waiting<Request, Answer> {
  readonly request: Request;
  client: Client;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface Shared<Request, Answer> {
  readonly waiting: Waiting<Request, Answer>;
  readonly answer: Promise<Answer>;
}

interface Lane<Request, Answer> {
  waiting: Waiting<Request, Answer>[];
  /** Of those that wait, the ones that others may join. */
  readonly shared: Map<string, Shared<Request, Answer>>;
  callsUnderWay: number;
  isFlushDue: boolean;
}

export function createBatcher<Request, Answer>(
  options: BatcherOptions<Request, Answer>,
): Batcher<Request, Answer> {
  const lanes = new Map<number, Lane<Request, Answer>>();
  let waitingCount = 0;

  const laneNumbered = (number: number): Lane<Request, Answer> => {
    const known = lanes.get(number);
    if (known !== undefined) return known;
    const lane = { waiting: [], shared: new Map(), callsUnderWay: 0, isFlushDue: false };
    lanes.set(number, lane);
    return lane;
  };

  /** At the end of this turn of the event loop, so that all requests that arrive in it go together. */
  const flushSoon = (lane: Lane<Request, Answer>): void => {
    if (lane.isFlushDue || lane.waiting.length === 0 || lane.callsUnderWay >= options.callsMax) return;
    lane.isFlushDue = true;
    setImmediate(() => {
      lane.isFlushDue = false;
      flush(lane);
    });
  };

  const flush = (lane: Lane<Request, Answer>): void => {
    while (lane.waiting.length > 0 && lane.callsUnderWay < options.callsMax) {
      const taken = lane.waiting.splice(0, options.batchMax);
      // Whoever comes from here on must be asked anew.
      lane.shared.clear();
      waitingCount -= taken.length;
      const batch = taken.filter(({ client }) => !client.isGone);
      // Nobody reads these answers; they are told apart from an outage by nobody either.
      for (const { client, reject } of taken) if (client.isGone) reject(new StoreUnavailable('down'));
      if (batch.length > 0) call(lane, batch);
    }
  };

  const call = (lane: Lane<Request, Answer>, batch: readonly Waiting<Request, Answer>[]): void => {
    lane.callsUnderWay += 1;
    options.send(batch.map(({ request }) => request)).then(
      (answers) => {
        lane.callsUnderWay -= 1;
        batch.forEach(({ resolve, reject }, at) => {
          const answer = answers[at];
          if (answer === undefined) reject(new Error('a batch came back with too few answers'));
          else if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
        flushSoon(lane);
      },
      (error: unknown) => {
        lane.callsUnderWay -= 1;
        for (const { reject } of batch) reject(error);
        // Those behind them have waited as long as a call may take: they are told now, not after another one.
        if (error instanceof StoreUnavailable) refuseAll(lane);
        flushSoon(lane);
      },
    );
  };

  const refuseAll = (lane: Lane<Request, Answer>): void => {
    const refused = lane.waiting;
    lane.waiting = [];
    lane.shared.clear();
    waitingCount -= refused.length;
    for (const { reject } of refused) reject(new StoreUnavailable('down'));
  };

  return {
    get waiting() {
      return waitingCount;
    },

    submit(request, client) {
      if (waitingCount >= options.waitingMax) return Promise.reject(new StoreUnavailable('down'));
      const lane = laneNumbered(options.laneOf(request));
      const key = options.shareKey(request);
      const other = key === null ? undefined : lane.shared.get(key);
      if (other !== undefined) {
        // Asked for by several, it is asked whoever of them goes.
        other.waiting.client = SOMEBODY;
        return other.answer;
      }
      let waiting: Waiting<Request, Answer> | undefined;
      const answer = new Promise<Answer>((resolve, reject) => {
        waiting = { request, client, resolve, reject };
        lane.waiting.push(waiting);
      });
      if (key !== null && waiting !== undefined) lane.shared.set(key, { waiting, answer });
      waitingCount += 1;
      flushSoon(lane);
      return answer;
    },
  };
}
