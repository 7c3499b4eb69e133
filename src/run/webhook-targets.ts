// The webhooks that the settings name, each with what sends to it.

import type { Config } from '../config.js';
import { createSend, type Send } from '../webhooks/send.js';
import { createSign } from '../webhooks/sign.js';
import { type Target, targetOf } from '../webhooks/target.js';
import { readVersion } from './version.js';

export interface WebhookTarget {
  readonly target: Target;
  readonly send: Send;
}

export function webhookTargets({
  webhookUrls,
  webhookSecret,
  webhookTimeoutMs: timeoutMs,
}: Config): readonly WebhookTarget[] {
  // Without one config.ts lets no URL through.
  if (webhookSecret === null) return [];
  const [sign, userAgent] = [createSign(webhookSecret), `invited/${readVersion()}`];
  return webhookUrls.map((url) => ({
    target: targetOf(url),
    send: createSend({ url, sign, timeoutMs, userAgent }),
  }));
}
