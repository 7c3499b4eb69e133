// /metrics of a server with several workers, any of which answers: the sum of all, from one scrape to the next, and when one dies.

import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { cleanUp, startProgram } from './program.js';

afterEach(cleanUp);

const WORKERS = 3;
const REQUESTS = 60;
const SOON_MS = 30_000;

/** On a connection of its own each, so that all workers get some. */
const get = (url: string) => fetch(url, { headers: { Connection: 'close' } });

/** Holds each scrape against those before it: what is told may be late on a busy machine, but it never falls. */
class Watcher {
  readonly #adminUrl: string;
  #most = 0;
  text = '';

  constructor(adminUrl: string) {
    this.#adminUrl = adminUrl;
  }

  /** null: nobody answered, or the sum can't be had now. */
  async scrape(): Promise<number | null> {
    this.text = await get(`${this.#adminUrl}/metrics`).then(
      (answer) => answer.text(),
      () => '',
    );
    const told = /^invited_http_requests_total\{verb="read",status="404"\} (\d+)$/m.exec(this.text)?.[1];
    if (told === undefined) return null;
    expect(Number(told)).toBeGreaterThanOrEqual(this.#most);
    this.#most = Number(told);
    return this.#most;
  }

  until(requests: number, workers: number): Promise<boolean> {
    const isThere = async () =>
      (await this.scrape()) === requests && this.text.includes(`\ninvited_workers ${workers}\n`);
    return holdsWithin(isThere, SOON_MS);
  }
}

describe('the metrics of several workers', () => {
  it('are sums that never fall, whichever answers, and when one dies', { timeout: 120_000 }, async () => {
    const program = await startProgram({ env: { INVITED_WORKERS: String(WORKERS) } });
    const { url, adminUrl } = await program.ready();
    const watcher = new Watcher(adminUrl);
    for (let sent = 1; sent <= REQUESTS; sent += 1) {
      expect((await get(`${url}/api/v1/invites/nosuchcode`)).status).toBe(404);
      if (sent % 10 === 0) await watcher.scrape();
    }
    expect(await watcher.until(REQUESTS, WORKERS)).toBe(true);
    for (let again = 0; again < 5; again += 1) await watcher.scrape();
    const numbers = watcher.text.matchAll(/^process_resident_memory_bytes\{worker="(\d)"\} [1-9]/gm);
    expect([...numbers].map(([, number]) => number)).toEqual(['1', '2', '3']);

    process.kill(await workerOf(program.pid), 'SIGKILL');
    expect(await watcher.until(REQUESTS, WORKERS - 1)).toBe(true);
    expect(await watcher.until(REQUESTS, WORKERS)).toBe(true);
    await get(`${url}/api/v1/invites/nosuchcode`);
    expect(await watcher.until(REQUESTS + 1, WORKERS)).toBe(true);
  });
});

/** The pid of the first worker. */
async function workerOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  for (const child of children.trim().split(' ').map(Number)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes('worker')) return child;
  }
  throw new Error('no worker');
}
