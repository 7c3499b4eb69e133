#!/usr/bin/env node
// The program: `invited start | token | import | storm`. The composition root, which nobody imports: it knows every
// part and joins them; each of them knows as little as it can.

import { mkdir } from 'node:fs/promises';
import { pino } from 'pino';
import { importFile } from './cli/import.js';
import { signToken } from './cli/sign-token.js';
import { storm } from './cli/storm.js';
import { token } from './cli/token.js';
import { type Config, loadConfig } from './config.js';
import { loadDemo } from './demo/demo.js';
import { welcomeLines } from './demo/welcome.js';
import { openDataFolder } from './embedded/data-folder.js';
import { startEmbeddedRedis } from './embedded/redis.js';
import { loadOrCreateSecret } from './embedded/secret.js';
import { createEngine } from './engine/engine.js';
import { startListeners } from './http/listeners.js';
import { startSweeper } from './jobs/sweeper.js';
import { Secret } from './secret.js';
import { StartError } from './start-error.js';
import { checkServer, connectRedis } from './store/connection.js';
import { createStore } from './store/store.js';
import { StoreUnavailable } from './store/unavailable.js';

const GRACE_MS = 10_000;
const DEMO_TOKEN_TTL_S = 7 * 24 * 3600;

const USAGE = `usage: invited <command>

  start                          serve (settings: the INVITED_… variables, see README.md)
  token --user ID                print a token: [--role user|bot|service] [--permissions BITS] [--ttl 1h]
  import FILE.ndjson             feed guilds, channels, members, invites … to a running server: [--url URL]
  storm                          many users on one capped invite, and the sum that must hold
`;

/** Undoes what was started, newest first. */
class Teardown {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0)) await step();
  }
}

async function start(config: Config): Promise<void> {
  const log = pino(
    { level: config.logLevel, base: { name: 'invited' } },
    pino.destination({ dest: 2, sync: true }),
  );
  const teardown = new Teardown();
  const isOutage = (error: unknown): boolean => error instanceof StoreUnavailable;

  try {
    const redisUrl = config.redisUrl ?? (await startEmbedded(config, teardown, (line) => log.warn(line)));
    const redis = await connectRedis({ url: redisUrl, timeoutMs: config.redisTimeoutMs });
    teardown.add(async () => redis.disconnect());
    const { isCluster } = await checkServer(redis, config.allowEviction);
    const store = createStore(redis, { isCluster, waitingMax: config.waitingMax });
    await store.scripts.load();
    const engine = createEngine(store, config);

    const jwtSecret = config.jwtSecret ?? new Secret(await keptSecret(config));
    const listeners = await startListeners(engine, {
      publicListener: config.publicListener,
      adminListener: config.adminListener,
      auth: { ...config, jwtSecret },
      page: { iconUrlTemplate: config.iconUrl, publicUrl: config.publicUrl },
      reservedVanity: config.reservedVanity,
      requestsInFlightMax: config.requestsInFlightMax,
      isUnavailable: isOutage,
      onBug: (error) => log.error({ problem: describeBug(error) }, 'a request failed'),
    });
    teardown.add(() => listeners.drain(GRACE_MS));
    const sweeper = startSweeper(store.invites, isOutage, (error) =>
      log.error({ problem: describeBug(error) }, 'the sweeper failed'),
    );
    teardown.add(() => sweeper.stop());
    log.debug({ uws: listeners.build }, 'serving');

    print(`  public  ${listeners.publicAddress}`);
    print(`  admin   ${listeners.adminAddress}`);
    if (config.demo) {
      if (!(await store.isDone('demo'))) {
        await loadDemo(engine);
        await store.markDone('demo');
      }
      const publicUrl = config.publicListener.kind === 'tcp' ? listeners.publicAddress : null;
      const sign = (userId: string) => signToken(jwtSecret.reveal(), tokenOf(config, userId));
      for (const line of await welcomeLines({ publicUrl, sign })) print(line);
      print('');
    }
    print('ready (Ctrl-C ends it)');
  } catch (error) {
    await teardown.run();
    throw error;
  }

  // Asked again while it ends (by a terminal and by npm, for one Ctrl-C), it goes on ending.
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    teardown.run().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ problem: describeBug(error) }, 'could not end cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

async function startEmbedded(
  config: Config,
  teardown: Teardown,
  warn: (line: string) => void,
): Promise<Secret> {
  const folder = await openDataFolder(config.dataDir);
  teardown.add(() => folder.release());
  const redis = await startEmbeddedRedis({ dataDir: folder.path, appendFsync: 'everysec', onRestart: warn });
  teardown.add(() => redis.stop());
  return new Secret(`unix://${encodeURI(redis.socketPath)}`);
}

/** The secret in the data folder, which is made if there is none. */
async function keptSecret(config: Config): Promise<string> {
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

function tokenBinding(config: Config) {
  return {
    ...(config.jwtAudience === null ? {} : { audience: config.jwtAudience }),
    ...(config.jwtIssuer === null ? {} : { issuer: config.jwtIssuer }),
  };
}

/** Stacks are ours; what Redis said is already left out of them. */
function describeBug(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : 'something that is no error was thrown';
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(command: string | undefined, args: readonly string[]): Promise<number | 'serving'> {
  if (command === undefined || command === 'help' || command === '--help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = loadConfig(process.env);
  const secret = async (): Promise<string> => config.jwtSecret?.reveal() ?? keptSecret(config);
  const context = { env: process.env, secret, ...tokenBinding(config) };
  switch (command) {
    case 'start':
      await start(config);
      return 'serving';
    case 'token':
      return token(args, await secret(), tokenBinding(config));
    case 'import':
      return importFile(args, context);
    case 'storm':
      return storm(args, context);
    default:
      process.stderr.write(`Unknown command ${JSON.stringify(command)}.\n${USAGE}`);
      return 2;
  }
}

try {
  const result = await main(process.argv[2], process.argv.slice(3));
  if (result !== 'serving') process.exitCode = result;
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // What was started may still hold the process open.
  process.exit(1);
}
