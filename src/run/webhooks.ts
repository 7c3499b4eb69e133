// `invited webhooks`, joined to the Redis that has the dead letters and to the webhooks that the settings name.

import { webhooks as runCommand } from '../cli/webhooks.js';
import type { Config } from '../config.js';
import { StartError } from '../start-error.js';
import type { DeadLetters } from '../store/dead-letters.js';
import { StoreUnavailable } from '../store/unavailable.js';
import { replay } from '../webhooks/replay.js';
import { openCommandStore } from './command-stores.js';
import { webhookTargets } from './webhook-targets.js';

const PAGE_MAX = 500;

/** @returns the exit code */
export async function webhooks(config: Config, args: readonly string[]): Promise<number> {
  return runCommand(args, {
    async open() {
      const { store, close } = await openCommandStore(config);
      const { deadLetters } = store;
      return {
        list: () => pagesOf(deadLetters),
        replay: (eventId, onLeft) =>
          replay({ deadLetters, targets: webhookTargets(config), eventId, onLeft }),
        close,
      };
    },
    outageOf(error) {
      if (error instanceof StartError) return error.message;
      return error instanceof StoreUnavailable
        ? `${error.message}, or its data are just being restored.`
        : null;
    },
  });
}

async function* pagesOf(deadLetters: DeadLetters) {
  let after: string | null = null;
  for (;;) {
    const page = await deadLetters.list(after, PAGE_MAX);
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)?.id ?? null;
  }
}
