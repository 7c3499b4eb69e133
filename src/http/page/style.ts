// The page's one style sheet, and its hash for the Content-Security-Policy. No scripts, no fonts, no pictures of its own,
// and nothing that moves.

import { createHash } from 'node:crypto';

/** What a tile of initials can be filled with: classes c0 … c7. White on each has a contrast of at least 4.5 : 1. */
export const TILE_COLOURS = [
  '#9f3a38',
  '#8a5a00',
  '#3f6f1f',
  '#00695c',
  '#00658a',
  '#3b55b5',
  '#6a45a8',
  '#98366f',
] as const;

const tiles = TILE_COLOURS.map((colour, at) => `.c${at}{background-color:${colour}}`).join('');

// A name may be longer than the screen: .name is cut after three lines, each <bdi> of .by and .people after one, so that
// the words around a name stay in sight. The shade on a tile only darkens, which keeps its contrast.
export const STYLE = `
:root{color-scheme:light dark;--bg:#eef0f6;--glow:#fff;--card:#fff;--text:#1b1e2b;--soft:#54596e;--line:#dfe2ec;--chip:#f3f4f9;--dot:#2b8a4b;--edge:#c3c8d8}
@media(prefers-color-scheme:dark){:root{--bg:#12141c;--glow:#1d2130;--card:#1c1f2b;--text:#eef0f8;--soft:#aab0c6;--line:#2f3445;--chip:#262a39;--dot:#5cc27c;--edge:#4a5068}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;grid-template-columns:minmax(0,1fr);padding:1rem;background:radial-gradient(60rem 32rem at 50% 0,var(--glow),transparent) no-repeat var(--bg);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;padding:clamp(1.5rem,6vw,2.25rem) clamp(1rem,6vw,1.75rem) clamp(1.25rem,5vw,1.75rem);background:var(--card);border:1px solid var(--line);border-radius:1.25rem;box-shadow:0 1px 2px #14183214,0 1rem 2.5rem #14183214;text-align:center}
.tile{display:grid;place-items:center;width:5.5rem;height:5.5rem;margin:0 auto 1.25rem;border-radius:1.6rem;background:linear-gradient(160deg,#0000,#0003) var(--chip);color:#fff;font-size:2rem;font-weight:600;line-height:1;overflow:hidden}
img.tile{background:var(--chip);object-fit:cover}
${tiles}
h1{margin:.2rem 0 .35rem;font-size:1.5rem;font-weight:700;line-height:1.25;overflow-wrap:anywhere;text-wrap:balance}
p{margin:.25rem 0;color:var(--soft);overflow-wrap:anywhere;text-wrap:balance}
.name{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;line-clamp:3;overflow:hidden}
.by bdi,.people span{display:inline-block;max-width:100%;vertical-align:bottom}
.by bdi,.people bdi{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.people span{display:inline-flex}
.in{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.counts{display:flex;flex-wrap:wrap;justify-content:center;gap:.25rem 1.25rem;margin:.85rem 0 0}
.counts span::before{content:"";display:inline-block;width:.55rem;height:.55rem;margin-right:.45rem;border-radius:50%;background:var(--edge)}
.counts .online::before{background:var(--dot)}
.how{margin-top:1.5rem;padding-top:1.25rem;border-top:1px solid var(--line)}
code{display:block;margin:.9rem 0 .75rem;padding:.6rem .9rem;border:1px dashed var(--edge);border-radius:.75rem;background:var(--chip);color:var(--text);font:600 1.2rem/1.4 ui-monospace,monospace;letter-spacing:.03em;-webkit-user-select:all;user-select:all;overflow-wrap:anywhere}
.small{font-size:.9rem}
@media(forced-colors:active){.tile{border:1px solid}}
`;

export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
