// `invited start`: brings up what is missing (the embedded Redis and Postgres, a secret), and runs the processes that serve and the
// one that does what is nobody's request.

import { fileURLToPath } from 'node:url';
import { signToken } from '../cli/sign-token.js';
import type { Config } from '../config.js';
import { loadDemo } from '../demo/demo.js';
import { welcomeLines } from '../demo/welcome.js';
import { openDataFolder } from '../embedded/data-folder.js';
import { beginEmbeddedPostgres } from '../embedded/postgres.js';
import { startEmbeddedRedis } from '../embedded/redis.js';
import { createEngine } from '../engine/engine.js';
import { checkKeyFile } from '../jwks/key-set.js';
import { addressOf, type ListenOn } from '../listen-on.js';
import { createLog, describeBug } from '../log.js';
import { Secret } from '../secret.js';
import { checkDurability, checkServer, connectRedis } from '../store/connection.js';
import { createStore, type Store } from '../store/store.js';
import { StoreUnavailable } from '../store/unavailable.js';
import { endOn, Teardown } from '../teardown.js';
import { reservePort } from '../workers/reserve-port.js';
import { superviseWorkers } from '../workers/supervise.js';
import { identityWarnings } from './identity-warnings.js';
import { tokenSecret } from './token-secret.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** Longer than a worker gives its requests to end, or the jobs process what it is at. */
const STOP_MAX_MS = 12_000;
const EMBEDDED_DURABILITY = 'everysec';
const FSYNC = { cache: null, everysec: 'everysec', always: 'always' } as const;
const OPEN_POLL_MS = 50;
const TELL_AFTER_TRIES = 100;
const DEMO_TOKEN_TTL_S = 7 * 24 * 3600;
/** Room for young objects: with Node's 16 MB a loaded worker spends a tenth of its time moving them (docs/performance.md). */
const WORKER_FLAGS = ['--max-semi-space-size=64'];

/** Serves until it is told to end. */
export async function start(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const log = createLog(config.logLevel);
  const teardown = new Teardown();
  const warn = (line: string): void => log.warn(line);
  try {
    if (config.jwks !== null) await checkKeyFile(config.jwks);
    for (const line of identityWarnings(config)) warn(line);
    const publicListener = await reservePort(config.publicListener, 'INVITED_PORT');
    const adminListener = await reservePort(config.adminListener, 'INVITED_ADMIN_PORT');
    const embedded = new Embedded(config, teardown, warn);
    const [redisUrl, postgres] = await Promise.all([embedded.redisUrl(), embedded.postgres()]);
    const redis = await connectRedis({ url: redisUrl, timeoutMs: config.redisTimeoutMs });
    teardown.add(async () => redis.disconnect());
    const { isCluster } = await checkServer(redis, config.allowEviction);
    if (config.redisUrl !== null && config.durability !== null) {
      await checkDurability(redis, config.durability);
    }
    const store = createStore(redis, { isCluster, waitingMax: config.waitingMax });
    const jwtSecret = await tokenSecret(config);
    const settings = {
      ...env,
      INVITED_PORT: portSetting(publicListener),
      INVITED_ADMIN_PORT: portSetting(adminListener),
      INVITED_REDIS_URL: redisUrl.reveal(),
      INVITED_POSTGRES_URL: postgres?.url.reveal(),
      INVITED_JWT_SECRET: jwtSecret?.reveal(),
    };
    const common = { module: MAIN, env: settings, onRestart: warn };
    // Side by side: a process needs most of a second to begin.
    const started = await Promise.allSettled([
      superviseWorkers({
        ...common,
        name: 'The jobs process',
        count: 1,
        stopMaxMs: STOP_MAX_MS,
        args: ['jobs', ...(postgres?.databaseFolder === undefined ? [] : [postgres.databaseFolder])],
        execArgv: process.execArgv,
      }),
      superviseWorkers({
        ...common,
        name: 'A worker',
        count: config.workers,
        stopMaxMs: config.drainDelayMs + STOP_MAX_MS,
        args: ['worker'],
        execArgv: [...process.execArgv, ...WORKER_FLAGS],
      }),
    ]);
    // The workers end first: what they have answered is then copied.
    const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    for (const workers of running) teardown.add(() => workers.stop());
    for (const one of started) if (one.status === 'rejected') throw one.reason;

    print(`  public  ${addressOf(publicListener)}`);
    print(`  admin   ${addressOf(adminListener)}`);
    print(`  ledger  ${ledgerLine(config)}`);
    endOn(['SIGINT', 'SIGTERM'], teardown, {
      onProblem: (error) => log.error({ problem: describeBug(error) }, 'could not end cleanly'),
      onAgain: () => {
        log.warn('asked again to end: at once; requests under way are cut off');
        for (const workers of running) workers.kill();
      },
    });
    await untilOpen(store);
    if (config.demo && jwtSecret !== null) await showDemo(config, store, jwtSecret, publicListener);
    print('ready (Ctrl-C ends it)');
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function showDemo(
  config: Config,
  store: Store,
  jwtSecret: Secret,
  publicListener: ListenOn,
): Promise<void> {
  if (!(await store.isDone('demo'))) {
    await loadDemo(createEngine(store, config));
    await store.markDone('demo');
  }
  const publicUrl = publicListener.kind === 'tcp' ? addressOf(publicListener) : null;
  const sign = (userId: string) => signToken(jwtSecret.reveal(), tokenOf(config, userId));
  for (const line of await welcomeLines({ publicUrl, sign })) print(line);
  print('');
}

function portSetting(listenOn: ListenOn): string {
  return listenOn.kind === 'unix' ? `unix:${listenOn.path}` : String(listenOn.port);
}

/** What no setting names is started here, in the data folder, which only one of us may use. */
class Embedded {
  readonly #config: Config;
  readonly #teardown: Teardown;
  readonly #warn: (line: string) => void;
  #folder: Promise<string> | null = null;

  constructor(config: Config, teardown: Teardown, warn: (line: string) => void) {
    this.#config = config;
    this.#teardown = teardown;
    this.#warn = warn;
  }

  async redisUrl(): Promise<Secret> {
    if (this.#config.redisUrl !== null) return this.#config.redisUrl;
    const redis = await startEmbeddedRedis({
      dataDir: await this.#lockedFolder(),
      appendFsync: FSYNC[this.#config.durability ?? EMBEDDED_DURABILITY],
      onRestart: this.#warn,
    });
    this.#teardown.add(() => redis.stop());
    return new Secret(`unix://${encodeURI(redis.socketPath)}`);
  }

  /** null: none is wanted. */
  async postgres(): Promise<{ readonly url: Secret; readonly databaseFolder?: string } | null> {
    const { postgres: wanted, postgresUrl } = this.#config;
    if (wanted === 'off') return null;
    if (postgresUrl !== null) return { url: postgresUrl };
    const postgres = await beginEmbeddedPostgres({
      dataDir: await this.#lockedFolder(),
      onRestart: this.#warn,
    });
    this.#teardown.add(() => postgres.stop());
    return { url: new Secret(postgres.url), databaseFolder: postgres.databaseFolder };
  }

  #lockedFolder(): Promise<string> {
    this.#folder ??= openDataFolder(this.#config.dataDir).then((folder) => {
      this.#teardown.add(() => folder.release());
      return folder.path;
    });
    return this.#folder;
  }
}

function ledgerLine(config: Config): string {
  if (config.postgres === 'off') {
    return 'off (INVITED_POSTGRES=off): what Redis loses is lost, and nobody can ask who came by which invite';
  }
  return config.postgresUrl === null
    ? 'embedded Postgres in the data folder; of this server alone (several share one by INVITED_POSTGRES_URL)'
    : 'Postgres at INVITED_POSTGRES_URL';
}

/** Waits until Redis is known to hold our data, however long it takes to restore them; those who ask meanwhile are told so. */
async function untilOpen(store: Store): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await store.checkReady();
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    if (tries === TELL_AFTER_TRIES) print('  waiting until Redis holds our data (see the log) …');
    await new Promise((resolve) => setTimeout(resolve, OPEN_POLL_MS));
  }
}

function tokenOf(config: Config, userId: string) {
  return { sub: userId, ttlSeconds: DEMO_TOKEN_TTL_S, ...tokenBinding(config) };
}

export function tokenBinding(config: Config) {
  return {
    ...(config.jwtAudience === null ? {} : { audience: config.jwtAudience }),
    ...(config.jwtIssuer === null ? {} : { issuer: config.jwtIssuer }),
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
