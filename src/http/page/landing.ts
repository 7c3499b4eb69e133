// The page behind a share link: what the invite leads to, for people and for the previews of other programs.
// Made of strings on the server; no script, no request to anyone else, and its 404 form tells nothing.

import { escapeHtml, fillUrl, isolated } from './escape.js';
import { STYLE, STYLE_HASH } from './style.js';
import { initialsTile, pictureTile } from './tile.js';

export type LandingView =
  | {
      readonly kind: 'guild';
      readonly code: string;
      readonly guildId: string;
      readonly guildName: string;
      readonly iconHash: string | null;
      readonly channelName: string | null;
      readonly inviterName: string | null;
      readonly memberCount: number;
      readonly presenceCount: number;
      /** ISO 8601; null: never. */
      readonly expiresAt: string | null;
    }
  | {
      readonly kind: 'group_dm';
      readonly code: string;
      readonly name: string | null;
      readonly recipientNames: readonly (string | null)[];
      readonly inviterName: string | null;
      readonly memberCount: number;
      readonly expiresAt: string | null;
    }
  /** Unknown, expired, revoked and used up alike. */
  | { readonly kind: 'unknown' };

export interface LandingOptions {
  /** With {guild_id} and {icon_hash}; null: initials instead of pictures. */
  readonly iconUrlTemplate: string | null;
  /** What stands before /invite/… in og:url; null: no og:url. */
  readonly publicUrl: string | null;
}

type KnownView = Exclude<LandingView, { readonly kind: 'unknown' }>;

/** Recipients by whom a group DM without a name is called. */
const NAMES_MAX = 4;
const NAMELESS = 'a group';
const TITLE_CHARACTERS_MAX = 300;

const GONE_TITLE = 'This invite is not valid';
const GONE_REASONS = 'It may have expired, been used up or been taken back.';
const GONE = document({
  head: card({ title: GONE_TITLE, description: GONE_REASONS }),
  title: GONE_TITLE,
  body: `${initialsTile('?', '')}
<h1>${GONE_TITLE}</h1>
<p>${GONE_REASONS} Check the link, or ask whoever sent it for a new one.</p>`,
});

export function renderLanding(view: LandingView, options: LandingOptions): string {
  if (view.kind === 'unknown') return GONE;
  const { name, heading, initialsFrom } = namesOf(view);
  const title = shortened(name);
  const picture = pictureOf(view, options);
  const counts = countsOf(view);
  const head = card({
    title: `Join ${title}`,
    description: counts.join(' · '),
    ...(picture === null ? {} : { picture }),
    ...(options.publicUrl === null
      ? {}
      : { url: options.publicUrl + fillUrl('/invite/{code}', { code: view.code }) }),
  });
  const inviter =
    view.inviterName === null
      ? 'You are invited to join'
      : `${isolated(view.inviterName)} invites you to join`;
  const channel =
    view.kind === 'guild' && view.channelName !== null
      ? `<p class="in small">in #${isolated(view.channelName)}</p>\n`
      : '';
  return document({
    head,
    title,
    body: `${picture === null ? initialsTile(initialsFrom, seedOf(view)) : pictureTile(picture)}
<p class="by">${inviter}</p>
${heading}
${channel}<p class="counts">${counts.map((count, at) => `<span${at === 1 ? ' class="online"' : ''}>${count}</span>`).join(' ')}</p>
<div class="how">
<p>To accept, open this link in the app you got it from, or enter this code there:</p>
<code>${escapeHtml(view.code)}</code>
${expiryOf(view.expiresAt)}</div>`,
  });
}

/** The security headers of the page (the URL itself is a secret: no referrer, no index). */
export function landingHeaders(options: LandingOptions): readonly (readonly [string, string])[] {
  const pictures = options.iconUrlTemplate === null ? "'none'" : originOf(options.iconUrlTemplate);
  return [
    [
      'Content-Security-Policy',
      `default-src 'none'; style-src '${STYLE_HASH}'; img-src ${pictures}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    ],
    ['Referrer-Policy', 'no-referrer'],
    ['X-Robots-Tag', 'noindex'],
  ];
}

interface Card {
  readonly title: string;
  readonly description: string;
  readonly picture?: string;
  readonly url?: string;
}

/** What other programs show of the link: Open Graph and Twitter card tags. */
function card({ title, description, picture, url }: Card): string {
  const tags: string[] = [
    meta('name', 'description', description),
    meta('property', 'og:type', 'website'),
    meta('property', 'og:site_name', 'Invite'),
    meta('property', 'og:title', title),
    meta('property', 'og:description', description),
    meta('name', 'twitter:card', 'summary'),
    meta('name', 'twitter:title', title),
    meta('name', 'twitter:description', description),
  ];
  if (url !== undefined) tags.push(meta('property', 'og:url', url));
  if (picture !== undefined) {
    tags.push(meta('property', 'og:image', picture), meta('name', 'twitter:image', picture));
  }
  return tags.join('\n');
}

function meta(kind: 'name' | 'property', key: string, value: string): string {
  return `<meta ${kind}="${key}" content="${escapeHtml(value)}">`;
}

function document(parts: { readonly head: string; readonly title: string; readonly body: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(parts.title)}</title>
${parts.head}
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.body}
</main>
</body>
</html>
`;
}

interface Names {
  /** For titles, which hold no tags. */
  readonly name: string;
  /** In which no name can turn what stands behind it. */
  readonly heading: string;
  readonly initialsFrom: string;
}

/** How the page calls what the invite leads to. */
function namesOf(view: KnownView): Names {
  const own = view.kind === 'guild' ? view.guildName : view.name;
  if (own !== null && own !== '') {
    return { name: own, heading: `<h1 class="name">${isolated(own)}</h1>`, initialsFrom: own };
  }
  const people = view.kind === 'guild' ? [] : view.recipientNames;
  const known = people.flatMap((name) => (name === null || name === '' ? [] : [name])).slice(0, NAMES_MAX);
  if (known.length === 0) return { name: NAMELESS, heading: `<h1>${NAMELESS}</h1>`, initialsFrom: '…' };
  const others = people.length - known.length;
  const rest = others > 0 ? [plural(others, 'other')] : [];
  return {
    name: listed([...known, ...rest]),
    heading: `<h1 class="people">${listed([...known.map(isolated), ...rest], unbroken)}</h1>`,
    initialsFrom: known.join(' '),
  };
}

/** a · a and b · a, b and c; `wrap` gets each item with its comma. */
function listed(items: readonly string[], wrap = (item: string) => item): string {
  const last = items.length - 1;
  return items
    .map((item, at) => `${at > 0 && at === last ? 'and ' : ''}${wrap(at < last - 1 ? `${item},` : item)}`)
    .join(' ');
}

/** A line may not begin with the comma behind a name. */
function unbroken(html: string): string {
  return `<span>${html}</span>`;
}

function countsOf(view: KnownView): readonly string[] {
  const members = plural(view.memberCount, 'member');
  return view.kind === 'guild' ? [members, `${NUMBER.format(view.presenceCount)} online`] : [members];
}

const NUMBER = new Intl.NumberFormat('en');

function plural(count: number, noun: string): string {
  return `${NUMBER.format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function pictureOf(view: KnownView, options: LandingOptions): string | null {
  if (view.kind !== 'guild' || view.iconHash === null || options.iconUrlTemplate === null) return null;
  // As a segment of a path these would lead elsewhere, percent-encoded or not.
  if (view.iconHash === '.' || view.iconHash === '..') return null;
  return fillUrl(options.iconUrlTemplate, { guild_id: view.guildId, icon_hash: view.iconHash });
}

/** What the colour hangs on. The view of a group DM holds no id. */
function seedOf(view: KnownView): string {
  return view.kind === 'guild' ? view.guildId : view.code;
}

/** A preview needs no ten thousand characters. */
function shortened(text: string): string {
  // A character takes at most two places; what lies beyond needn't be taken apart.
  const characters = [...text.slice(0, 2 * (TITLE_CHARACTERS_MAX + 1))];
  if (characters.length <= TITLE_CHARACTERS_MAX) return text;
  return `${characters.slice(0, TITLE_CHARACTERS_MAX).join('')}…`;
}

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

function expiryOf(expiresAt: string | null): string {
  if (expiresAt === null) return '';
  return `<p class="small">Expires <time datetime="${escapeHtml(expiresAt)}">${DATE.format(new Date(expiresAt))} UTC</time></p>\n`;
}

function originOf(template: string): string {
  return new URL(template).origin;
}
