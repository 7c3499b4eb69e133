// The page against names that want out of it: what an HTML parser makes of it must be what was put in.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { escapeHtml, fillUrl } from '../../src/http/page/escape.js';
import { type LandingView, landingHeaders, renderLanding } from '../../src/http/page/landing.js';
import { STYLE, TILE_COLOURS } from '../../src/http/page/style.js';

const PLAIN = { iconUrlTemplate: null, publicUrl: null };

type GuildView = Extract<LandingView, { readonly kind: 'guild' }>;
type GroupDmView = Extract<LandingView, { readonly kind: 'group_dm' }>;

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

const groupDm: GroupDmView = {
  kind: 'group_dm',
  code: 'Qr7kLm2p',
  name: null,
  recipientNames: ['ada', null, 'grace'],
  inviterName: null,
  memberCount: 3,
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
  'a\r\nb',
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
    .replace(/\r\n?/g, '\n')
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
    expect(parsed(between(html, '<p class="by"><bdi>', '</bdi> invites you'))).toBe(visible(name));
    expect(tags(html)).toBe(tags(safe));
  });

  it.each(EVIL)('shows the group DM name %j as it is, in each place', (name) => {
    const html = renderLanding({ ...groupDm, name }, PLAIN);
    const shown = [...name].length > 300 ? `${name.slice(0, 300)}…` : name;
    expect(parsed(between(html, '<h1 class="name"><bdi>', '</bdi></h1>'))).toBe(visible(name));
    expect(parsed(between(html, '<title>', '</title>'))).toBe(visible(shown));
    expect(parsed(between(html, 'property="og:title" content="', '">'))).toBe(visible(`Join ${shown}`));
    expect(tags(html)).toBe(tags(renderLanding({ ...groupDm, name: 'safe' }, PLAIN)));
  });

  it.each(EVIL)('keeps the recipient %j apart from the names behind', (name) => {
    const html = renderLanding({ ...groupDm, recipientNames: [name, 'grace'] }, PLAIN);
    const heading = between(html, '<h1 class="people">', '</h1>');
    expect(heading).toMatch(/^<span><bdi>[^<]*<\/bdi><\/span> and <span><bdi>grace<\/bdi><\/span>$/);
    expect(parsed(between(heading, '<bdi>', '</bdi>'))).toBe(visible(name));
    expect(tags(html)).toBe(tags(renderLanding({ ...groupDm, recipientNames: ['ada', 'grace'] }, PLAIN)));
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
    expect(one).toContain('<span>1 member</span>');
    expect(renderLanding({ ...guild, memberCount: 2 }, PLAIN)).toContain('<span>2 members</span>');
    expect(one).toContain('<time datetime="2026-03-01T10:00:00.000Z">1 March 2026 at 10:00 UTC</time>');
    expect(safe).not.toContain('Expires');
  });

  it.each([
    [['ada'], 'ada'],
    [['ada', 'grace'], 'ada and grace'],
    [['ada', null, 'grace'], 'ada, grace and 1 other'],
    [['a', 'b', 'c', 'd', 'e', 'f'], 'a, b, c, d and 2 others'],
    [[null, ''], 'a group'],
    [[], 'a group'],
  ])('names a group DM of %j without a name by its recipients', (recipientNames, words) => {
    const html = renderLanding({ ...groupDm, recipientNames }, PLAIN);
    expect(between(html, '<title>', '</title>')).toBe(words);
    expect(between(html, '<h1', '</h1>').replace(/^[^>]*>|<[^>]+>/g, '')).toBe(words);
  });

  it('tells previews what it tells people', () => {
    const html = renderLanding(guild, {
      iconUrlTemplate: 'https://cdn.example/{guild_id}/{icon_hash}.png?size=256&x=1',
      publicUrl: 'https://join.example',
    });
    const icon = 'https://cdn.example/987654321098765432/a1b2.png?size=256&amp;x=1';
    const found = [...html.matchAll(/<meta (?:name|property)="([a-z:_]+)" content="([^"]*)">/g)];
    expect(Object.fromEntries(found.map(([, key, value]) => [key, value]))).toEqual({
      viewport: 'width=device-width, initial-scale=1',
      description: '12,450 members · 3,890 online',
      'og:type': 'website',
      'og:site_name': 'Invite',
      'og:title': 'Join Fluxer Community',
      'og:description': '12,450 members · 3,890 online',
      'og:url': 'https://join.example/invite/abc123xyz',
      'og:image': icon,
      'twitter:card': 'summary',
      'twitter:title': 'Join Fluxer Community',
      'twitter:description': '12,450 members · 3,890 online',
      'twitter:image': icon,
    });
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
    const odd = renderLanding(
      { ...guild, code: 'a/"?' },
      { iconUrlTemplate: null, publicUrl: 'https://x.example' },
    );
    expect(odd).toContain('content="https://x.example/invite/a%2F%22%3F">');
    expect(odd).toContain('<code>a/&quot;?</code>');
  });

  it('in its 404 form is one and the same page', () => {
    const options = { iconUrlTemplate: 'https://cdn.example/{icon_hash}', publicUrl: 'https://join.example' };
    const gone = renderLanding({ kind: 'unknown' }, PLAIN);
    expect(gone).toContain('<h1>This invite is not valid</h1>');
    expect(renderLanding({ kind: 'unknown' }, options)).toBe(gone);
    expect(gone).not.toMatch(/og:url|og:image|<code>/);
  });
});

describe('the tile', () => {
  const tileOf = (view: LandingView) => between(renderLanding(view, PLAIN), '<div class="tile c', '</div>');
  const initialsOf = (view: LandingView) => parsed(between(tileOf(view), '<bdi>', '</bdi>'));

  it.each([
    ['Fluxer Community', 'FC'],
    ['one two three', 'OT'],
    ['👩‍👩‍👧‍👦 club', '👩‍👩‍👧‍👦C'],
    ['🇩🇪', '🇩🇪'],
    ['[EU] & friends', 'EF'],
    ['\u202eevil', 'E'],
    ['</title>', 'T'],
    [`z${'\u0301'.repeat(5_000)}`, 'Z'],
    ['!!!', '!'],
    ['\u202e\u200b', ''],
  ])('shows of %j the initials %j', (guildName, initials) => {
    expect(initialsOf({ ...guild, guildName })).toBe(initials);
  });

  it('shows of a group DM the initials of its people', () => {
    expect(initialsOf({ ...groupDm, recipientNames: ['ada', 'grace'] })).toBe('AG');
    expect(initialsOf({ ...groupDm, recipientNames: [null] })).toBe('…');
  });

  it('has every colour for guilds made at different times, and for each the same one always', () => {
    const idOf = (second: number) => String((BigInt(1_700_000_000_000 + second * 1000) << 22n) | (1n << 17n));
    const colours = Array.from(
      { length: 200 },
      (_, second) => tileOf({ ...guild, guildId: idOf(second) })[0],
    );
    expect(new Set(colours)).toEqual(new Set(TILE_COLOURS.map((_, at) => String(at))));
    expect(tileOf({ ...guild, guildName: 'Renamed' })[0]).toBe(tileOf(guild)[0]);
  });
});

describe('the colours', () => {
  const luminance = (colour: string) => {
    const digits = colour.length === 4 ? colour.replace(/[0-9a-f]/g, '$&$&') : colour;
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(digits.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  /** Contrast ratio, WCAG 2.2. */
  const contrast = (one: string, other: string) => {
    const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05);
  };

  it.each(TILE_COLOURS)('let white initials be read on %s', (colour) => {
    expect(contrast('#fff', colour)).toBeGreaterThanOrEqual(4.5);
    expect(STYLE).toContain(`{background-color:${colour}}`);
  });

  it.each([['light'], ['dark']])('let the %s page be read', (scheme) => {
    const root = [...STYLE.matchAll(/:root\{([^}]*)\}/g)][scheme === 'light' ? 0 : 1]?.[1] ?? '';
    const colourOf = (name: string) => new RegExp(`--${name}:(#[0-9a-f]+)`).exec(root)?.[1] ?? 'missing';
    for (const [front, back] of [
      ['text', 'card'],
      ['soft', 'card'],
      ['text', 'chip'],
    ] as const) {
      expect(contrast(colourOf(front), colourOf(back)), `${front} on ${back}`).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(colourOf('dot'), colourOf('card'))).toBeGreaterThanOrEqual(3);
  });
});

it('escapeHtml leaves nothing that could open a tag or end an attribute', () => {
  for (const evil of EVIL) expect(escapeHtml(evil)).not.toMatch(/[<>"']/);
});

it.each([
  ['🦊'.repeat(300), '🦊'.repeat(300)],
  ['🦊'.repeat(301), `${'🦊'.repeat(300)}…`],
  ['x'.repeat(300), 'x'.repeat(300)],
  [`${'x'.repeat(300)}🦊`, `${'x'.repeat(300)}…`],
])('a title is cut after 300 whole characters', (guildName, title) => {
  expect(between(renderLanding({ ...guild, guildName }, PLAIN), '<title>', '</title>')).toBe(title);
});

it('a lone surrogate makes no URL fail', () => {
  const options = { iconUrlTemplate: 'https://cdn.example/{icon_hash}', publicUrl: 'https://x.example' };
  const html = renderLanding({ ...guild, code: '\ud83d', iconHash: '\ud83d' }, options);
  expect(html).toContain('content="https://x.example/invite/%EF%BF%BD">');
  expect(html).toContain('src="https://cdn.example/%EF%BF%BD"');
});

it('fillUrl leaves names alone that it has no value for', () => {
  expect(fillUrl('/{a}/{b}', { a: '/?#' })).toBe('/%2F%3F%23/{b}');
});
