#!/usr/bin/env node
// The program, `invited <command>`. The composition root, which nobody imports; run/ has what each command joins. Every other part knows as little of the others as it can.

import { importFile } from './cli/import.js';
import { storm } from './cli/storm.js';
import { token } from './cli/token.js';
import { loadConfig } from './config.js';
import { doctor } from './run/doctor.js';
import { runJobs } from './run/jobs.js';
import { restoreStores } from './run/restore.js';
import { start, tokenBinding } from './run/start.js';
import { signingSecret } from './run/token-secret.js';
import { verifyStores } from './run/verify.js';
import { webhooks } from './run/webhooks.js';
import { runWorker } from './run/worker.js';
import { StartError } from './start-error.js';

const USAGE = `usage: invited <command>

  start                          serve (settings: the INVITED_… variables, see README.md)
  token --user ID                print a token: [--role user|bot|service] [--permissions BITS] [--ttl 1h]
  import FILE.ndjson             feed guilds, channels, members, invites … to a running server: [--url URL]
  restore                        fill Redis with what Postgres has, now
  doctor                         is everything as a server needs it, and what to change: [--json]
  verify                         compare Redis with Postgres: [--watch] [--timeout 60s]
  webhooks list                  events that webhooks did not take: [--json]
  webhooks replay                send them again: --all, or --id EVENT_ID
  storm                          many users on one capped invite, and the sum that must hold
`;

async function main(command: string | undefined, args: readonly string[]): Promise<number | 'serving'> {
  if (command === undefined || command === 'help' || command === '--help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === 'worker' || command === 'jobs') {
    if (command === 'worker') await runWorker(process.env);
    else await runJobs(process.env, args[0] ?? null);
    return 'serving';
  }
  // To it wrong settings are one more thing that it found.
  if (command === 'doctor') return doctor(process.env, args);
  const config = loadConfig(process.env);
  const secret = (): Promise<string> => signingSecret(config);
  const context = { env: process.env, secret, ...tokenBinding(config) };
  switch (command) {
    case 'start':
      await start(config, process.env);
      return 'serving';
    case 'token':
      return token(args, await secret(), tokenBinding(config));
    case 'import':
      return importFile(args, context);
    case 'storm':
      return storm(args, context);
    case 'restore':
      return restoreStores(config, args);
    case 'verify':
      return verifyStores(config, args);
    case 'webhooks':
      return webhooks(config, args);
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
