// What it costs to tell the host: the same load on a server that nobody listens to, and on one with a reader of the event stream and a
// webhook. Both are read in a process of their own, on the same cores. After each turn nobody asks for anything until all is told.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invited } from './contenders/invited.js';
import type { HostAsked, HostSaid } from './relay/host.js';
import { KEYS, type RoundSettings, type Standing, takeTurns } from './rounds.js';
import { scenarios, trafficOf, worldOf } from './scenarios.js';
import { median } from './stats.js';

export const UNHEARD = 'nobody listens';

export interface RelayResult {
  readonly standings: readonly Standing[];
  /** Accepts told during a turn and until all were, a second: the median of the turns. */
  readonly told: { readonly streamPerSecond: number; readonly webhookPerSecond: number };
}

const HOST = fileURLToPath(new URL('./relay/host.ts', import.meta.url));
const SECRET = `whsec_${Buffer.from('a secret for benches only').toString('base64')}`;
const TOLD_MAX_MS = 300_000;
const LOOK_EVERY_MS = 50;

export async function measureRelay(
  settings: RoundSettings,
  tell: (line: string) => void,
): Promise<RelayResult> {
  const scenario = scenarios.find(({ name }) => name === 'accept-hot');
  if (scenario === undefined) throw new RangeError('no accept-hot');
  const world = worldOf(scenario);
  const traffic = trafficOf(scenario, world);
  const cleanUps: (() => Promise<void>)[] = [];
  const up = async (name: string, env: Readonly<Record<string, string>>) => {
    const folder = await mkdtemp(join(tmpdir(), 'invited-bench-'));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
    const running = await invited(name, env).start({ ...KEYS, folder, fsync: 'everysec' });
    cleanUps.push(() => running.stop());
    await running.load(world);
    await running.settle?.();
    return { name, running, world, traffic };
  };
  try {
    const unheard = await up(UNHEARD, {});
    const host = await Host.start();
    const heard = await up('stream and webhook', {
      INVITED_WEBHOOK_URLS: host.url,
      INVITED_WEBHOOK_SECRET: SECRET,
    });
    // Behind the server that it reads, so that it ends before it.
    cleanUps.push(() => host.stop());
    host.read(`${heard.running.adminUrl}/internal/v1/events`, heard.running.service);
    const told: { readonly stream: number; readonly webhook: number }[] = [];
    let before = await host.count();
    const measured = {
      ...heard,
      running: {
        ...heard.running,
        async settle() {
          const startedAt = performance.now();
          const { uses } = await heard.running.count(world);
          const { stream, webhook } = await host.untilTold(uses);
          const seconds = settings.seconds + (webhook.at - startedAt) / 1000;
          const streamSeconds = settings.seconds + (stream.at - startedAt) / 1000;
          told.push({
            stream: (stream.count - before.stream) / streamSeconds,
            webhook: (webhook.count - before.webhook) / seconds,
          });
          before = { stream: stream.count, webhook: webhook.count };
          await heard.running.settle?.();
        },
      },
    };
    const standings = await takeTurns([unheard, measured], UNHEARD, scenario.sum, settings, tell);
    return {
      standings,
      told: {
        streamPerSecond: median(told.map(({ stream }) => stream)),
        webhookPerSecond: median(told.map(({ webhook }) => webhook)),
      },
    };
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}

interface Reached {
  readonly count: number;
  /** When it was seen to have all. */
  readonly at: number;
}

class Host {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(): Promise<Host> {
    const child = fork(HOST, { execArgv: ['--import', 'tsx'] });
    const [said] = (await once(child, 'message')) as [HostSaid];
    if (said.kind !== 'listening') throw new Error('the host does not listen');
    return new Host(said.url, child);
  }

  read(url: string, headers: Record<string, string>): void {
    this.#ask({ kind: 'read', url, headers });
  }

  async count(): Promise<{ readonly stream: number; readonly webhook: number }> {
    const answer = once(this.#child, 'message') as Promise<[HostSaid]>;
    this.#ask({ kind: 'count' });
    const [said] = await answer;
    if (said.kind !== 'counted') throw new Error('the host did not count');
    return said;
  }

  /** Waits until both ways have told so many accepts. */
  async untilTold(uses: number): Promise<{ readonly stream: Reached; readonly webhook: Reached }> {
    const deadline = performance.now() + TOLD_MAX_MS;
    let stream: Reached | null = null;
    let webhook: Reached | null = null;
    while (stream === null || webhook === null) {
      const now = performance.now();
      if (now > deadline) throw new Error('not everything was told in time');
      const counted = await this.count();
      if (counted.stream >= uses) stream ??= { count: counted.stream, at: now };
      if (counted.webhook >= uses) webhook ??= { count: counted.webhook, at: now };
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return { stream, webhook };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }

  #ask(asked: HostAsked): void {
    this.#child.send(asked);
  }
}
