// What a real browser lets a page of another origin do: with INVITED_CORS_ORIGINS it reads answers, their headers and errors
// alike, and sends what needs a preflight; a page that is not listed gets nothing. Needs Debian's `chromium`.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signToken } from '../support/client.js';
import { createInvite, type Host, makeGuild, startHost } from '../support/directory.js';
import { unusedCode } from '../support/ids.js';
import { findChromium, startChromium } from './chromium.js';

const PROGRAM = findChromium();

/** A server of pages that are empty; its origin is its own. */
async function servePages(): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>A page</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What the page got to see; null: its browser said no. */
type Seen = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
} | null;

function fetchIn(page: Page, url: string, asked: Asked = {}): Promise<Seen> {
  return page.evaluate(
    async ([target, init]) => {
      try {
        const answer = await fetch(target, init);
        return {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          text: await answer.text(),
        };
      } catch {
        return null;
      }
    },
    [url, asked] as const,
  );
}

describe.skipIf(PROGRAM === null)(
  `in Chromium${PROGRAM === null ? ', of which there is none here' : ''}`,
  () => {
    const pages: Server[] = [];
    let browser: Browser;
    let listed: Page;
    let unlisted: Page;
    let host: Host;
    let code: string;
    let channelId: string;
    let authorization: string;

    beforeAll(async () => {
      const [own, foreign] = [await servePages(), await servePages()];
      pages.push(own.server, foreign.server);
      host = await startHost({ INVITED_CORS_ORIGINS: own.origin });
      const guild = await makeGuild(host);
      ({ channelId } = guild);
      code = (await createInvite(host, channelId, guild.ownerId)).code;
      authorization = `Bearer ${await signToken(host.server.secret, { sub: guild.ownerId })}`;
      browser = await startChromium(PROGRAM ?? '');
      [listed, unlisted] = [await browser.newPage(), await browser.newPage()];
      await listed.goto(own.origin);
      await unlisted.goto(foreign.origin);
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      for (const server of pages) server.close();
      await host?.stop();
    });

    it('a listed page reads an invite, and the headers that it may need', async () => {
      const seen = await fetchIn(listed, `${host.server.url}/api/v1/invites/${code}`);
      expect(seen).toMatchObject({ status: 200, headers: { etag: '"1"' } });
      expect(seen?.headers['x-request-id']).toMatch(/./);
      expect(JSON.parse(seen?.text ?? '')).toMatchObject({ code });
    });

    it('a listed page creates, changes and revokes, which takes preflights', async () => {
      const json = { Authorization: authorization, 'Content-Type': 'application/json' };
      const create = {
        method: 'POST',
        headers: { ...json, 'Idempotency-Key': unusedCode(), 'X-Request-Id': 'from-a-page' },
        body: '{"max_age": 60}',
      };
      const url = `${host.server.url}/v1/channels/${channelId}/invites`;
      const made = await fetchIn(listed, url, create);
      expect(made).toMatchObject({ status: 200, headers: { 'x-request-id': 'from-a-page' } });
      expect((await fetchIn(listed, url, create))?.headers).toMatchObject({ 'idempotency-replayed': 'true' });
      const one = `${host.server.url}/v1/invites/${(JSON.parse(made?.text ?? '') as { code: string }).code}`;
      const change = { method: 'PATCH', headers: { ...json, 'If-Match': '"1"' }, body: '{"max_uses": 5}' };
      expect(await fetchIn(listed, one, change)).toMatchObject({ status: 200, headers: { etag: '"2"' } });
      const revoke = { method: 'DELETE', headers: { Authorization: authorization } };
      expect(await fetchIn(listed, one, revoke)).toMatchObject({ status: 204 });
    });

    it('a listed page reads errors', async () => {
      const lost = await fetchIn(listed, `${host.server.url}/v1/invites/${unusedCode()}`);
      expect(lost).toMatchObject({ status: 404 });
      expect(JSON.parse(lost?.text ?? '')).toMatchObject({ code: 'UNKNOWN_INVITE' });
      const nobody = await fetchIn(listed, `${host.server.url}/v1/invites/${code}`, { method: 'DELETE' });
      expect(nobody).toMatchObject({ status: 401 });
    });

    it('no page may speak as a gateway', async () => {
      const headers = { 'X-Invited-Gateway-Key': host.server.gatewayKey, 'X-Invited-User': '1' };
      expect(await fetchIn(listed, `${host.server.url}/v1/invites/${code}`, { headers })).toBeNull();
    });

    it('a page that is not listed sees nothing, and its changes are never sent', async () => {
      const url = `${host.server.url}/v1/invites/${code}`;
      expect(await fetchIn(unlisted, url)).toBeNull();
      const revoke = { method: 'DELETE', headers: { Authorization: authorization } };
      expect(await fetchIn(unlisted, url, revoke)).toBeNull();
      expect((await host.api.get(`/v1/invites/${code}`)).status).toBe(200);
    });

    it('no page reads the admin listener', async () => {
      expect(await fetchIn(listed, `${host.server.adminUrl}/healthz`)).toBeNull();
    });
  },
);
