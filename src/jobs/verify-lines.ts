// What a comparison found, in a line each for people. Must never tell a code: its first two characters and its length are enough to
// find it for who may.

import type { WrongSum } from '../postgres/read-invites.js';
import type { Difference, Verification } from './verify.js';

const WORDS: Readonly<Record<string, string>> = { bans: 'ban', 'ip-bans': 'ip ban', 'group-dm': 'group DM' };

export function differenceLine({ name, what, fields }: Difference): string {
  const said = {
    different: `differs in ${fields.join(', ')}`,
    unreadable: 'can not be read in Redis: it is damaged',
    'in Redis only': 'is in Redis only',
    'in Postgres only': 'is in Postgres only',
  }[what];
  return `${entityText(name)} ${said}`;
}

export function wrongSumLine({ code, isVanity, uses, baseUses, maxUses, joins }: WrongSum): string {
  const before = baseUses === 0 ? '' : `, ${baseUses} of them from before the ledger`;
  const cap = maxUses > 0 && uses > maxUses ? `, though ${maxUses} is the most` : '';
  const kind = isVanity ? 'vanity code' : 'invite';
  return `${kind} ${codeText(code)} has ${joins} joins in the ledger and ${uses} uses${before}${cap}`;
}

export function summaryOf({ compared, found, wrongSums, tookMs }: Verification): string {
  const counts = Object.entries(compared).map(([plural, count]) => `${count} ${plural}`);
  const result =
    found + wrongSums.length === 0
      ? 'Redis and Postgres agree'
      : `${found} differ, ${wrongSums.length} sums of uses are wrong`;
  return `compared ${counts.join(', ')} in ${(tookMs / 1000).toFixed(1)} s: ${result}`;
}

function entityText(name: string): string {
  const at = name.indexOf(':');
  const [word, rest] = [name.slice(0, at), name.slice(at + 1)];
  if (word === 'invite') return `invite ${codeText(rest)}`;
  const inGuild = rest.indexOf(':');
  const said = WORDS[word] ?? word;
  if (inGuild === -1) return `${said} ${rest}`;
  return `${said} ${rest.slice(inGuild + 1)} of guild ${rest.slice(0, inGuild)}`;
}

function codeText(code: string): string {
  return `${code.slice(0, 2)}… (${code.length} characters)`;
}
