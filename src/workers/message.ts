// What a worker says to the process that supervises it.

export type WorkerMessage =
  | { readonly kind: 'ready' }
  /** It can't start; the text is the one line for the person who started it. */
  | { readonly kind: 'failed'; readonly problem: string };

export function isWorkerMessage(message: unknown): message is WorkerMessage {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return (
    message.kind === 'ready' ||
    (message.kind === 'failed' && 'problem' in message && typeof message.problem === 'string')
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
