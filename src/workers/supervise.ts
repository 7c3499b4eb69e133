// Runs worker processes and keeps them running: one that ends on its own is started again, after a growing pause.
// Must never outlive its workers, nor they it: they end when the channel to this process breaks.

import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from '../start-error.js';
import { isWorkerMessage } from './message.js';

const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_MAX_MS = 5000;
/** A worker that has run this long was healthy: the back-off starts anew. */
const HEALTHY_AFTER_MS = 30_000;
const READY_MAX_MS = 60_000;

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
  const slots = Array.from({ length: options.count }, () => new Slot(options, stopping.signal));
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
  #current: ChildProcess | null = null;
  #kept: Promise<void> = Promise.resolve();

  constructor(options: WorkerOptions, stopping: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
  }

  async start(): Promise<void> {
    const first = this.#fork();
    await becomesReady(first, this.#options.name);
    this.#kept = this.#keep(first);
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
    this.#current = child;
    return child;
  }

  async #keep(first: ChildProcess): Promise<void> {
    let child = first;
    let backOffMs = BACK_OFF_FIRST_MS;
    for (;;) {
      const startedAt = performance.now();
      const how = await end(child);
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
      finish(message.kind === 'ready' ? null : message.problem);
    });
    // It may have said why just before.
    void end(child).then((how) => setImmediate(() => finish(`${name} did not start (${how}).`)));
  });
  if (failure !== null) throw new StartError(failure);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

function end(child: ChildProcess): Promise<string> {
  const how = () => (child.signalCode === null ? `exit code ${child.exitCode}` : child.signalCode);
  if (hasEnded(child)) return Promise.resolve(how());
  return new Promise((resolve) => child.once('exit', () => resolve(how())));
}
