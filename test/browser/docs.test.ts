// /docs in a browser: it shows the operations and lets one try them, asks nobody but its own listener, and does nothing
// that its Content-Security-Policy forbids.

import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInvite, type Host, makeGuild, startHost } from '../support/directory.js';
import { openApi } from '../support/openapi.js';
import { findChromium, startChromium } from './chromium.js';

const START_MAX_MS = 120_000;
const SHOWN_MAX_MS = 60_000;
const executable = findChromium();

describe.skipIf(executable === null)(
  `/docs in Chromium${executable === null ? ', of which there is none here' : ''}`,
  () => {
    let host: Host;
    let browser: Browser;
    let page: Page;
    /** What it said in its console, threw, or was forbidden. */
    const complaints: string[] = [];
    const asked: string[] = [];

    beforeAll(async () => {
      [host, browser] = await Promise.all([startHost(), startChromium(executable ?? '')]);
      page = await browser.newPage();
      page.setDefaultTimeout(SHOWN_MAX_MS);
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('requestfailed', (request) =>
        complaints.push(`${request.url()}: ${request.failure()?.errorText}`),
      );
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(`${host.server.url}/docs`);
      await page.locator('.opblock').first().waitFor();
    }, START_MAX_MS);
    afterAll(async () => {
      await browser?.close();
      await host?.stop();
    });

    const open = async (tag: string, operationId: string): Promise<Locator> => {
      const block = page.locator(`#operations-${tag}-${operationId}`);
      await block.locator('.opblock-summary-control').first().click();
      await block.locator('.responses-wrapper').waitFor();
      return block;
    };

    it(
      'shows every operation, and every webhook',
      async () => {
        const operations = Object.values(openApi.paths).flatMap((item) =>
          Object.values(item).flatMap((one) =>
            typeof one === 'object' && one !== null && 'operationId' in one ? [String(one.operationId)] : [],
          ),
        );
        // This server has no Postgres, so it has no joins to show.
        const shown =
          operations.filter((id) => id !== 'listJoins').length + Object.keys(openApi.webhooks).length;
        expect(await page.locator('.opblock').count()).toBe(shown);
        expect(await page.title()).toBe('invited: the API');
      },
      SHOWN_MAX_MS,
    );

    it(
      'shows what one sends and gets, and its schema',
      async () => {
        const block = await open('Invites', 'createInvite');
        const text = await block.innerText();
        for (const word of [
          'Idempotency-Key',
          'max_age',
          'IDEMPOTENCY_KEY_REUSED',
          'X-RateLimit-Remaining',
          'MAX_INVITES',
        ]) {
          expect(text).toContain(word);
        }
        await block.getByRole('tab', { name: 'Schema' }).first().click();
        await block.locator('.json-schema-2020-12').first().waitFor();
      },
      SHOWN_MAX_MS,
    );

    it(
      'lets one try what its own listener serves',
      async () => {
        const guild = await makeGuild(host);
        const { code } = await createInvite(host, guild.channelId, guild.ownerId);
        const block = await open('Invites', 'getInvite');
        await block.getByRole('button', { name: 'Try it out' }).click();
        await block.locator('tr[data-param-name="code"] input').fill(code);
        await block.getByRole('button', { name: 'Execute' }).click();
        await block.locator('.live-responses-table .response-col_status').getByText('200').waitFor();
        expect(await block.locator('.live-responses-table').innerText()).toContain(guild.name);
      },
      SHOWN_MAX_MS,
    );

    it(
      'lets nobody try what another listener serves',
      async () => {
        const block = await open('Directory', 'getGuild');
        expect(await block.getByRole('button', { name: 'Try it out' }).count()).toBe(0);
      },
      SHOWN_MAX_MS,
    );

    it(
      'asks how one is called',
      async () => {
        await page.getByRole('button', { name: 'Authorize' }).first().click();
        const dialog = page.locator('.dialog-ux');
        expect(await dialog.innerText()).toContain('X-Invited-Gateway-Key');
        await dialog.getByRole('button', { name: 'Close' }).first().click();
      },
      SHOWN_MAX_MS,
    );

    it('has asked nobody else, and has nothing to complain of', () => {
      expect(complaints).toEqual([]);
      const others = asked.filter(
        (url) => !url.startsWith(`${host.server.url}/`) && !url.startsWith('data:'),
      );
      expect(others).toEqual([]);
      expect(asked.length).toBeGreaterThan(5);
    });
  },
);
