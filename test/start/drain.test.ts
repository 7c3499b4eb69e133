// How a server ends that others still send requests to: told first, then asked no more, and nobody is cut off.

import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { isRunning, workerOf } from '../support/processes.js';
import { until } from '../support/until.js';
import { cleanUp, startProgram } from './program.js';

afterEach(cleanUp);

const CONNECTIONS = 32;

interface Told {
  /** The status, or the code of the error. */
  readonly how: string;
  readonly closes: boolean;
  /** It went over a connection that had been used before. */
  readonly isKept: boolean;
}

function ask(url: string, agent: Agent | false): Promise<Told> {
  return new Promise((resolve) => {
    const outgoing = request(url, { agent }, (answer) => {
      answer.resume().on('end', () =>
        resolve({
          how: String(answer.statusCode),
          closes: answer.headers.connection === 'close',
          isKept: outgoing.reusedSocket,
        }),
      );
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ how: String(error.code), closes: true, isKept: outgoing.reusedSocket }),
    );
    outgoing.end();
  });
}

describe('a server that is told to end', () => {
  it('says at once that it is not ready, serves new connections until the delay is over, and exits with 0', async () => {
    const program = await startProgram({ env: { INVITED_DRAIN_DELAY_MS: '4000' } });
    const { url, adminUrl } = await program.ready();
    expect(await ask(`${adminUrl}/readyz`, false)).toMatchObject({ how: '200' });
    program.signal('SIGTERM');
    await until('not ready', async () => (await ask(`${adminUrl}/readyz`, false)).how === '503', 3000);
    expect(await ask(`${url}/api/v1/invites/nobody1`, false)).toMatchObject({ how: '404' });
    expect(await ask(`${adminUrl}/healthz`, false)).toMatchObject({ how: '200' });
    await until('no more connections', async () => (await ask(url, false)).how === 'ECONNREFUSED', 10_000);
    expect((await program.ended()).code).toBe(0);
  });

  it('answers every request on a kept connection, the last one with Connection: close', async () => {
    const program = await startProgram();
    const url = `${(await program.ready()).url}/api/v1/invites/nobody1`;
    const counts = new Map<string, number>();
    let last = 0;
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (;;) {
        const { how, closes, isKept } = await ask(url, agent);
        // Who may come no more has not been cut off: nothing was sent.
        if (how === 'ECONNREFUSED') break;
        if (how === '404' && closes) last += 1;
        const what = how === '404' ? 'answered' : `${how} on a ${isKept ? 'kept' : 'new'} connection`;
        counts.set(what, (counts.get(what) ?? 0) + 1);
        // Some are asked again at once, some now and then, as connections of a pool are.
        await delay(Math.random() < 0.5 ? 0 : Math.random() * 100);
      }
      agent.destroy();
    };
    const clients = Promise.all(Array.from({ length: CONNECTIONS }, client));
    await until('some load', () => (counts.get('answered') ?? 0) > 1000, 20_000);
    program.signal('SIGTERM');
    await clients;
    expect((await program.ended()).code).toBe(0);
    expect([...counts.keys()]).toEqual(['answered']);
    expect(last).toBe(CONNECTIONS);
  });

  it('ends at once, with exit code 1, when it is asked again later', async () => {
    const program = await startProgram({ env: { INVITED_DRAIN_DELAY_MS: '300000' } });
    const { adminUrl } = await program.ready();
    const worker = (await workerOf(program.pid)) ?? 0;
    program.signal('SIGTERM');
    program.signal('SIGTERM');
    // The second of two at once was not a second wish: it goes on draining.
    await until('not ready', async () => (await ask(`${adminUrl}/readyz`, false)).how === '503');
    await delay(700);
    expect(await ask(`${adminUrl}/readyz`, false)).toMatchObject({ how: '503' });
    program.signal('SIGTERM');
    const { code, err } = await program.ended();
    expect(code).toBe(1);
    expect(err).toContain('asked again to end');
    expect(await isRunning(worker)).toBe(false);
  });
});
