// The conditions of a request (RFC 9110, section 13.1). An ETag of ours is a version between quotation marks, always
// strong; If-Match is judged together with the change, in Redis, so here it only becomes a list of versions.

import type { WantedVersion } from '../invite/version.js';
import type { Headers } from './request.js';
import { refuseField } from './validate.js';

interface EntityTag {
  readonly isWeak: boolean;
  /** What stands between the quotation marks. */
  readonly text: string;
}

/** A tag or nothing, and a comma or the end: RFC 9110 lets lists have empty places. */
const PLACE = /[ \t]*(?:(W\/)?"([!#-~\u0080-\uffff]*)"[ \t]*)?(?:,|$)/y;
const VERSION = /^(?:0|[1-9][0-9]{0,14})$/;

/** Which versions a change insists on; one that names none of ours by a strong tag suits nothing. */
export function wantedVersion({ ifMatch }: Readonly<Headers>): WantedVersion {
  if (ifMatch === undefined) return 'any';
  const tags = parseTags(ifMatch);
  if (tags === null) throw refuseField('If-Match', 'INVALID_VALUE');
  if (tags === '*') return 'any';
  const versions = tags.filter(({ isWeak, text }) => !isWeak && VERSION.test(text));
  return versions.map(({ text }) => Number(text));
}

/** Has who asks this version, or what else a tag says, already? Compared weakly; what can't be read says nothing. */
export function isKnown({ ifNoneMatch }: Readonly<Headers>, version: number | string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = parseTags(ifNoneMatch);
  if (tags === null) return false;
  return tags === '*' || tags.some(({ text }) => text === String(version));
}

/** null: not what such a header holds. */
function parseTags(header: string): '*' | readonly EntityTag[] | null {
  if (header.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  PLACE.lastIndex = 0;
  while (PLACE.lastIndex < header.length) {
    const place = PLACE.exec(header);
    if (place === null) return null;
    const [, weak, text] = place;
    if (text !== undefined) tags.push({ isWeak: weak !== undefined, text });
  }
  return tags.length === 0 ? null : tags;
}
