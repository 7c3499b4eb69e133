// Runs worker processes and keeps them running: one that ends on its own is started again, after a growing pause.
// Must never outlive its workers, nor they it: they end when the channel to this process breaks.

import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from '../start-error.js';
import { type Gathered, gatherFrom, SlotFigures } from './figures.js';
import { isWorkerMessage, type SupervisorMessage } from './message.js';

const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_MAX_MS = 5000;
/** A worker that has run this long was healthy: the back-off starts anew. */
const HEALTHY_AFTER_MS = 30_000;
const READY_MAX_MS = 60_000;
/** Of a worker that takes longer to say what it has counted, what it said before must do. */
const TELL_MAX_MS = 500;

export interface WorkerOptions {
  /** For people: `A worker`. */
  readonly name: string;
  readonly count: number;
  /** The program and its arguments, run by this very Node. */
  readonly module: string;
  readonly args: readonly string[];
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long a worker may take to end when asked, before it is killed. */
  readonly stopMaxMs: number;
  /** Told, in one line, each time a worker ended on its own or could not be started again. */
  readonly onRestart: (message: string) => void;
}

export interface Workers {
  /** SIGTERM to all; resolves when all have ended. */
  stop(): Promise<void>;
  /** SIGKILL to all, for who can't wait any longer. */
  kill(): void;
}

/**
 * Starts the workers; resolves when all are ready.
 * @throws StartError with what a worker said when it could not start
 */
export async function superviseWorkers(options: WorkerOptions): Promise<Workers> {
  const stopping = new AbortController();
  let gathering: Promise<Gathered> | null = null;
  /** Once for all who ask at one time. */
  const gather = (): Promise<Gathered> => {
    gathering ??= Promise.all(slots.map((slot) => slot.askFigures()))
      .then(() => gatherFrom(slots.map(({ figures }) => figures)))
      .finally(() => {
        gathering = null;
      });
    return gathering;
  };
  const slots = Array.from({ length: options.count }, () => new Slot(options, stopping.signal, gather));
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(slots.map((slot) => slot.stop()));
  };
  try {
    await Promise.all(slots.map((slot) => slot.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  const kill = (): void => {
    stopping.abort();
    for (const slot of slots) slot.kill();
  };
  return { stop, kill };
}

/** The place of one worker, filled again whenever it falls empty. */
class Slot {
  readonly #options: WorkerOptions;
  readonly #stopping: AbortSignal;
  readonly figures = new SlotFigures();
  readonly #gather: () => Promise<Gathered>;
  #hasTold: () => void = () => {};
  #current: ChildProcess | null = null;
  #kept: Promise<void> = Promise.resolve();

  constructor(options: WorkerOptions, stopping: AbortSignal, gather: () => Promise<Gathered>) {
    this.#gather = gather;
    this.#options = options;
    this.#stopping = stopping;
  }

  async start(): Promise<void> {
    const first = this.#fork();
    await becomesReady(first, this.#options.name);
    this.#kept = this.#keep(first);
  }

  /** Resolves when the worker has told its figures, or can't be waited for any longer. */
  async askFigures(): Promise<void> {
    const child = this.#current;
    if (child === null || hasEnded(child)) return;
    let timer: NodeJS.Timeout | undefined;
    const told = new Promise<void>((resolve) => {
      this.#hasTold = resolve;
      timer = setTimeout(resolve, TELL_MAX_MS);
    });
    send(child, { kind: 'tell' });
    await told;
    clearTimeout(timer);
  }

  async stop(): Promise<void> {
    const child = this.#current;
    if (child !== null && !hasEnded(child)) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMaxMs);
      await end(child);
      clearTimeout(timer);
    }
    await this.#kept;
  }

  kill(): void {
    this.#current?.kill('SIGKILL');
  }

  #fork(): ChildProcess {
    const { module, args, execArgv, env } = this.#options;
    const child = fork(module, args, {
      execArgv: [...execArgv],
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.on('error', () => {});
    child.on('message', (message: unknown) => {
      if (!isWorkerMessage(message)) return;
      if (message.kind === 'told') {
        this.figures.tell(message.told);
        this.#hasTold();
      } else if (message.kind === 'gather') {
        void this.#gather().then((gathered) => send(child, { kind: 'gathered', gathered }));
      }
    });
    this.#current = child;
    return child;
  }

  async #keep(first: ChildProcess): Promise<void> {
    let child = first;
    let backOffMs = BACK_OFF_FIRST_MS;
    for (;;) {
      const startedAt = performance.now();
      const how = await end(child);
      this.figures.end();
      if (this.#stopping.aborted) return;
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) backOffMs = BACK_OFF_FIRST_MS;
      this.#options.onRestart(
        `${this.#options.name} ended (${how}); it is started again in ${backOffMs} ms.`,
      );
      await delay(backOffMs, undefined, { signal: this.#stopping }).catch(() => {});
      if (this.#stopping.aborted) return;
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MAX_MS);
      child = this.#fork();
      child.on('message', (message: unknown) => {
        if (isWorkerMessage(message) && message.kind === 'failed') this.#options.onRestart(message.problem);
      });
    }
  }
}

async function becomesReady(child: ChildProcess, name: string): Promise<void> {
  const failure = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(`${name} did not get ready.`), READY_MAX_MS);
    const finish = (outcome: string | null): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    child.on('message', (message: unknown) => {
      if (!isWorkerMessage(message)) return;
      if (message.kind === 'ready') finish(null);
      if (message.kind === 'failed') finish(message.problem);
    });
    // It may have said why just before.
    void end(child).then((how) => setImmediate(() => finish(`${name} did not start (${how}).`)));
  });
  if (failure !== null) throw new StartError(failure);
}

/** One that is about to end hears it no more. */
function send(child: ChildProcess, message: SupervisorMessage): void {
  if (child.connected) child.send(message, () => {});
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

function end(child: ChildProcess): Promise<string> {
  const how = () => (child.signalCode === null ? `exit code ${child.exitCode}` : child.signalCode);
  if (hasEnded(child)) return Promise.resolve(how());
  return new Promise((resolve) => child.once('exit', () => resolve(how())));
}
