// `invited start`: brings up what is missing (the embedded Redis, a secret), runs the workers that serve, and does the
// work that is nobody's request.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { signToken } from './cli/sign-token.js';
import type { Config } from './config.js';
import { loadDemo } from './demo/demo.js';
import { welcomeLines } from './demo/welcome.js';
import { openDataFolder } from './embedded/data-folder.js';
import { startEmbeddedRedis } from './embedded/redis.js';
import { loadOrCreateSecret } from './embedded/secret.js';
import { createEngine } from './engine/engine.js';
import { startSweeper } from './jobs/sweeper.js';
import { addressOf, type ListenOn } from './listen-on.js';
import { createLog, describeBug } from './log.js';
import { Secret } from './secret.js';
import { StartError } from './start-error.js';
import { checkDurability, checkServer, connectRedis } from './store/connection.js';
import { createStore, type Store } from './store/store.js';
import { StoreUnavailable } from './store/unavailable.js';
import { endOn, Teardown } from './teardown.js';
import { reservePort } from './workers/reserve-port.js';
import { superviseWorkers } from './workers/supervise.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
/** Longer than a worker gives its requests to end. */
const WORKER_STOP_MAX_MS = 12_000;
const EMBEDDED_DURABILITY = 'everysec';
const FSYNC = { cache: null, everysec: 'everysec', always: 'always' } as const;
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
    const publicListener = await reservePort(config.publicListener, 'INVITED_PORT');
    const adminListener = await reservePort(config.adminListener, 'INVITED_ADMIN_PORT');
    const redisUrl = config.redisUrl ?? (await startEmbedded(config, teardown, warn));
    const redis = await connectRedis({ url: redisUrl, timeoutMs: config.redisTimeoutMs });
    teardown.add(async () => redis.disconnect());
    const { isCluster } = await checkServer(redis, config.allowEviction);
    if (config.redisUrl !== null && config.durability !== null) {
      await checkDurability(redis, config.durability);
    }
    const store = createStore(redis, { isCluster, waitingMax: config.waitingMax });
    await store.scripts.load();
    const jwtSecret = config.jwtSecret ?? new Secret(await keptSecret(config));

    const sweeper = startSweeper(
      store.invites,
      (error) => error instanceof StoreUnavailable,
      (error) => log.error({ problem: describeBug(error) }, 'the sweeper failed'),
    );
    teardown.add(() => sweeper.stop());
    const workers = await superviseWorkers({
      count: config.workers,
      module: MAIN,
      args: ['worker'],
      execArgv: [...process.execArgv, ...WORKER_FLAGS],
      env: {
        ...env,
        INVITED_PORT: portSetting(publicListener),
        INVITED_ADMIN_PORT: portSetting(adminListener),
        INVITED_REDIS_URL: redisUrl.reveal(),
        INVITED_JWT_SECRET: jwtSecret.reveal(),
      },
      stopMaxMs: WORKER_STOP_MAX_MS,
      onRestart: warn,
    });
    teardown.add(() => workers.stop());

    print(`  public  ${addressOf(publicListener)}`);
    print(`  admin   ${addressOf(adminListener)}`);
    if (config.demo) await showDemo(config, store, jwtSecret, publicListener);
    print('ready (Ctrl-C ends it)');
  } catch (error) {
    await teardown.run();
    throw error;
  }
  endOn(['SIGINT', 'SIGTERM'], teardown, (error) =>
    log.error({ problem: describeBug(error) }, 'could not end cleanly'),
  );
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

async function startEmbedded(
  config: Config,
  teardown: Teardown,
  warn: (line: string) => void,
): Promise<Secret> {
  const folder = await openDataFolder(config.dataDir);
  teardown.add(() => folder.release());
  const redis = await startEmbeddedRedis({
    dataDir: folder.path,
    appendFsync: FSYNC[config.durability ?? EMBEDDED_DURABILITY],
    onRestart: warn,
  });
  teardown.add(() => redis.stop());
  return new Secret(`unix://${encodeURI(redis.socketPath)}`);
}

/** The secret in the data folder, which is made if there is none. */
export async function keptSecret(config: Config): Promise<string> {
  try {
    await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  } catch {
    throw new StartError(`The data folder ${config.dataDir} can't be used (INVITED_DATA_DIR).`);
  }
  return loadOrCreateSecret(config.dataDir);
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
