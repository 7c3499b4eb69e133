// GET /metrics: what the server counts, for Prometheus. Needs nobody, as the admin listener is never exposed.

import { bodyReply } from '../reply.js';
import { open, type Route } from '../route.js';

/** The figures as text, with its media type. Never rejects for an outage: then it has less to tell. */
export type Metrics = () => Promise<{ readonly type: string; readonly text: string }>;

export function metricsRoutes(metrics: Metrics): readonly Route[] {
  return [
    open('GET', '/metrics', async () => {
      const { type, text } = await metrics();
      return bodyReply(200, type, text);
    }),
  ];
}
