// The access log: a JSON line for each request, where that is asked for. Of who asked, and for which code, it says nothing: what it
// names is the route, and the request by its id. Lines are gathered, since one write for each would cost more than the request.

import { pino } from 'pino';

export interface AnsweredRequest {
  /** In upper case, as it came. */
  readonly method: string;
  /** `/invites/{code}`; null: there is none. */
  readonly route: string | null;
  readonly status: number;
  /** From the head of the request to its answer. */
  readonly ms: number;
  readonly requestId: string;
  /** Of the trace that the request is part of; null: of none. */
  readonly traceId: string | null;
}

export interface AccessLog {
  write(answered: AnsweredRequest): void;
  /** Writes what is gathered. */
  flush(): void;
}

/** What one write may hold, so that those of several processes into one pipe don't mix (POSIX, PIPE_BUF). */
const WRITE_BYTES = 4096;
const GATHERED_BYTES = 3072;
const GATHERED_MS = 500;
/** Of a method that nobody knows, no more than this. */
const METHOD_MAX = 16;

export function createAccessLog(): AccessLog {
  const destination = pino.destination({
    dest: 2,
    sync: true,
    minLength: GATHERED_BYTES,
    maxWrite: WRITE_BYTES,
    periodicFlush: GATHERED_MS,
  });
  const log = pino({ base: { name: 'invited' } }, destination);
  return {
    write({ method, route, status, ms, requestId, traceId }) {
      log.info(
        {
          method: method.slice(0, METHOD_MAX),
          route,
          status,
          ms: Math.round(ms * 100) / 100,
          request_id: requestId,
          ...(traceId === null ? {} : { trace_id: traceId }),
        },
        'request',
      );
    },
    flush: () => destination.flushSync(),
  };
}
