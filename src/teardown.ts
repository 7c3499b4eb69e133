// What was started is undone newest first, however far the start came.

export class Teardown {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0)) await step();
  }
}

/** Runs it when the process is asked to end by one of these signals, once, and exits. */
export function endOn(
  signals: readonly NodeJS.Signals[],
  teardown: Teardown,
  onProblem: (error: unknown) => void,
): void {
  let isEnding = false;
  const end = (): void => {
    // Asked again while it ends (by a terminal and by npm, for one Ctrl-C), it goes on ending.
    if (isEnding) return;
    isEnding = true;
    teardown.run().then(
      () => process.exit(0),
      (error: unknown) => {
        onProblem(error);
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.on(signal, end);
}
