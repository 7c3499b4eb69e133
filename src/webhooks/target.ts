// Whom events are sent to: a URL, the name under which its position and its dead letters are kept, and what of it may be shown.

import { createHash } from 'node:crypto';
import type { Secret } from '../secret.js';

export interface Target {
  /** Whole: its query may be a secret of the receiver's. */
  readonly url: Secret;
  readonly consumer: string;
  /** Origin and path, for logs and people. */
  readonly shown: string;
}

const NAME_DIGITS = 16;

export function targetOf(url: Secret): Target {
  const digest = createHash('sha256').update(url.reveal()).digest('hex');
  const { origin, pathname } = new URL(url.reveal());
  return { url, consumer: `webhook:${digest.slice(0, NAME_DIGITS)}`, shown: origin + pathname };
}
