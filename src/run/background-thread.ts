// Starts a part of the jobs process in a thread of its own, and keeps what that last told of itself.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ThreadSettings } from './thread-work.js';

export interface BackgroundThread<Figures> {
  figures(): Figures;
  /** Ends when it has ended what it does. */
  stop(): Promise<void>;
}

/**
 * @param nothing what counts until it has told something
 * @param onFailure told when the thread ended without being asked to
 */
export function startThread<Figures>(
  thread: URL,
  settings: ThreadSettings,
  nothing: Figures,
  onFailure: (error: unknown) => void,
): BackgroundThread<Figures> {
  let figures = nothing;
  let isStopping = false;
  // The environment itself is no object that could be handed over.
  const worker = new Worker(thread, { workerData: { ...settings, env: { ...settings.env } } });
  worker.on('message', (told: Figures) => {
    figures = told;
  });
  worker.on('error', onFailure);
  const ended = once(worker, 'exit').then(([code]) => {
    if (!isStopping) onFailure(new Error(`the thread ended (${String(code)})`));
  });
  return {
    figures: () => figures,
    async stop() {
      isStopping = true;
      worker.postMessage('stop');
      await ended;
    },
  };
}
