// What outlives the end of this Redis, held against what INVITED_DURABILITY promises; and whether it could write it down lately.

import type { Config, Durability } from '../config.js';
import type { RedisFacts } from '../store/examine.js';
import { type Finding, ok, problem, warning } from './finding.js';

/** From the least. */
const LEVELS: readonly Durability[] = ['cache', 'everysec', 'always'];

export function judgePersistence(config: Config, facts: RedisFacts): readonly Finding[] {
  return [durability(config, facts), ...writes(facts)];
}

function durability(config: Config, { info, config: setting }: RedisFacts): Finding {
  const name = 'redis.durability';
  const fsync = setting('appendfsync');
  const isWritten = info('aof_enabled') === '1';
  const kept: Durability =
    !isWritten || fsync === null || fsync === 'no' ? 'cache' : fsync === 'always' ? 'always' : 'everysec';
  const found = isWritten
    ? `appendonly yes, appendfsync ${fsync ?? 'unknown (CONFIG GET is refused)'}`
    : 'appendonly no';
  const { durability: declared } = config;
  // The embedded one is started with what is declared.
  const wanted = declared ?? 'everysec';
  const fix = `redis-cli CONFIG SET appendonly yes, redis-cli CONFIG SET appendfsync ${wanted === 'always' ? 'always' : 'everysec'}, and the same in redis.conf`;
  if (declared !== null && LEVELS.indexOf(kept) < LEVELS.indexOf(declared)) {
    return problem(name, `${found}: less than INVITED_DURABILITY=${declared}, so the start is refused`, fix);
  }
  if (kept !== 'cache') {
    return ok(name, declared === null ? found : `${found}, as INVITED_DURABILITY=${declared} wants it`);
  }
  if (declared === 'cache') return ok(name, `${found}, as INVITED_DURABILITY=cache wants it`);
  const rest = config.postgres === 'on' ? 'what Postgres has not been given yet' : 'everything';
  return warning(
    name,
    `${found}: when Redis ends, ${rest} is lost`,
    `${fix}; then INVITED_DURABILITY=everysec checks it at each start`,
  );
}

function writes({ info, config: setting }: RedisFacts): readonly Finding[] {
  const name = 'redis.persistence';
  const disk = 'see the log of Redis: room and rights where its dir is (CONFIG GET dir)';
  const found: Finding[] = [];
  if (info('loading') === '1') found.push(problem(name, 'Redis is reading its file', 'wait until it has'));
  if (info('aof_enabled') === '1' && info('aof_last_write_status') === 'err') {
    found.push(problem(name, 'the last write to the append-only file failed: changes get 503', disk));
  }
  if (info('aof_enabled') === '1' && info('aof_last_bgrewrite_status') === 'err') {
    found.push(warning(name, 'the last rewrite of the append-only file failed: it grows', disk));
  }
  if (info('rdb_last_bgsave_status') === 'err') {
    // Unknown settings are taken for the defaults, which stop.
    const stops = setting('stop-writes-on-bgsave-error') !== 'no' && setting('save') !== '';
    found.push(
      stops
        ? problem(name, 'the last snapshot failed, so Redis takes no changes', disk)
        : warning(name, 'the last snapshot failed', disk),
    );
  }
  return found.length > 0 ? found : [ok(name, 'its last writes to disk succeeded')];
}
