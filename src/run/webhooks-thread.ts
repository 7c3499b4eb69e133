// The thread of the jobs process that sends events to webhooks: what it costs to sign them, and to wait for those who are slow, holds
// up neither requests nor the other jobs.

import { pause } from '../jobs/pause.js';
import { startWebhooks } from '../jobs/webhooks.js';
import { webhooksLog } from './jobs-log.js';
import { openOutboxSource } from './outbox-source.js';
import { workInThread } from './thread-work.js';
import { webhookTargets } from './webhook-targets.js';

const COUNT_EVERY_MS = 2000;

await workInThread({ name: 'the webhooks', needsPostgres: false }, (parts, config, log) => {
  const { store, holder, isOutage } = parts;
  const stopping = new AbortController();
  const webhooks = startWebhooks({
    store: store.journal,
    journals: store.journals,
    source: (journal) => openOutboxSource(store, journal),
    deadLetters: store.deadLetters,
    targets: webhookTargets(config),
    attemptsMax: config.webhookAttempts,
    holder,
    isOutage,
    log: webhooksLog(log),
  });

  let deadLetters: number | null = null;
  const count = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      deadLetters = await store.deadLetters.count().catch(() => null);
      await pause(COUNT_EVERY_MS, stopping.signal);
    }
  };
  const counting = count();
  return {
    figures: () => ({ ...webhooks.figures(), deadLetters }),
    async stop() {
      stopping.abort();
      await Promise.all([webhooks.stop(), counting]);
    },
  };
});
