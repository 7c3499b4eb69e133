// `npm run storm`: many users accept one capped invite at once, each several times, and the sum must hold.
// Prints exactly one line on stdout; all talk is on stderr.

import { type Print, terminal } from './print.js';
import { runStorm, type Storm, StormFailed, type StormTarget } from './storm-run.js';
import { startStormServer } from './storm-server.js';
import { limitsHint, summaryLine, violations } from './storm-tally.js';
import { baseUrl, parseCommand, UsageError, wholeNumber } from './usage-error.js';

const USAGE =
  'Usage: npm run storm -- [--users 2000] [--cap 100] [--repeat 3] [--connections 64] [--url PUBLIC --admin-url ADMIN]';
const USERS_MAX = 100_000;
const CAP_MAX = 100;
const REPEAT_MAX = 100;
const CONNECTIONS_MAX = 1024;
const INTERRUPTED_EXIT_CODE = 130;

export interface StormContext {
  /** What the server that a storm starts inherits, except our own settings. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The secret of the server at --url; asked only when that is given. */
  secret(): Promise<string>;
  readonly audience?: string;
  readonly issuer?: string;
  readonly print?: Print;
}

interface StormPlan {
  readonly storm: Storm;
  readonly urls: { readonly url: string; readonly adminUrl: string } | null;
}

/** @returns the exit code: 0 when the sum holds, 1 when it doesn't or could not be made, 2 for wrong arguments */
export async function storm(args: readonly string[], context: StormContext): Promise<number> {
  const print = context.print ?? terminal;
  try {
    const plan = readArguments(args);
    if (plan === null) {
      print.out(USAGE);
      return 0;
    }
    if (plan.urls === null) return await againstOwnServer(plan.storm, context, print);
    const target: StormTarget = {
      ...plan.urls,
      secret: await context.secret(),
      ...(context.audience === undefined ? {} : { audience: context.audience }),
      ...(context.issuer === undefined ? {} : { issuer: context.issuer }),
    };
    return await stormAgainst(target, plan.storm, print);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StormFailed)) throw error;
    print.err(error instanceof UsageError ? `${error.message} ${USAGE}` : error.message);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** null: the caller asked for help. */
function readArguments(args: readonly string[]): StormPlan | null {
  const { values } = parseCommand({
    args: [...args],
    options: {
      users: { type: 'string', default: '2000' },
      cap: { type: 'string', default: '100' },
      repeat: { type: 'string', default: '3' },
      connections: { type: 'string', default: '64' },
      url: { type: 'string' },
      'admin-url': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  const adminUrl = values['admin-url'];
  if ((values.url === undefined) !== (adminUrl === undefined)) {
    throw new UsageError('--url and --admin-url go together.');
  }
  return {
    storm: {
      users: wholeNumber('--users', values.users, 1, USERS_MAX),
      cap: wholeNumber('--cap', values.cap, 0, CAP_MAX),
      repeat: wholeNumber('--repeat', values.repeat, 1, REPEAT_MAX),
      connections: wholeNumber('--connections', values.connections, 1, CONNECTIONS_MAX),
    },
    urls:
      values.url === undefined || adminUrl === undefined
        ? null
        : { url: baseUrl('--url', values.url), adminUrl: baseUrl('--admin-url', adminUrl) },
  };
}

async function againstOwnServer(size: Storm, context: StormContext, print: Print): Promise<number> {
  print.err('Starting a server of its own for the storm …');
  const server = await startStormServer(context.env);
  // Ctrl-C: the server, which hears it too, ends by itself; its folder must go as well.
  const interrupt = () => void server.stop().finally(() => process.exit(INTERRUPTED_EXIT_CODE));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await stormAgainst(server.target, size, print);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await server.stop();
  }
}

async function stormAgainst(target: StormTarget, size: Storm, print: Print): Promise<number> {
  print.err(
    `${size.users} users, ${size.repeat} tries each, over ${size.connections} connections, on a cap of ${size.cap} …`,
  );
  const { tally, after, acceptsPerSecond } = await runStorm(target, size);
  print.err(`${acceptsPerSecond} answers a second`);
  print.out(summaryLine(size, tally, after));
  const wrong = violations(size, tally, after);
  for (const line of wrong) print.err(line);
  const hint = limitsHint(tally);
  if (hint !== null) print.err(hint);
  return wrong.length === 0 ? 0 : 1;
}
