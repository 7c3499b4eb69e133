// /metrics of a server with several workers, any of which answers: the sum of all, from one scrape to the next, and when one dies.

import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { holdsWithin } from '../../src/embedded/deadline.js';
import { cleanUp, startProgram } from './program.js';

afterEach(cleanUp);

const WORKERS = 3;
const REQUESTS = 60;

/** On a connection of its own each, so that all workers get some. */
const get = (url: string) => fetch(url, { headers: { Connection: 'close' } });

async function countOf(adminUrl: string): Promise<number> {
  const text = await (await get(`${adminUrl}/metrics`)).text();
  return Number(/^invited_http_requests_total\{verb="read",status="404"\} (\d+)$/m.exec(text)?.[1]);
}

describe('the metrics of several workers', () => {
  it('are sums that never fall, whichever answers, and when one dies', async () => {
    const program = await startProgram({ env: { INVITED_WORKERS: String(WORKERS) } });
    const { url, adminUrl } = await program.ready();
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      expect((await get(`${url}/api/v1/invites/nosuchcode`)).status).toBe(404);
    }
    for (let scrape = 0; scrape < 10; scrape += 1) expect(await countOf(adminUrl)).toBe(REQUESTS);
    const text = await (await get(`${adminUrl}/metrics`)).text();
    const numbers = [...text.matchAll(/^process_resident_memory_bytes\{worker="(\d)"\} [1-9]/gm)].map(
      ([, number]) => number,
    );
    expect(numbers).toEqual(['1', '2', '3']);
    expect(text).toMatch(/^invited_workers 3$/m);

    const children = await readFile(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8');
    for (const child of children.trim().split(' ').map(Number)) {
      const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
      if (!command.split('\0').includes('worker')) continue;
      process.kill(child, 'SIGKILL');
      break;
    }
    const isWhole = async () => {
      const now = await get(`${adminUrl}/metrics`).then(
        (answer) => answer.text(),
        () => '',
      );
      if (now !== '')
        expect(now).toContain(`invited_http_requests_total{verb="read",status="404"} ${REQUESTS}`);
      return /^invited_workers 3$/m.test(now);
    };
    // While one is missing it is told for two.
    expect(await holdsWithin(isWhole, 15_000)).toBe(true);
    await get(`${url}/api/v1/invites/nosuchcode`);
    expect(await countOf(adminUrl)).toBe(REQUESTS + 1);
  });
});
