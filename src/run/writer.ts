// Starts the writer in a thread of its own, and keeps what it last told of itself.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Writer, WriterFigures } from '../jobs/writer.js';
import type { WriterMessage, WriterSettings } from './writer-thread.js';

const THREAD = new URL('./writer-thread.js', import.meta.url);

const NOTHING: WriterFigures = {
  rows: 0,
  batches: 0,
  damaged: 0,
  lastSuccessAtMs: null,
  oldestMissingMs: null,
  positions: new Map(),
};

/** @param onFailure told when the thread ended without being asked to */
export function startWriterThread(settings: WriterSettings, onFailure: (error: unknown) => void): Writer {
  let figures = NOTHING;
  let isStopping = false;
  // The environment itself is no object that could be handed over.
  const thread = new Worker(THREAD, { workerData: { ...settings, env: { ...settings.env } } });
  thread.on('message', (told: WriterMessage) => {
    figures = told;
  });
  thread.on('error', onFailure);
  const ended = once(thread, 'exit').then(([code]) => {
    if (!isStopping) onFailure(new Error(`the writer's thread ended (${String(code)})`));
  });
  return {
    figures: () => figures,
    async stop() {
      isStopping = true;
      thread.postMessage('stop');
      await ended;
    },
  };
}
