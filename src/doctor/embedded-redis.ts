// The redis-server that the start would run: is it there, and new enough? Asks it for its version, no more.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Finding, ok, problem } from './finding.js';
import { OLDEST_REDIS_MAJOR } from './redis.js';

const ANSWER_MAX_MS = 3000;
const INSTALL =
  'apt-get install redis-server (or brew install redis), or the Redis to use in INVITED_REDIS_URL';

export async function checkRedisProgram(): Promise<Finding> {
  const name = 'redis';
  const said = await promisify(execFile)('redis-server', ['--version'], { timeout: ANSWER_MAX_MS }).then(
    ({ stdout }) => stdout,
    () => null,
  );
  if (said === null) {
    return problem(name, 'redis-server is not on the PATH, and INVITED_REDIS_URL is not set', INSTALL);
  }
  const version = /\bv=([0-9.]+)/.exec(said)?.[1] ?? 'of unknown version';
  if (!(Number.parseInt(version, 10) >= OLDEST_REDIS_MAJOR)) {
    return problem(name, `redis-server ${version}; 7.0 or later is needed`, INSTALL);
  }
  return ok(name, `none runs in the data folder now; the start runs redis-server ${version}`);
}
