// The signature of a delivery, by the Standard Webhooks specification: it says that we sent it, and when. The secret must never get
// out of here.

import { Webhook } from 'standardwebhooks';
import type { Secret } from '../secret.js';

export type SignatureHeaders = Readonly<
  Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>
>;

/** @param atMs when this attempt is made; the receiver refuses what is minutes old */
export type Sign = (eventId: string, json: string, atMs: number) => SignatureHeaders;

/** @param secret `whsec_…`, as config.ts has judged it */
export function createSign(secret: Secret): Sign {
  const webhook = new Webhook(secret.reveal());
  return (eventId, json, atMs) => ({
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(atMs / 1000)),
    'webhook-signature': webhook.sign(eventId, new Date(atMs), json),
  });
}
