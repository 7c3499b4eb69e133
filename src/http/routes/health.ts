// Is the process alive, and may it be sent requests?

import type { Engine } from '../../engine/engine.js';
import { problem } from '../problem.js';
import { valueReply } from '../reply.js';
import { open, type Route } from '../route.js';

export function healthRoutes(engine: Engine, isDraining: () => boolean): readonly Route[] {
  return [
    open('GET', '/healthz', async () => valueReply({ status: 'ok' })),
    open('GET', '/readyz', async () => {
      if (isDraining()) return problem('SERVICE_UNAVAILABLE');
      // Throws while Redis is away, which is answered 503.
      await engine.checkReady();
      return valueReply({ status: 'ready' });
    }),
  ];
}
