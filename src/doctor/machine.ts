// The machine and the Node that this runs on: does the server load here, and is there enough of everything for its settings?

import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import type { Config } from '../config.js';
import { type Finding, ok, problem, warning } from './finding.js';

const NODE_MAJOR_MIN = 20;
const NEWEST_UWS = 'uWebSockets.js';
/** What the newer build was linked against. */
const GLIBC_OF_NEWEST_UWS = '2.38';
/** Files, sockets to Redis and Postgres, and what Node keeps open itself. */
const FILES_BESIDE_CLIENTS = 200;
const MIB = 1024 * 1024;
/** The one that supervises, and the jobs. */
const PROCESSES_BESIDE_WORKERS = 2;
/** Seen: a worker 94 MiB idle and 154 MiB with 1000 busy connections, the jobs process 126 MiB, the one that supervises 98 MiB. */
const MIB_A_PROCESS = 160;
/** Seen: 452 MiB while its database was made. */
const MIB_OF_EMBEDDED_POSTGRES = 460;

/** @param loadUws names the build of uWebSockets.js that loads here; throws where none does */
export async function checkMachine(config: Config, loadUws: () => string): Promise<readonly Finding[]> {
  return [
    node(),
    uws(loadUws),
    openFiles(config, await readOpenFilesMax()),
    memory(config, memoryMib()),
    cpus(config, availableParallelism()),
  ];
}

function node(): Finding {
  const { node: version } = process.versions;
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return ok('node', `Node ${version}`);
  return problem(
    'node',
    `Node ${version}; ${NODE_MAJOR_MIN} or later is needed`,
    'a newer Node: https://nodejs.org',
  );
}

function uws(loadUws: () => string): Finding {
  const name = 'uwebsockets';
  try {
    const build = loadUws();
    if (build === NEWEST_UWS) return ok(name, build);
    return warning(
      name,
      `${build}: the newer build of uWebSockets.js does not load here; this one serves too`,
      `a system with glibc ${GLIBC_OF_NEWEST_UWS} or later (Debian 13, Ubuntu 24.04) and Node 20, 22 or 24`,
    );
  } catch {
    return problem(
      name,
      'no build of uWebSockets.js loads here',
      'npm ci, on a Linux with glibc (not musl), macOS or Windows, with Node 20, 22 or 24',
    );
  }
}

/** @param max null: unlimited, or not to be found out */
export function openFiles({ requestsInFlightMax }: Config, max: number | null): Finding {
  const name = 'files';
  if (max === null) return ok(name, 'no limit of open files was found');
  // One request at a time on each connection, and the public listener is the one that strangers fill.
  const wanted = requestsInFlightMax + FILES_BESIDE_CLIENTS;
  if (max >= wanted) return ok(name, `${max} open files a process`);
  return warning(
    name,
    `a process may have ${max} open files: too few for INVITED_MAX_IN_FLIGHT=${requestsInFlightMax} connections`,
    `LimitNOFILE=${wanted} in the systemd unit, --ulimit nofile=${wanted} of Docker, or ulimit -n ${wanted} (hard limit too)`,
  );
}

/** Node raises its own limit as far as it may, so this is what a server would have. */
async function readOpenFilesMax(): Promise<number | null> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const max = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return max === undefined ? null : Number(max);
}

export interface MemoryMib {
  readonly total: number;
  readonly available: number;
}

export function memory(config: Config, { total, available }: MemoryMib): Finding {
  const name = 'memory';
  const processes = config.workers + PROCESSES_BESIDE_WORKERS;
  const hasPostgres = config.postgres === 'on' && config.postgresUrl === null;
  const wanted = processes * MIB_A_PROCESS + (hasPostgres ? MIB_OF_EMBEDDED_POSTGRES : 0);
  const found = `${available} MiB of ${total} MiB are free`;
  if (available >= wanted) return ok(name, found);
  return warning(
    name,
    `${found}; a server with ${config.workers} HTTP processes (INVITED_WORKERS) takes up to ${wanted} MiB, Redis not counted`,
    config.workers > 1 ? 'more memory, or fewer INVITED_WORKERS' : 'more memory',
  );
}

/** A container's own limit, where it has one. */
function memoryMib(): MemoryMib {
  const total = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return { total: Math.floor(total / MIB), available: Math.floor(process.availableMemory() / MIB) };
}

export function cpus({ workers }: Config, count: number): Finding {
  const name = 'cpus';
  const found = `${workers} HTTP ${workers === 1 ? 'process' : 'processes'} (INVITED_WORKERS) on ${count} processors`;
  if (workers <= count) return ok(name, found);
  return warning(name, `${found}: they take time from each other`, `INVITED_WORKERS=${count}, or fewer`);
}
