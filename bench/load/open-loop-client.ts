// A load that arrives at a fixed rate whatever the server does, as people do: a program of its own, started by
// open-loop.ts. Latency counts from the moment a request was planned, so a server that stalls is charged for all who had
// to wait meanwhile (Tene, "How NOT to Measure Latency", 2015).
// Reads its job from the file in its first argument, prints its result as one line of JSON.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { percentile } from '../stats.js';
import { firstUser, frame, type LoadTarget, signToken, type Traffic } from './traffic.js';

export interface OpenLoopJob {
  readonly target: LoadTarget;
  readonly traffic: Traffic;
  readonly run: number;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second, evenly spaced. */
  readonly rate: number;
}

export interface OpenLoopRun {
  readonly planned: number;
  readonly answers: number;
  readonly refusals: number;
  readonly failures: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
}

/** The first part of a run is not counted: connections and caches are still cold. */
const WARM_UP_SHARE = 0.2;
/** How long answers may take behind the last request. */
const DRAIN_MS = 5000;
/**
 * How long to sleep between two looks at what is due and what has come. Without it the load would spin on a core of its own,
 * and a contender of several processes would have to share the other one. Part of every latency, and the same for all.
 */
const NAP_MS = 0.25;

const job = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as OpenLoopJob;
process.stdout.write(`${JSON.stringify(await run(job))}\n`);
process.exit(0);

async function run({
  target,
  traffic,
  run: number,
  connections,
  seconds,
  rate,
}: OpenLoopJob): Promise<OpenLoopRun> {
  const frames = traffic.requests.map((shape) => ({
    pieces: frame(shape, traffic, target),
    takesUser: shape.user === 'next',
  }));
  const first = firstUser(traffic, number);
  let users = 0;
  const nextRequest = (at: number): string => {
    const { pieces, takesUser } = frames[at % frames.length] ?? { pieces: ['', ''], takesUser: false };
    if (!takesUser) return pieces[0] + pieces[1];
    const userId = String(first + BigInt(traffic.members === null ? users : users % traffic.members));
    users += 1;
    return pieces[0] + (traffic.auth === 'token' ? signToken(userId, target) : userId) + pieces[1];
  };

  const total = Math.floor(rate * seconds);
  const uncounted = Math.floor(total * WARM_UP_SHARE);
  const latencies = new Float64Array(total);
  let counted = 0;
  let sent = 0;
  let answers = 0;
  let refusals = 0;
  let failures = 0;
  const free: Connection[] = [];
  const all = await Promise.all(
    Array.from({ length: connections }, () =>
      open(target, {
        answered(connection, status) {
          answers += 1;
          if (status >= 400) refusals += 1;
          if (connection.number >= uncounted) {
            latencies[counted] = performance.now() - connection.plannedAt;
            counted += 1;
          }
          free.push(connection);
        },
        failed() {
          failures += 1;
        },
      }),
    ),
  );
  free.push(...all);

  const startedAt = performance.now();
  const plannedAt = (at: number): number => startedAt + (at * 1000) / rate;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const deadline = startedAt + seconds * 1000 + DRAIN_MS;
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      const now = performance.now();
      while (sent < total && plannedAt(sent) <= now) {
        const connection = free.pop();
        // All are busy: it waits, and its clock runs.
        if (connection === undefined) break;
        connection.send(nextRequest(sent), sent, plannedAt(sent));
        sent += 1;
      }
      if (answers + failures >= total || now > deadline) {
        resolve();
        return;
      }
      Atomics.wait(sleeper, 0, 0, NAP_MS);
      setImmediate(turn);
    };
    turn();
  });
  for (const connection of all) connection.close();

  const sorted = latencies.slice(0, counted).sort();
  return {
    planned: total,
    answers,
    refusals,
    failures: failures + (total - answers - failures),
    latencyMs: {
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      p999: percentile(sorted, 0.999),
    },
  };
}

interface Connection {
  readonly number: number;
  readonly plannedAt: number;
  send(request: string, number: number, plannedAt: number): void;
  close(): void;
}

interface Events {
  answered(connection: Connection, status: number): void;
  failed(): void;
}

/** One connection, one request at a time. */
function open(target: LoadTarget, events: Events): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(target.port, target.host);
    socket.setNoDelay(true);
    let received: Buffer = Buffer.alloc(0);
    let isWaiting = false;
    const connection = {
      number: 0,
      plannedAt: 0,
      send(request: string, number: number, plannedAt: number) {
        connection.number = number;
        connection.plannedAt = plannedAt;
        isWaiting = true;
        socket.write(request, 'latin1');
      },
      close: () => void socket.destroy(),
    };
    socket.once('connect', () => resolve(connection));
    socket.once('error', reject);
    socket.on('close', () => {
      if (isWaiting) events.failed();
    });
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const head = received.toString('latin1', 0, headEnd);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (received.length < headEnd + 4 + length) return;
      received = received.subarray(headEnd + 4 + length);
      isWaiting = false;
      events.answered(connection, Number(head.slice(9, 12)));
    });
  });
}
