// The page against names that want out of it: what an HTML parser makes of it must be what was put in.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { escapeHtml, fillUrl } from '../../src/http/page/escape.js';
import { type LandingView, landingHeaders, renderLanding } from '../../src/http/page/landing.js';

const PLAIN = { iconUrlTemplate: null, publicUrl: null };

type GuildView = Extract<LandingView, { readonly kind: 'guild' }>;

const guild: GuildView = {
  kind: 'guild',
  code: 'abc123xyz',
  guildId: '987654321098765432',
  guildName: 'Fluxer Community',
  iconHash: 'a1b2',
  channelName: 'general',
  inviterName: 'fluxeruser',
  memberCount: 12450,
  presenceCount: 3890,
  expiresAt: null,
};

const EVIL = [
  '<script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '</style><img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '" onfocus="alert(1)" autofocus="',
  '<!--',
  '-->',
  ']]>',
  '<bdi>',
  '</bdi></h1>',
  '&lt;b&gt;',
  '&amp;',
  '&#60;',
  '&notanentity;',
  'javascript:alert(1)',
  '{{7*7}}',
  '$' + '{7*7}',
  '%3Cscript%3E',
  '\u202eevil',
  '\u2066\u2069',
  '\u0000',
  'a\u0000b',
  'a\rb',
  'a\nb',
  '\u2028\u2029',
  '\ufeff',
  '👩‍👩‍👧‍👦',
  'é\u0301',
  '\\"',
  '`',
  '<',
  '>',
  '&',
  '"',
  "'",
  '<a href="//evil.example">',
  '<meta http-equiv="refresh" content="0;url=//evil.example">',
  '<iframe srcdoc="x">',
  '<base href="//evil.example">',
  '%00%0d%0aSet-Cookie:x',
  ' ',
  'x'.repeat(10_000),
];

/** What an HTML parser makes of text without tags. */
function parsed(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#13;', '\r')
    .replaceAll('&amp;', '&');
}

function between(html: string, before: string, after: string): string {
  const from = html.indexOf(before);
  expect(from, before).toBeGreaterThan(-1);
  return html.slice(from + before.length, html.indexOf(after, from + before.length));
}

const visible = (text: string) => text.replaceAll('\u0000', '\ufffd');

describe('the landing page', () => {
  const safe = renderLanding(guild, PLAIN);
  const tags = (html: string) => (html.match(/<[a-z!/]/gi) ?? []).length;

  it.each(EVIL)('shows the guild name %j as it is, in each place', (name) => {
    const html = renderLanding({ ...guild, guildName: name }, PLAIN);
    expect(parsed(between(html, '<h1 class="name"><bdi>', '</bdi></h1>'))).toBe(visible(name));
    const title = parsed(between(html, 'property="og:title" content="', '">'));
    const shown = [...name].length > 300 ? `${name.slice(0, 300)}…` : name;
    expect(title).toBe(visible(`Join ${shown}`));
    expect(parsed(between(html, '<title>', '</title>'))).toBe(visible(shown));
    expect(parsed(between(html, 'name="twitter:title" content="', '">'))).toBe(title);
    expect(tags(html)).toBe(tags(safe));
  });

  it.each(EVIL)('shows the names of channel and inviter %j as they are', (name) => {
    const html = renderLanding({ ...guild, channelName: name, inviterName: name }, PLAIN);
    expect(parsed(between(html, 'in #<bdi>', '</bdi></p>'))).toBe(visible(name));
    expect(parsed(between(html, '<p class="name"><bdi>', '</bdi> invites you'))).toBe(visible(name));
    expect(tags(html)).toBe(tags(safe));
  });

  it.each(EVIL)('puts the icon hash %j into the URL only percent-encoded', (iconHash) => {
    const options = { iconUrlTemplate: 'https://cdn.example/{guild_id}/{icon_hash}.png', publicUrl: null };
    const html = renderLanding({ ...guild, iconHash }, options);
    const source = between(html, '<img class="tile" src="', '"');
    expect(parsed(source)).toBe(`https://cdn.example/987654321098765432/${encodeURIComponent(iconHash)}.png`);
    expect(parsed(between(html, 'property="og:image" content="', '"'))).toBe(parsed(source));
  });

  it('tells counts and expiry in words', () => {
    expect(safe).toContain('<span>12,450 members</span> <span class="online">3,890 online</span>');
    const one = renderLanding({ ...guild, memberCount: 1, expiresAt: '2026-03-01T10:00:00.000Z' }, PLAIN);
    expect(one).toContain('1 member<');
    expect(one).toContain('<time datetime="2026-03-01T10:00:00.000Z">March 1, 2026 at 10:00');
    expect(safe).not.toContain('Expires');
  });

  it('names a group DM without a name by its recipients', () => {
    const dm = {
      kind: 'group_dm',
      code: 'abc',
      name: null,
      recipientNames: ['ada', null, 'grace'],
      inviterName: null,
      memberCount: 3,
      expiresAt: null,
    } as const;
    expect(renderLanding(dm, PLAIN)).toContain('<bdi>ada, grace and 1 other</bdi></h1>');
    expect(renderLanding({ ...dm, recipientNames: [null] }, PLAIN)).toContain('a group');
  });

  it('allows its own style, and nothing else', () => {
    const style = between(safe, '<style>', '</style>');
    const hash = createHash('sha256').update(style).digest('base64');
    const headers = new Map(landingHeaders(PLAIN));
    expect(headers.get('Content-Security-Policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(headers.get('X-Robots-Tag')).toBe('noindex');
    expect(safe).not.toMatch(/<script|<link|\bstyle=|https?:/);
    const withIcons = landingHeaders({
      iconUrlTemplate: 'https://cdn.example/x/{icon_hash}',
      publicUrl: null,
    });
    expect(new Map(withIcons).get('Content-Security-Policy')).toContain('img-src https://cdn.example;');
  });

  it.each(['.', '..'])(
    'makes no picture of the icon hash %j, which would be a step in a path',
    (iconHash) => {
      const options = { iconUrlTemplate: 'https://cdn.example/{icon_hash}/x.png', publicUrl: null };
      expect(renderLanding({ ...guild, iconHash }, options)).not.toContain('<img');
    },
  );

  it('gives og:url only where the public address is known', () => {
    expect(safe).not.toContain('og:url');
    const html = renderLanding(guild, { iconUrlTemplate: null, publicUrl: 'https://join.example' });
    expect(html).toContain('<meta property="og:url" content="https://join.example/invite/abc123xyz">');
  });

  it('in its 404 form is one and the same page', () => {
    const options = { iconUrlTemplate: 'https://cdn.example/{icon_hash}', publicUrl: 'https://join.example' };
    const gone = renderLanding({ kind: 'unknown' }, PLAIN);
    expect(gone).toContain('<h1>This invite is not valid</h1>');
    expect(renderLanding({ kind: 'unknown' }, options)).toBe(gone);
    expect(gone).not.toMatch(/og:url|og:image/);
  });
});

it('escapeHtml leaves nothing that could open a tag or end an attribute', () => {
  for (const evil of EVIL) expect(escapeHtml(evil)).not.toMatch(/[<>"']/);
});

it('fillUrl leaves names alone that it has no value for', () => {
  expect(fillUrl('/{a}/{b}', { a: '/?#' })).toBe('/%2F%3F%23/{b}');
});
