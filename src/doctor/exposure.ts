// What of this server strangers can reach, and what it sends to others. Asks nobody: who runs the doctor must not thereby send
// anything to third parties.

import type { Config } from '../config.js';
import { type Finding, ok, warning } from './finding.js';

export function checkExposure(config: Config): readonly Finding[] {
  return [adminListener(config), ...webhooks(config)];
}

function adminListener({ adminListener: listener }: Config): Finding {
  const name = 'listeners.admin';
  if (listener.kind === 'unix') return ok(name, 'the admin listener is a Unix socket');
  if (isLoopback(listener.host))
    return ok(name, `the admin listener is for this machine only (${listener.host})`);
  return warning(
    name,
    `the admin listener is open to others (INVITED_ADMIN_HOST=${listener.host}): whoever reaches it reads /metrics, and with a token of role service everything`,
    'INVITED_ADMIN_HOST=127.0.0.1, or a network that only the host application and the monitoring are in',
  );
}

function webhooks({ webhookUrls }: Config): readonly Finding[] {
  const name = 'webhooks';
  if (webhookUrls.length === 0) return [ok(name, 'none (INVITED_WEBHOOK_URLS is not set)')];
  const plain = webhookUrls
    .map((url) => new URL(url.reveal()))
    .filter(({ protocol, hostname }) => protocol === 'http:' && !isLoopback(hostname));
  return [
    ok(
      name,
      `${webhookUrls.length} URLs; whether they answer was not tried, since the doctor sends nothing to others: see invited_webhook_deliveries_total in /metrics`,
    ),
    ...plain.map(({ host }) =>
      warning(name, `events are sent to ${host} unencrypted`, 'https:// in INVITED_WEBHOOK_URLS'),
    ),
  ];
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^127\./.test(host) || /^\[?::1\]?$/.test(host);
}
