// The route of the import stream.

import type { Engine } from '../../engine/engine.js';
import { importStream } from '../import/import.js';
import { valueReply } from '../reply.js';
import { closed, type Route } from '../route.js';

export function importRoutes(engine: Engine): readonly Route[] {
  return [
    closed(
      'service',
      'POST',
      '/import',
      async (call) => valueReply(await importStream(engine, call.stream)),
      {
        body: 'stream',
      },
    ),
  ];
}
