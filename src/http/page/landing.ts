// The page behind a share link: what the invite leads to, for people and for the previews of other programs.
// Made of strings on the server; no script, no request to anyone else, and its 404 form tells nothing.

import { escapeHtml, fillUrl, isolated } from './escape.js';
import { STYLE, STYLE_HASH, TILE_COLOURS } from './style.js';

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
const DESCRIPTION_CHARACTERS_MAX = 300;

const GONE = document({
  head: card({ title: 'This invite is not valid', description: 'It may have expired or been taken back.' }),
  title: 'This invite is not valid',
  body: `<div class="tile c5" aria-hidden="true">?</div>
<h1>This invite is not valid</h1>
<p>It may have expired, been used up or been taken back. Ask whoever sent it for a new one.</p>`,
});

export function renderLanding(view: LandingView, options: LandingOptions): string {
  if (view.kind === 'unknown') return GONE;
  const name = nameOf(view);
  const picture = pictureOf(view, options);
  const counts = countsOf(view);
  const head = card({
    title: `Join ${shortened(name)}`,
    description: counts.join(' · '),
    ...(picture === null ? {} : { picture }),
    ...(options.publicUrl === null ? {} : { url: `${options.publicUrl}/invite/${view.code}` }),
  });
  const inviter =
    view.inviterName === null
      ? 'You are invited to join'
      : `${isolated(view.inviterName)} invites you to join`;
  const channel =
    view.kind === 'guild' && view.channelName !== null
      ? `<p class="name small">in #${isolated(view.channelName)}</p>\n`
      : '';
  return document({
    head,
    title: shortened(name),
    body: `${tile(view, name, picture)}
<p class="name">${inviter}</p>
<h1 class="name">${isolated(name)}</h1>
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

function nameOf(view: KnownView): string {
  if (view.kind === 'guild') return view.guildName;
  if (view.name !== null && view.name !== '') return view.name;
  const known = view.recipientNames.filter((name) => name !== null);
  if (known.length === 0) return 'a group';
  const others = view.recipientNames.length - Math.min(known.length, NAMES_MAX);
  return known.slice(0, NAMES_MAX).join(', ') + (others > 0 ? ` and ${plural(others, 'other')}` : '');
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

/** The guild's picture, or its initials on a colour of its own. */
function tile(view: KnownView, name: string, picture: string | null): string {
  if (picture !== null)
    return `<img class="tile" src="${escapeHtml(picture)}" alt="" width="88" height="88">`;
  const colour = Number(BigInt(view.kind === 'guild' ? view.guildId : 0) % BigInt(TILE_COLOURS));
  return `<div class="tile c${colour}" aria-hidden="true">${isolated(initials(name))}</div>`;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/u).slice(0, 2);
  return words
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}

/** A preview needs no ten thousand characters. */
function shortened(text: string): string {
  const characters = [...text];
  if (characters.length <= DESCRIPTION_CHARACTERS_MAX) return text;
  return `${characters.slice(0, DESCRIPTION_CHARACTERS_MAX).join('')}…`;
}

const DATE = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

function expiryOf(expiresAt: string | null): string {
  if (expiresAt === null) return '';
  return `<p class="small">Expires <time datetime="${expiresAt}">${DATE.format(new Date(expiresAt))} UTC</time></p>\n`;
}

function originOf(template: string): string {
  return new URL(template).origin;
}
