// Where and with what a bench was run; printed with every result, since no figure means anything without it.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, type as osType, release, totalmem } from 'node:os';
import { loadUws } from '../src/http/uws.js';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  readonly postgres: string;
  readonly uws: string;
  readonly driver: string;
  readonly commit: string;
}

export function describeMachine(driver: string): Machine {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${osType()} ${release()}${distribution()}`,
    node: process.versions.node,
    redis: /v=(\S+)/.exec(firstLine('redis-server', '--version'))?.[1] ?? 'none',
    postgres: /(\d+(?:\.\d+)?)/.exec(firstLine('postgres', '--version'))?.[1] ?? 'see the peer',
    uws: loadUws().build,
    driver,
    commit: firstLine('git', 'rev-parse', '--short', 'HEAD') || 'unknown',
  };
}

export function hasWrk(): boolean {
  // It prints its usage and ends with 1.
  return spawnSync('wrk', ['--version'], { encoding: 'utf8' }).error === undefined;
}

/** The driver with its version. */
export function driverVersion(driver: 'wrk' | 'autocannon'): string {
  if (driver === 'autocannon') return driver;
  const version = /wrk \S*?(\d+\.\d+\.\d+)/.exec(
    spawnSync('wrk', ['--version'], { encoding: 'utf8' }).stdout,
  )?.[1];
  return `wrk ${version ?? ''}`.trim();
}

function firstLine(program: string, ...args: readonly string[]): string {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return stdout?.split('\n')[0]?.trim() ?? '';
}

function distribution(): string {
  try {
    const name = /^PRETTY_NAME="?(.+?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return name === undefined ? '' : `, ${name}`;
  } catch {
    return '';
  }
}
