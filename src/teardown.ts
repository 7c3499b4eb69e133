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

/** One Ctrl-C is two signals (of the terminal and of npm), and so is a service manager's end of a whole group: closer than this they are one. */
const AGAIN_AFTER_MS = 500;
/** For what is left of the teardown when it has been asked for again. */
const AT_ONCE_MAX_MS = 800;

export interface EndOptions {
  readonly onProblem: (error: unknown) => void;
  /** Asked again while it ends: makes it end at once, with exit code 1. Without it that changes nothing. */
  readonly onAgain?: () => void;
}

/** Runs it when the process is asked to end by one of these signals, once, and exits. */
export function endOn(
  signals: readonly NodeJS.Signals[],
  teardown: Teardown,
  { onProblem, onAgain }: EndOptions,
): void {
  let askedAt: number | null = null;
  let isAtOnce = false;
  const end = (): void => {
    if (askedAt !== null) {
      if (onAgain === undefined || isAtOnce || performance.now() - askedAt < AGAIN_AFTER_MS) return;
      isAtOnce = true;
      setTimeout(() => process.exit(1), AT_ONCE_MAX_MS);
      onAgain();
      return;
    }
    askedAt = performance.now();
    teardown.run().then(
      () => process.exit(isAtOnce ? 1 : 0),
      (error: unknown) => {
        onProblem(error);
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.on(signal, end);
}
