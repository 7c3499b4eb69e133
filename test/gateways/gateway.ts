// A real nginx or HAProxy of this machine, with a configuration from deploy/ in which nothing but addresses and secrets is replaced.
// Must never leave a process behind, and never hide why one did not start.

import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnGuarded } from '../../src/embedded/guarded-process.js';
import { findProgram } from '../support/find-program.js';
import { freePort } from '../support/free-port.js';
import { removeFolder } from '../support/remove-folder.js';
import { until } from '../support/until.js';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const START_MAX_MS = 10_000;

export type Program = 'nginx' | 'haproxy';

/** Each file of deploy/ that is run, and whether invited verifies the client's token, or the gateway says who calls. */
export const CONFIGURATIONS = [
  { program: 'nginx', file: 'nginx/token.conf', identity: 'token' },
  { program: 'nginx', file: 'nginx/auth-request.conf', identity: 'gateway' },
  { program: 'haproxy', file: 'haproxy/token.cfg', identity: 'token' },
  { program: 'haproxy', file: 'haproxy/auth.cfg', identity: 'gateway' },
] as const;

export interface Upstream {
  readonly port: number;
  readonly adminPort: number;
}

export interface GatewaySettings {
  /** Where the two servers are, on 127.0.0.1. */
  readonly servers: readonly [Upstream, Upstream];
  readonly gatewayKey: string;
  readonly tokenSecret: string;
  /** Of the service that says who calls, where there is one. */
  readonly authPort: number;
}

export interface Gateway {
  readonly url: string;
  stop(): Promise<void>;
}

/** The path of the program, or null where it isn't installed. Debian's are not on everyone's PATH. */
export function findGateway(program: Program): string | null {
  return findProgram(program, ['/usr/sbin']);
}

export async function startGateway(
  program: Program,
  file: string,
  settings: GatewaySettings,
): Promise<Gateway> {
  const path = findGateway(program);
  if (path === null) throw new Error(`${program} is not installed`);
  const folder = await mkdtemp(join(tmpdir(), `invited-${program}-`));
  const port = await freePort();
  const given = await readFile(join(DEPLOY, file), 'utf8');
  const config = join(folder, 'gateway.conf');
  await writeFile(config, filledIn(given, port, settings));
  const args =
    program === 'nginx' ? ['-p', folder, '-c', await nginxMain(folder, config)] : ['-db', '-f', config];
  const guarded = await spawnGuarded(path, args);
  const stop = async (): Promise<void> => {
    await guarded.end();
    await removeFolder(folder);
  };
  let hasEnded = false;
  void guarded.ended.then(() => {
    hasEnded = true;
  });
  try {
    await until(`${program} listens`, async () => hasEnded || (await takesConnections(port)), START_MAX_MS);
    if (hasEnded) throw new Error(`${program} did not start:\n${(await guarded.ended).output}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** What a person fills in, and, for a test on one machine, the ports. */
function filledIn(config: string, port: number, settings: GatewaySettings): string {
  const [a, b] = settings.servers;
  const replacements: readonly (readonly [RegExp, string, 'there' | 'maybe'])[] = [
    [/^( *)listen 80;/m, `$1listen 127.0.0.1:${port};`, 'maybe'],
    [/^( *)bind :80$/m, `$1bind 127.0.0.1:${port}`, 'maybe'],
    [/\bcheck port 9090\b/, 'check', 'maybe'],
    [/^(( *)server a) 10\.0\.0\.11:8080/m, `$1 127.0.0.1:${a.port} port ${a.adminPort}`, 'maybe'],
    [/^(( *)server b) 10\.0\.0\.12:8080/m, `$1 127.0.0.1:${b.port} port ${b.adminPort}`, 'maybe'],
    [/10\.0\.0\.11:8080/, `127.0.0.1:${a.port}`, 'maybe'],
    [/10\.0\.0\.12:8080/, `127.0.0.1:${b.port}`, 'maybe'],
    [/10\.0\.0\.21:8000/, `127.0.0.1:${settings.authPort}`, 'maybe'],
    [/"change-me-gateway-key"/, `"${settings.gatewayKey}"`, 'there'],
    [/"change-me-token-secret"/, `"${settings.tokenSecret}"`, 'maybe'],
  ];
  let filled = config;
  for (const [what, by, where] of replacements) {
    if (where === 'there' && !what.test(filled)) throw new Error(`${what} is not in the file`);
    filled = filled.replace(what, by);
  }
  const left = filled.replace(/^ *#.*$/gm, '');
  if (/\b10\.0\.0\.|change-me|:80$/m.test(left)) throw new Error(`not all filled in:\n${left}`);
  return filled;
}

/** The part of an nginx.conf around what lies in conf.d, with everything that it writes in one folder. */
async function nginxMain(folder: string, config: string): Promise<string> {
  const main = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // As root its worker is another user, who may look into the folder but not write there.
  if (process.getuid?.() === 0) await chmod(folder, 0o755);
  for (const name of temporary) await mkdir(join(folder, name));
  await writeFile(
    main,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${join(folder, name)};`).join('\n')}
  include ${config};
}
`,
  );
  return main;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (does: boolean): void => {
      socket.destroy();
      resolve(does);
    };
    socket.on('connect', () => finish(true));
    socket.on('error', () => finish(false));
  });
}
