// Two servers are restarted, one after the other, behind each gateway and under a constant load: nobody notices, and the sum holds.
// The load sends nothing twice, so what a gateway or a server drops is seen.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { findGateway, startGateway } from './gateway.js';
import { Instances } from './instances.js';
import { Load } from './load.js';

/** At full length: `npm run test:faults`. */
const IS_LONG = process.env['FAULT_LONG'] === '1';
const PER_SECOND = Number(process.env['GATEWAYS_PER_SECOND'] ?? (IS_LONG ? 5000 : 300));
const SECONDS_MIN = IS_LONG ? 60 : 0;
const CONNECTIONS = 64;
const TEST_MAX_MS = 180_000;
/** After a start, before the next one is ended: the gateway must have seen that it is back. */
const BACK_MS = 3000;

const PROGRAMS = [
  { program: 'haproxy', file: 'haproxy/token.cfg' },
  { program: 'nginx', file: 'nginx/token.conf' },
] as const;
const HAS_ANY = PROGRAMS.some(({ program }) => findGateway(program) !== null);

let instances: Instances;
beforeAll(async () => {
  if (HAS_ANY) instances = await Instances.start();
}, TEST_MAX_MS);
afterAll(() => instances?.stop(), TEST_MAX_MS);

describe.each(PROGRAMS)('behind $program', ({ program, file }) => {
  it.skipIf(findGateway(program) === null)(
    'a rolling restart fails no request, and everyone who was told so is in, once',
    async () => {
      const invite = await instances.openInvite();
      const gateway = await startGateway(program, file, instances.settings);
      const load = new Load({
        url: gateway.url,
        code: invite.code,
        tokenSecret: instances.settings.tokenSecret,
        perSecond: PER_SECOND,
        connections: CONNECTIONS,
      });
      const startedAt = Date.now();
      try {
        await until('some load', () => load.answered > 200, 30_000);
        do {
          for (const at of [0, 1] as const) {
            await instances.restart(at);
            await delay(BACK_MS);
          }
        } while (Date.now() - startedAt < SECONDS_MIN * 1000);
      } finally {
        const result = await load.stop();
        await gateway.stop();
        process.stdout.write(`rolling restart behind ${program}: ${JSON.stringify(result)}\n`);
        expect(result.failed).toEqual({});
        expect(result.accepted).toBeGreaterThan(0);
        expect(await instances.usesOf(invite)).toBe(result.accepted);
      }
    },
    TEST_MAX_MS,
  );
});
