// What a key set says in the log: never a URL's query, never a key.

import type { KeySetLog } from '../jwks/key-set.js';
import { type KeyLocation, shownLocation } from '../key-location.js';
import type { createLog } from '../log.js';

export function keySetLog(log: ReturnType<typeof createLog>, location: KeyLocation): KeySetLog {
  const jwks = shownLocation(location);
  return {
    changed(keys, ignored) {
      log.info({ jwks, keys }, 'the key set has changed');
      if (ignored.length > 0) log.warn({ jwks, ignored }, 'keys of the key set are not used');
      if (keys === 0) log.error({ jwks }, 'the key set has no key that can be used: its tokens are refused');
    },
    failed(reason, isBelieved) {
      if (isBelieved)
        log.warn({ jwks, reason }, 'the key set could not be read; the one before goes on counting');
      else log.error({ jwks, reason }, 'the key set could not be read: its tokens are answered 503');
    },
    back: () => log.info({ jwks }, 'the key set could be read again'),
  };
}
