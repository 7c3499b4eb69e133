// The webhooks: of each journal that is ours one relay for each URL. One process has those of a journal, another one when that is gone;
// where two have them for a moment, events come twice, as they may.

import { setMaxListeners } from 'node:events';
import type { JournalStore } from '../store/journal-store.js';
import type { Journal } from '../store/journals.js';
import { type Relay, type RelayFigures, type RelayOptions, startRelay } from '../webhooks/relay.js';
import type { Send } from '../webhooks/send.js';
import type { OutboxSource } from '../webhooks/source.js';
import type { Target } from '../webhooks/target.js';
import { Lease } from './leases.js';
import { pause } from './pause.js';

export interface WebhooksOptions
  extends Pick<RelayOptions, 'deadLetters' | 'attemptsMax' | 'isOutage' | 'log'> {
  readonly store: JournalStore;
  readonly journals: readonly Journal[];
  readonly holder: string;
  readonly source: (journal: Journal) => OutboxSource;
  readonly targets: readonly { readonly target: Target; readonly send: Send }[];
}

export interface Webhooks {
  figures(): RelayFigures;
  stop(): Promise<void>;
}

const ASK_LEASE_MS = 1000;

export function startWebhooks(options: WebhooksOptions): Webhooks {
  const stopping = new AbortController();
  // Each journal listens.
  setMaxListeners(0, stopping.signal);
  const running = new Set<Relay>();
  /** What the relays did that have ended. */
  const ended = { delivered: 0, failedAttempts: 0 };

  const start = (journal: Journal): readonly Relay[] => {
    const source = options.source(journal);
    const relays = options.targets.map((one) => startRelay({ ...options, ...one, source, pause }));
    for (const relay of relays) running.add(relay);
    return relays;
  };
  const stop = async (relays: readonly Relay[]): Promise<void> => {
    await Promise.all(relays.map((relay) => relay.stop()));
    for (const relay of relays) {
      running.delete(relay);
      const { delivered, failedAttempts } = relay.figures();
      ended.delivered += delivered;
      ended.failedAttempts += failedAttempts;
    }
  };

  const run = async (journal: Journal): Promise<void> => {
    const lease = new Lease(options.store, journal, 'webhooks', options.holder);
    let relays: readonly Relay[] = [];
    while (!stopping.signal.aborted) {
      try {
        const isOurs = await lease.hold();
        if (isOurs && relays.length === 0) relays = start(journal);
        if (!isOurs && relays.length > 0) {
          await stop(relays);
          relays = [];
        }
      } catch (error) {
        // Nobody else can take it while Redis is away.
        if (!options.isOutage(error)) options.log.failed(error);
      }
      await pause(ASK_LEASE_MS, stopping.signal);
    }
    await stop(relays);
    await lease.giveBack().catch(() => {});
  };

  const runs = Promise.all(options.journals.map(run));
  return {
    figures() {
      const sum = { ...ended, outstanding: 0 };
      for (const relay of running) {
        const { delivered, failedAttempts, outstanding } = relay.figures();
        sum.delivered += delivered;
        sum.failedAttempts += failedAttempts;
        sum.outstanding += outstanding;
      }
      return sum;
    },
    async stop() {
      stopping.abort();
      await runs;
    },
  };
}
