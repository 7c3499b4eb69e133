// What a worker and the process that supervises it say to each other.

import type { Gathered, Told } from './figures.js';

export type WorkerMessage =
  | { readonly kind: 'ready' }
  /** It can't start; the text is the one line for the person who started it. */
  | { readonly kind: 'failed'; readonly problem: string }
  /** It wants the figures of all workers; answered by `gathered`. */
  | { readonly kind: 'gather' }
  /** Its own, as it was asked for them by `tell`. */
  | { readonly kind: 'told'; readonly told: Told };

export type SupervisorMessage =
  | { readonly kind: 'tell' }
  | { readonly kind: 'gathered'; readonly gathered: Gathered };

/** Only who is on the other end of the channel can send these: a kind that we know has its fields. */
export function isWorkerMessage(message: unknown): message is WorkerMessage {
  return isOfKind(message, ['ready', 'failed', 'gather', 'told']);
}

export function isSupervisorMessage(message: unknown): message is SupervisorMessage {
  return isOfKind(message, ['tell', 'gathered']);
}

function isOfKind(message: unknown, kinds: readonly string[]): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    kinds.includes(message.kind as string)
  );
}

/** Resolves when it has been handed over; a problem that no supervisor hears goes to stderr. */
export function tellSupervisor(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send !== undefined && process.connected) {
      process.send(message, () => resolve());
      return;
    }
    if (message.kind === 'failed') process.stderr.write(`${message.problem}\n`);
    resolve();
  });
}

/** Ends this process as soon as nobody supervises it; at once if that happened while it was still being loaded. */
export function endWithSupervisor(): void {
  const end = (): never => process.exit(1);
  process.on('disconnect', end);
  // `send` stays undefined for a process that was started by hand.
  if (process.channel === null) end();
}
