// The page's one style sheet, and its hash for the Content-Security-Policy. No scripts, no fonts, no pictures of its own.

import { createHash } from 'node:crypto';

/** How many colours a tile of initials can have: classes c0 … c7. */
export const TILE_COLOURS = 8;

// White text on each of these has a contrast of at least 4.5 : 1.
const TILES = ['#9f3a38', '#8a5a00', '#3f6f1f', '#00695c', '#00658a', '#3b55b5', '#6a45a8', '#98366f'];

export const STYLE = `
:root{color-scheme:light dark;--bg:#f3f4f8;--card:#fff;--text:#1d2030;--soft:#555a70;--line:#dfe1ea;--dot:#2f7d46;--code:#eef0f6}
@media(prefers-color-scheme:dark){:root{--bg:#14161f;--card:#1e212d;--text:#eceef6;--soft:#a9aec2;--line:#343848;--dot:#5cc27c;--code:#282c3b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--bg);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:2rem 1.5rem;text-align:center}
.tile{display:grid;place-items:center;width:5.5rem;height:5.5rem;margin:0 auto 1rem;border-radius:1.5rem;color:#fff;font-size:2rem;font-weight:600;overflow:hidden}
img.tile{object-fit:cover}
${TILES.map((colour, at) => `.c${at}{background:${colour}}`).join('')}
p{margin:.25rem 0;color:var(--soft);overflow-wrap:anywhere}
.name{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;line-clamp:3;overflow:hidden}
h1{margin:.25rem 0 .5rem;font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
.counts{display:flex;flex-wrap:wrap;justify-content:center;gap:.25rem 1.25rem;margin:.75rem 0}
.online::before{content:"";display:inline-block;width:.6rem;height:.6rem;margin-right:.4rem;border-radius:50%;background:var(--dot)}
.how{margin-top:1.5rem;padding-top:1.25rem;border-top:1px solid var(--line)}
code{display:inline-block;margin:.6rem 0;padding:.4rem .9rem;border-radius:.5rem;background:var(--code);color:var(--text);font:600 1.15rem ui-monospace,monospace;-webkit-user-select:all;user-select:all;overflow-wrap:anywhere}
.small{font-size:.9rem}
`;

export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
