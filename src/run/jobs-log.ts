// What the jobs say in the log, each in a line that a person can act on. Nothing of a code, a user or an error's own text.

import type { RecoveryLog } from '../jobs/recovery.js';
import type { StreamBoundOptions } from '../jobs/stream-bound.js';
import type { WriterLog } from '../jobs/writer.js';
import { type createLog, describeBug } from '../log.js';
import type { RelayLog } from '../webhooks/relay.js';
import type { Target } from '../webhooks/target.js';

type Log = ReturnType<typeof createLog>;

/** @param isPostgresNew it is still being made, as was said at the start */
export function writerLog(log: Log, isPostgresNew: () => boolean): WriterLog {
  return {
    away: (forMs) => {
      if (!isPostgresNew()) tellAway(log, forMs);
    },
    back: (afterMs) =>
      log.info({ after_ms: afterMs }, 'Postgres is back; what came meanwhile is being copied'),
    damaged: (journal, what) =>
      log.error({ journal, what: withoutCode(what) }, 'this could not be read and is not copied'),
    failed: (error) => log.error({ problem: describeBug(error) }, 'copying to Postgres failed'),
    readerCut: tellReaderCut(log),
  };
}

const TELL_EVERY_MS = 60_000;

/** Once a minute at most. */
export function tellReaderCut(log: Log): () => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    log.error('a reader of the events is so far behind that some are gone (INVITED_STREAM_MAX)');
  };
}

function tellAway(log: Log, forMs: number): void {
  log.warn({ for_ms: forMs }, 'Postgres is away; what changes is kept in Redis until it is back');
}

/** @param onRestored told beside the log of each time that Redis was filled */
export function recoveryLog(log: Log, onRestored: () => void): RecoveryLog {
  return {
    waitsForPostgres: () =>
      log.warn('Redis is empty and Postgres is away: nothing is served until it is known what to restore'),
    begins: (why) => log.warn({ why }, 'Redis does not hold our data: restoring them from Postgres'),
    progresses: (done) => log.info({ done }, 'restoring'),
    restored: (summary) => {
      onRestored();
      log.warn(
        { ...summary },
        'restored from Postgres; what changed after the newest moment (newestMs) may be lost',
      );
    },
    startsAnew: () => log.warn('Redis is empty and there is no Postgres: starting anew'),
    failed: (error) => log.error({ problem: describeBug(error) }, 'restoring failed; it is tried again'),
  };
}

export function streamBoundLog(log: Log): StreamBoundOptions['log'] {
  return {
    fills: (journal, entries) =>
      log.warn({ journal, entries }, 'half of INVITED_STREAM_MAX or more waits to be copied to Postgres'),
    full: (journal, entries) =>
      log.error(
        { journal, entries },
        'INVITED_STREAM_MAX is reached: changes are refused until Postgres has caught up',
      ),
    hasRoom: (journal) => log.info({ journal }, 'there is room in the journal again: changes are taken'),
    failed: (error) => log.error({ problem: describeBug(error) }, 'the journal could not be measured'),
  };
}

/** Of a URL nothing that may be a secret. */
export function webhooksLog(log: Log): RelayLog {
  const of = ({ consumer, shown }: Target) => ({ consumer, url: shown });
  return {
    gap: (target, after) =>
      log.error(
        { ...of(target), after },
        'events were dropped from Redis before this webhook had them: it was behind for longer than they are kept; it goes on with the oldest there are',
      ),
    gaveUp: (target, { id, type }, attempts, reason) =>
      log.warn(
        { ...of(target), event_id: id, type, attempts, reason },
        'a webhook did not take an event: it is kept as a dead letter (invited webhooks list)',
      ),
    dropped: (howMany) =>
      log.error({ how_many: howMany }, 'there are too many dead letters: the oldest were dropped'),
    fails: (target, reason) =>
      log.warn({ ...of(target), reason }, 'a webhook fails: it is tried one event at a time'),
    recovers: (target) => log.info(of(target), 'a webhook takes events again'),
    failed: (error) =>
      log.error({ problem: describeBug(error) }, 'a webhook could not go on; it is tried again'),
  };
}

/** A code is as good as an invitation: its first two characters and its length must do. Who a person is, the log needn't know. */
function withoutCode(what: string): string {
  if (/^(member|bans|ip-bans|user):/.test(what)) return what.replace(/[^:]*$/, '…');
  return what.replace(
    /^invite:(.{0,2})(.*)$/,
    (_, start: string, rest: string) => `invite:${start}…(${start.length + rest.length})`,
  );
}
