// The threads that the jobs process starts: the writer, and the webhooks. What they do stands in the files they run.

import type { WebhookFigures } from '../jobs/figures-told.js';
import type { Writer, WriterFigures } from '../jobs/writer.js';
import { type BackgroundThread, startThread } from './background-thread.js';
import type { ThreadSettings } from './thread-work.js';

const WRITER = new URL('./writer-thread.js', import.meta.url);
const WEBHOOKS = new URL('./webhooks-thread.js', import.meta.url);

const NOTHING_WRITTEN: WriterFigures = {
  rows: 0,
  batches: 0,
  damaged: 0,
  lastSuccessAtMs: null,
  oldestMissingMs: null,
  positions: new Map(),
};

const NOTHING_SENT: WebhookFigures = { delivered: 0, failedAttempts: 0, outstanding: 0, deadLetters: null };

/** @param onFailure told when the thread ended without being asked to */
export function startWriterThread(settings: ThreadSettings, onFailure: (error: unknown) => void): Writer {
  return startThread(WRITER, settings, NOTHING_WRITTEN, onFailure);
}

/** @param onFailure told when the thread ended without being asked to */
export function startWebhooksThread(
  settings: ThreadSettings,
  onFailure: (error: unknown) => void,
): BackgroundThread<WebhookFigures> {
  return startThread(WEBHOOKS, settings, NOTHING_SENT, onFailure);
}
