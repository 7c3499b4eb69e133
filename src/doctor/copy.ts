// Do Redis and Postgres hold the same data, by name, and how far is one behind the other? (docs/architecture.md, Epochs)

import type { Config } from '../config.js';
import type { CopyState, PostgresVisit } from '../postgres/examine.js';
import type { HeldData, RedisVisit } from '../store/examine.js';
import { type Finding, ok, problem, warning } from './finding.js';

/** Of INVITED_STREAM_MAX; the server's log warns there, too. */
const ALARM_SHARE = 0.5;
const BEHIND_WARNING_MS = 10_000;

/** @param postgres null: there is none, or it can't be used */
export async function checkData(
  config: Config,
  redis: RedisVisit | null,
  postgres: PostgresVisit | null,
): Promise<readonly Finding[]> {
  const held = await orNull(redis?.held());
  const copied = await orNull(postgres?.copy());
  const found: Finding[] = [];
  if (held !== null) found.push(epochs(held, copied), stream(config, held));
  if (held !== null && copied !== null && redis !== null) found.push(await behind(config, redis, copied));
  return found;
}

function epochs({ epochs: all, hasKeys }: HeldData, copied: CopyState | null): Finding {
  const name = 'data.epoch';
  const open = all.filter((epoch) => epoch !== null);
  const theirs = copied?.epoch ?? null;
  if (open.length === 0) {
    if (theirs !== null) {
      return warning(
        name,
        'Redis is empty or closed, and Postgres has a copy: it is restored as soon as a server runs',
        'npx invited start',
      );
    }
    return ok(
      name,
      hasKeys
        ? 'Redis has keys, none of which opens it: the next start does'
        : 'Redis is empty: the next start opens it',
    );
  }
  if (open.length < all.length || new Set(open).size > 1) {
    return warning(
      name,
      `${open.length} of ${all.length} journals are open: Redis is being restored, or that was cut off`,
      'a running server finishes it: npx invited start',
    );
  }
  if (theirs === null || theirs === open[0]) {
    return ok(
      name,
      theirs === null ? 'Redis is open' : 'Redis is open, and Postgres has a copy of the same data',
    );
  }
  return problem(
    name,
    'Redis and Postgres hold different data: a server would restore those of Postgres into this Redis',
    'the Redis and the Postgres that belong together in INVITED_REDIS_URL and INVITED_POSTGRES_URL',
  );
}

function stream({ streamMax }: Config, { entriesMax }: HeldData): Finding {
  const name = 'data.stream';
  const found = `${entriesMax} of ${streamMax} entries (INVITED_STREAM_MAX) wait for Postgres or for readers`;
  const fix =
    'bring Postgres back, or give it more time than it has; a larger INVITED_STREAM_MAX takes more of Redis';
  if (entriesMax >= streamMax) return problem(name, `${found}: changes get 503`, fix);
  return entriesMax >= streamMax * ALARM_SHARE ? warning(name, found, fix) : ok(name, found);
}

async function behind(
  { snapshotIntervalMs }: Config,
  redis: RedisVisit,
  { journals }: CopyState,
): Promise<Finding> {
  const name = 'data.copy';
  const places = journals.map(({ journal, position }) => ({ journal, streamId: position?.streamId ?? null }));
  const waitingMs = await orNull(redis.waitingMs(places));
  if (waitingMs === null) return warning(name, 'how far the copy is behind could not be read', null);
  if (waitingMs < Math.max(BEHIND_WARNING_MS, snapshotIntervalMs * 3))
    return ok(name, `Postgres is ${waitingMs} ms behind`);
  return warning(
    name,
    `Postgres is ${Math.round(waitingMs / 1000)} s behind: the oldest change that it has not been given is as old`,
    'a running server copies (npx invited start); if one runs, see its log',
  );
}

function orNull<Result>(asked: Promise<Result> | undefined): Promise<Result | null> {
  return asked === undefined ? Promise.resolve(null) : asked.catch(() => null);
}
