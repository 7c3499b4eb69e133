// The square above the name: the guild's own picture, or initials on a colour of their own.
// The colour is a class, since the page's policy lets no element bring its own style.

import { escapeHtml, isolated } from './escape.js';
import { TILE_COLOURS } from './style.js';

const INITIALS_MAX = 2;
/** The longest emoji in use has ten; what is longer is one letter under a heap of marks. */
const INITIAL_CHARACTERS_MAX = 16;

const SPEAKING = /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u;
const VISIBLE = /[\p{P}\p{S}]/u;
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

export function pictureTile(url: string): string {
  return `<img class="tile" src="${escapeHtml(url)}" alt="" width="88" height="88">`;
}

/** @param seed What keeps its colour from visit to visit: an id or a code. */
export function initialsTile(name: string, seed: string): string {
  return `<div class="tile c${colourOf(seed)}" aria-hidden="true">${isolated(initialsOf(name))}</div>`;
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/u);
  const speaking = words.filter((word) => SPEAKING.test(word)).slice(0, INITIALS_MAX);
  if (speaking.length > 0) return speaking.map((word) => initialOf(word, SPEAKING)).join('');
  // A name of signs alone; one of invisible characters alone has no initial.
  return initialOf(name, VISIBLE);
}

/** The first whole character that the pattern finds: people see a family as one, JavaScript as seven. */
function initialOf(word: string, pattern: RegExp): string {
  const start = word.search(pattern);
  if (start === -1) return '';
  const [first] = GRAPHEMES.segment(word.slice(start));
  const characters = [...(first?.segment ?? '')];
  const shown = characters.length > INITIAL_CHARACTERS_MAX ? characters.slice(0, 1) : characters;
  return shown.join('').toUpperCase();
}

/** FNV-1a. The id itself won't do: the last bits of snowflakes count within a millisecond and are nearly always 0. */
function colourOf(seed: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < seed.length; at += 1) hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % TILE_COLOURS.length;
}
