// What is on the landing page of a share URL, and what can't get onto it: its tags, its escaping, its policies.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createInvite,
  type GuildFields,
  type Host,
  makeGroupDm,
  makeGuild,
  makeUser,
  startHost,
} from '../support/directory.js';
import { unusedCode } from '../support/ids.js';

let host: Host;
let iconHost: Host;
beforeAll(async () => {
  host = await startHost();
  iconHost = await startHost({
    INVITED_ICON_URL: 'https://media.example.com/icons/{guild_id}/{icon_hash}.png?size=256&x=1',
  });
});
afterAll(async () => {
  await host.stop();
  await iconHost.stop();
});

const HOSTILE = `</title><script>alert(1)</script><img src=x onerror=alert(1)>"' onload='x' & &lt; {{x}} \${y}`;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** What a browser makes of the text of an attribute. */
function unescapeHtml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}

/** The content of each `<meta>` of a page by its property or name. */
function metaOf(html: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [tag] of html.matchAll(/<meta\b(?:"[^"]*"|'[^']*'|[^'">])*>/gi)) {
    const key = /\b(?:property|name)="([^"]*)"/i.exec(tag)?.[1];
    const content = /\bcontent="([^"]*)"/i.exec(tag)?.[1];
    if (key !== undefined && content !== undefined) found[key] = unescapeHtml(content);
  }
  return found;
}

async function pageOf(fields: GuildFields, on: Host = host) {
  const guild = await makeGuild(on, fields);
  const { code } = await createInvite(on, guild.channelId, guild.ownerId);
  const answer = await on.api.get(`/invite/${code}`);
  expect(answer.status).toBe(200);
  return { guild, code, answer, html: answer.text, meta: metaOf(answer.text) };
}

describe('the page of a guild', () => {
  it('has Open Graph and Twitter tags with the name and the counts', async () => {
    const { html, meta } = await pageOf({ name: 'Fluxer Community', member_count: 745, presence_count: 389 });
    expect(html).toMatch(/^<!doctype html>/i);
    expect(meta['og:title'] ?? '').toContain('Fluxer Community');
    expect(meta['twitter:card']).toMatch(/^summary/);
    expect(`${meta['og:title']} ${meta['og:description']}`).toContain('745');
    expect(html).toContain('389');
    expect(/<title>([^<]*)<\/title>/i.exec(html)?.[1]).toContain('Fluxer Community');
  });

  it('is the same at both share URLs', async () => {
    const { code, html } = await pageOf({ name: 'Same' });
    const other = await host.api.get(`/${code}`);
    expect(metaOf(other.text)).toEqual(metaOf(html));
    expect(other.text.length).toBe(html.length);
  });

  it('has the icon from the template, and no image without template or icon', async () => {
    const withIcon = await pageOf({ icon_hash: 'a_b2c3' }, iconHost);
    const url = `https://media.example.com/icons/${withIcon.guild.id}/a_b2c3.png?size=256&x=1`;
    expect(withIcon.meta['og:image']).toBe(url);
    const policy = String(withIcon.answer.headers['content-security-policy']);
    expect(/img-src ([^;]*)/.exec(policy)?.[1]).toContain('https://media.example.com');
    expect((await pageOf({}, iconHost)).meta).not.toHaveProperty('og:image');
    expect((await pageOf({ icon_hash: 'a1b2' })).meta).not.toHaveProperty('og:image');
  });

  it('takes names of any script unchanged', async () => {
    const { meta } = await pageOf({ name: 'Åsgård 日本語 🦊 العربية' });
    expect(meta['og:title'] ?? '').toContain('Åsgård 日本語 🦊 العربية');
  });
});

describe('the page of a group DM', () => {
  it('has its name, or works without one', async () => {
    const named = await makeGroupDm(host, [], { name: 'Weekend Plans' });
    const unnamed = await makeGroupDm(host);
    const pageFor = async (dm: typeof named) => {
      const { code } = await createInvite(host, dm.id, dm.ownerId);
      const answer = await host.api.get(`/invite/${code}`);
      expect(answer.status).toBe(200);
      return answer.text;
    };
    expect(metaOf(await pageFor(named))['og:title'] ?? '').toContain('Weekend Plans');
    const meta = metaOf(await pageFor(unnamed));
    expect(meta['og:title']).toMatch(/./);
    expect(meta['og:title']).not.toMatch(/null|undefined/);
  });
});

describe('what somebody else wrote', () => {
  it('stays text in every place of the page of a guild', async () => {
    const inviter = await makeUser(host, { username: HOSTILE.slice(0, 32), avatar_hash: '"><b>' });
    const { html, meta } = await pageOf({ name: HOSTILE, icon_hash: '"><script>', owner_id: inviter });
    expect(meta['og:title'] ?? '').toContain(HOSTILE);
    expectNoForeignMarkup(html);
  });

  it('stays text in the icon URL too', async () => {
    const { html } = await pageOf({ name: 'x', icon_hash: `"><script>alert(1)</script>` }, iconHost);
    expectNoForeignMarkup(html);
  });

  it('stays text in the page of a group DM', async () => {
    const dm = await makeGroupDm(host, [await makeUser(host, { username: '<script>alert(1)' })], {
      name: HOSTILE,
    });
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    expectNoForeignMarkup((await host.api.get(`/${code}`)).text);
  });

  it('stays out of the page of an unknown code', async () => {
    for (const code of ['%3Cscript%3Ealert(1)%3Cb%3E', '"><script>alert(1)<b>']) {
      const page = await host.api.get(`/invite/${code}`);
      expect(page.status).toBe(404);
      expectNoForeignMarkup(page.text);
    }
  });

  function expectNoForeignMarkup(html: string): void {
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).not.toMatch(/<script>alert/i);
    expect(html).not.toMatch(/<img src=x/i);
    expect(html).not.toMatch(/"' onload/);
    expect(html).not.toMatch(/"><(?:b|script)>/i);
  }
});

describe('the policies', () => {
  it.each([200, 404])('of a page of status %i let nothing foreign in and nothing out', async (status) => {
    const { code } = await pageOf({ name: 'Policies', icon_hash: 'a1' });
    const answer = await host.api.get(`/invite/${status === 200 ? code : unusedCode()}`);
    expect(answer.status).toBe(status);
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toMatch(/default-src '(?:none|self)'/);
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval|\*/);
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['x-request-id']).toMatch(/^[!-~]{1,128}$/);
    expect(answer.text).not.toMatch(/(?:\bsrc=|<link\b[^>]*href=|url\(|@import)\s*["']?(?:https?:)?\/\//i);
    expect(answer.text).not.toMatch(/\son[a-z]+\s*=/i);
  });
});

describe('the 404 form', () => {
  it('is a page of the same kind that names no guild', async () => {
    const known = await pageOf({ name: 'Secret Guild' });
    const unknown = await host.api.get(`/invite/${unusedCode()}`);
    expect(unknown.status).toBe(404);
    expect(unknown.headers['content-type']).toBe(known.answer.headers['content-type']);
    expect(unknown.text).toMatch(/^<!doctype html>/i);
    expect(unknown.text).toMatch(/<title>[^<]+<\/title>/i);
    expect(unknown.text).not.toContain('Secret Guild');
    expect(unknown.headers['content-security-policy']).toMatch(/default-src '(?:none|self)'/);
  });

  it('is one and the same for every code', async () => {
    const page = async (code: string) => (await host.api.get(`/invite/${code}`)).text.length;
    expect(await page(unusedCode())).toBe(await page(unusedCode()));
  });
});
