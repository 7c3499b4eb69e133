// The two listeners: can the server have them, or who has them now? Where a server of ours runs, it is asked how it is.
// Listens on a free port for a moment, since nothing else tells whether it may.

import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { Config } from '../config.js';
import { addressOf, type ListenOn } from '../listen-on.js';
import { type Finding, ok, problem, warning } from './finding.js';
import { listenerOwner } from './listener-owner.js';

const ANSWER_MAX_MS = 1500;
const ANSWER_BYTES_MAX = 65_536;

interface Listener {
  readonly name: string;
  readonly listenOn: ListenOn;
  readonly portSetting: string;
  readonly hostSetting: string;
}

export async function checkPublicPort({ publicListener }: Config): Promise<readonly Finding[]> {
  const listener = {
    name: 'ports.public',
    listenOn: publicListener,
    portSetting: 'INVITED_PORT',
    hostSetting: 'INVITED_HOST',
  };
  return checkListener(listener, async () => {
    // It has no such route, and says so in our own words.
    const answer = await ask(publicListener, '/healthz');
    return answer?.status === 404 && answer.text.includes('"NOT_FOUND"') ? [] : null;
  });
}

export async function checkAdminPort({ adminListener }: Config): Promise<readonly Finding[]> {
  const listener = {
    name: 'ports.admin',
    listenOn: adminListener,
    portSetting: 'INVITED_ADMIN_PORT',
    hostSetting: 'INVITED_ADMIN_HOST',
  };
  return checkListener(listener, async () => {
    const alive = await ask(adminListener, '/healthz');
    if (alive?.status !== 200 || !alive.text.includes('"ok"')) return null;
    const ready = await ask(adminListener, '/readyz');
    if (ready?.status === 200) return [ok('server', 'the running server is ready (/readyz)')];
    return [
      problem(
        'server',
        `the running server is not ready: /readyz gives ${ready?.status ?? 'no answer'}`,
        'see redis and copy below, and its log: Redis is away, or is being restored',
      ),
    ];
  });
}

/** @param recognize what is known of a server of ours that listens there; null: it is none */
async function checkListener(
  { name, listenOn, portSetting, hostSetting }: Listener,
  recognize: () => Promise<readonly Finding[] | null>,
): Promise<readonly Finding[]> {
  const address = addressOf(listenOn);
  const state = await tryListen(listenOn);
  if (state === 'free') {
    const isAny = listenOn.kind === 'tcp' && listenOn.port === 0;
    return [ok(name, isAny ? `any free one (${portSetting}=0)` : `${address} is free`)];
  }
  if (state !== 'taken') {
    const fix = FIXES[state]?.(portSetting, hostSetting) ?? `another ${portSetting}`;
    return [problem(name, `can't listen on ${address}: ${state}`, fix)];
  }
  const known = await recognize();
  if (known !== null) return [ok(name, `${address} is a running invited`), ...known];
  if (listenOn.kind === 'unix' && !(await isSocket(listenOn.path))) {
    return [problem(name, `${listenOn.path} is there, and no socket`, `another path in ${portSetting}`)];
  }
  if (listenOn.kind === 'unix') {
    return [
      warning(
        name,
        `${address} is there, and no invited answers on it`,
        'nothing, if its server has ended: it is replaced',
      ),
    ];
  }
  const owner = await listenerOwner(listenOn.port);
  return [
    problem(
      name,
      `port ${listenOn.port} is in use by ${owner ?? 'another program'}`,
      `end it, or another ${portSetting}`,
    ),
  ];
}

const FIXES: Readonly<Record<string, (portSetting: string, hostSetting: string) => string>> = {
  EACCES: (portSetting) => `a port of 1024 or more in ${portSetting}, or the capability CAP_NET_BIND_SERVICE`,
  EADDRNOTAVAIL: (_, hostSetting) => `an address of this machine in ${hostSetting}, or 0.0.0.0 for all`,
  ENOTFOUND: (_, hostSetting) => `an address of this machine in ${hostSetting}, or 0.0.0.0 for all`,
  ENOENT: (portSetting) => `a folder that is there, in ${portSetting}`,
};

/** `free`, `taken`, or the system's code for why it can't be had. */
async function tryListen(listenOn: ListenOn): Promise<string> {
  if (listenOn.kind === 'unix') {
    // Listening there would leave a file.
    const found = await stat(listenOn.path).then(
      () => 'taken',
      (error: NodeJS.ErrnoException) => error.code ?? 'unknown cause',
    );
    return found === 'ENOENT' ? folderState(listenOn.path) : found;
  }
  const { host, port } = listenOn;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' ? 'taken' : (code ?? 'unknown cause')),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve('free')));
  });
}

async function folderState(path: string): Promise<string> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1) || '.';
  return stat(folder).then(
    (found) => (found.isDirectory() ? 'free' : 'ENOTDIR'),
    (error: NodeJS.ErrnoException) => error.code ?? 'unknown cause',
  );
}

async function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
}

/** null: no HTTP answer in time. */
function ask(
  listenOn: ListenOn,
  path: string,
): Promise<{ readonly status: number; readonly text: string } | null> {
  const at =
    listenOn.kind === 'unix'
      ? { socketPath: listenOn.path }
      : { host: ownAddress(listenOn.host), port: listenOn.port };
  return new Promise((resolve) => {
    const asking = request({ ...at, path, agent: false, timeout: ANSWER_MAX_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (text.length > ANSWER_BYTES_MAX) asking.destroy();
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    const giveUp = setTimeout(() => asking.destroy(), ANSWER_MAX_MS);
    asking.on('error', () => resolve(null));
    asking.on('close', () => {
      clearTimeout(giveUp);
      resolve(null);
    });
    asking.end();
  });
}

/** Where to find on this machine what listens on all its addresses. */
function ownAddress(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}
