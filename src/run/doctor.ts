// `invited doctor`, joined to all that it looks at. What it opens it closes; a broken part is a finding, never the end.

import { doctor as runCommand } from '../cli/doctor.js';
import { type Config, loadConfig } from '../config.js';
import { checkData } from '../doctor/copy.js';
import { checkDataFolder } from '../doctor/data-folder.js';
import { checkRedisProgram } from '../doctor/embedded-redis.js';
import { checkExposure } from '../doctor/exposure.js';
import { type Finding, ok, problem } from '../doctor/finding.js';
import { checkIssuer } from '../doctor/issuer.js';
import { checkMachine } from '../doctor/machine.js';
import { checkAdminPort, checkPublicPort } from '../doctor/ports.js';
import { checkPostgres } from '../doctor/postgres.js';
import { checkRedis } from '../doctor/redis.js';
import { type Check, runChecks } from '../doctor/run-checks.js';
import { checkSecrets } from '../doctor/secrets.js';
import { runningPostgres, runningRedis } from '../embedded/running.js';
import { loadUws } from '../http/uws.js';
import { type PostgresVisit, visitPostgres } from '../postgres/examine.js';
import { Secret } from '../secret.js';
import { StartError } from '../start-error.js';
import { type RedisVisit, visitRedis } from '../store/examine.js';

/** With what follows them they must fit into the time of a check. */
const CONNECT_MAX_MS = 2500;
const QUESTION_MAX_MS = 2000;

type Env = Readonly<Record<string, string | undefined>>;

/** @returns the exit code */
export function doctor(env: Env, args: readonly string[]): Promise<number> {
  return runCommand(args, { examine: () => examine(env) });
}

/** Everything that is found with these settings. */
export async function examine(env: Env): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = loadConfig(env);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // Nothing else is known of a server that would not start.
    return [
      problem(
        'settings',
        error.message,
        'the settings that are named: docs/configuration.md has what they may be',
      ),
    ];
  }
  const visits = new Visits(config);
  try {
    return [
      ok('settings', 'all INVITED_… variables are understood'),
      ...(await runChecks(checksOf(config, visits))),
    ];
  } finally {
    await visits.close();
  }
}

function checksOf(config: Config, visits: Visits): readonly Check[] {
  const now = (findings: readonly Finding[]) => Promise.resolve(findings);
  return [
    { name: 'secrets', run: () => now(checkSecrets(config)) },
    { name: 'issuer', run: () => checkIssuer(config) },
    { name: 'exposure', run: () => now(checkExposure(config)) },
    { name: 'data_folder', run: () => checkDataFolder(config) },
    { name: 'machine', run: () => checkMachine(config, () => loadUws().build) },
    { name: 'ports.public', run: () => checkPublicPort(config) },
    { name: 'ports.admin', run: () => checkAdminPort(config) },
    { name: 'redis', run: () => visits.checkRedis() },
    { name: 'postgres', run: () => visits.checkPostgres() },
    { name: 'data', run: () => checkData(config, visits.redis, visits.postgres) },
  ];
}

/** The two stores, where they can be had. */
class Visits {
  readonly #config: Config;
  redis: RedisVisit | null = null;
  postgres: PostgresVisit | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  async checkRedis(): Promise<readonly Finding[]> {
    const { redisUrl, dataDir } = this.#config;
    const url = redisUrl ?? (await embedded(runningRedis(dataDir)));
    if (url === null) return [await checkRedisProgram()];
    return checkRedis(this.#config, async () => {
      this.redis = await visitRedis({ url, timeoutMs: QUESTION_MAX_MS, firstConnectMs: CONNECT_MAX_MS });
      return this.redis;
    });
  }

  async checkPostgres(): Promise<readonly Finding[]> {
    const { postgres, postgresUrl, dataDir } = this.#config;
    if (postgres === 'off') {
      return [ok('postgres', 'there is none (INVITED_POSTGRES=off): what Redis loses is lost')];
    }
    const url = postgresUrl ?? (await embedded(runningPostgres(dataDir)));
    if (url === null) return [ok('postgres', 'none runs in the data folder now; the start brings it up')];
    return checkPostgres(this.#config, { isEmbedded: postgresUrl === null }, () => {
      this.postgres = visitPostgres({
        url,
        connectMaxMs: CONNECT_MAX_MS,
        statementTimeoutMs: QUESTION_MAX_MS,
      });
      return this.postgres;
    });
  }

  async close(): Promise<void> {
    this.redis?.close();
    await this.postgres?.close();
  }
}

/** null: it does not run. */
async function embedded(running: Promise<string>): Promise<Secret | null> {
  try {
    return new Secret(await running);
  } catch (error) {
    if (error instanceof StartError) return null;
    throw error;
  }
}
