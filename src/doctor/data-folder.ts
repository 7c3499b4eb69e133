// The folder of the embedded Redis and Postgres and of the token secret: can it be used, by us alone, and is there room?

import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config.js';
import { keepsTokenSecret } from '../kept-secret.js';
import { type Finding, ok, problem, warning } from './finding.js';

const NAME = 'data_folder';
const OTHERS = 0o077;
const MIB = 1024 * 1024;
/** Less: a problem, and less than eight times that a warning. */
const FREE_MIB_MIN = 128;

export async function checkDataFolder(config: Config): Promise<readonly Finding[]> {
  const holds = contentsOf(config);
  const { dataDir } = config;
  if (holds.length === 0)
    return [ok(NAME, 'nothing is kept in it: Redis, Postgres and the token secret are set')];
  const folder = await stat(dataDir).catch(codeOf);
  if (folder === 'ENOENT') return [await missing(dataDir, holds)];
  if (typeof folder === 'string') {
    return [
      problem(
        NAME,
        `${dataDir} can't be looked at: ${folder}`,
        'another INVITED_DATA_DIR, or the rights to it',
      ),
    ];
  }
  if (!folder.isDirectory()) return [problem(NAME, `${dataDir} is no folder`, 'another INVITED_DATA_DIR')];
  const found: Finding[] = [];
  if (!(await isAllowed(dataDir, constants.R_OK | constants.W_OK | constants.X_OK))) {
    found.push(
      problem(
        NAME,
        `this user may not write in ${dataDir}`,
        `chown -R "$(id -un)" ${quoted(dataDir)} (as root)`,
      ),
    );
  }
  if ((folder.mode & OTHERS) !== 0) {
    found.push(
      warning(NAME, `other users of this machine may look into ${dataDir}`, `chmod 700 ${quoted(dataDir)}`),
    );
  }
  const secret = join(dataDir, 'jwt-secret');
  const mode = await stat(secret).then(
    (file) => file.mode,
    () => 0,
  );
  if ((mode & OTHERS) !== 0) {
    found.push(
      problem(NAME, `other users may read ${secret}`, `chmod 600 ${quoted(secret)}, and a new secret`),
    );
  }
  found.push(...(await room(dataDir)));
  return found.length > 0 ? found : [ok(NAME, `${dataDir} is ours alone; it holds ${holds.join(', ')}`)];
}

function contentsOf(config: Config): readonly string[] {
  const { redisUrl, postgres, postgresUrl } = config;
  return [
    ...(redisUrl === null ? ['Redis'] : []),
    ...(postgres === 'on' && postgresUrl === null ? ['Postgres'] : []),
    ...(keepsTokenSecret(config) ? ['the token secret'] : []),
  ];
}

/** The start makes it, where it may. */
async function missing(dataDir: string, holds: readonly string[]): Promise<Finding> {
  let parent = dirname(dataDir);
  while (parent !== dirname(parent) && !(await isAllowed(parent, constants.F_OK))) parent = dirname(parent);
  if (await isAllowed(parent, constants.W_OK | constants.X_OK)) {
    return ok(NAME, `${dataDir} will be made at the first start, for ${holds.join(', ')}`);
  }
  return problem(
    NAME,
    `${dataDir} is not there, and this user may not make it in ${parent}`,
    'another INVITED_DATA_DIR',
  );
}

async function room(dataDir: string): Promise<readonly Finding[]> {
  const { bavail, bsize } = await statfs(dataDir);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  if (freeMib >= FREE_MIB_MIN * 8) return [];
  const message = `${freeMib} MiB are free where ${dataDir} is`;
  const fix = 'make room, or set INVITED_DATA_DIR to a larger disk';
  return [freeMib < FREE_MIB_MIN ? problem(NAME, message, fix) : warning(NAME, message, fix)];
}

function isAllowed(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? 'unknown cause';
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
