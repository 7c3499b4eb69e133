// The worlds that contenders are filled with. Ids are made up, and grow by one, so that two runs load the same.

import { generateCode } from '../src/invite/code.js';
import { partitionOfId } from '../src/invite/partition.js';
import type { World, WorldGuild, WorldInvite } from './contender.js';

const CODE_LENGTH = 8;
const FIRST_ID = 100_000_000_000_000_000n;

export interface WorldSize {
  readonly guilds: number;
  readonly invites: number;
  /** The cap of the invite with this number; 0: none. */
  readonly maxUses?: (at: number) => number;
}

export function makeWorld({ guilds: guildCount, invites: inviteCount, maxUses }: WorldSize): World {
  let id = FIRST_ID;
  const nextId = (): string => {
    id += 1n;
    return String(id);
  };
  const guilds: WorldGuild[] = Array.from({ length: guildCount }, (_, at) => ({
    id: nextId(),
    name: `Fluxer Community ${at}`,
    ownerId: nextId(),
    channelId: nextId(),
  }));
  const taken = new Set<string>();
  const invites: WorldInvite[] = Array.from({ length: inviteCount }, (_, at) => {
    const guild = guilds[at % guildCount];
    if (guild === undefined) throw new RangeError('a world without guilds');
    const { id: guildId, channelId, ownerId: inviterId } = guild;
    return { code: newCode(guildId, taken), guildId, channelId, inviterId, maxUses: maxUses?.(at) ?? 0 };
  });
  const users = guilds.map(({ ownerId }, at) => ({
    id: ownerId,
    username: `owner${at}`,
    discriminator: at % 10_000,
  }));
  return { guilds, invites, users };
}

/** A code that `invited` would have made for this guild, so that it needs no pointer there. */
function newCode(guildId: string, taken: Set<string>): string {
  for (let draw = 0; draw < 100; draw += 1) {
    const code = generateCode(partitionOfId(guildId), CODE_LENGTH);
    if (taken.has(code)) continue;
    taken.add(code);
    return code;
  }
  throw new Error('no free code drawn');
}

/** `count` picks out of 0 … size − 1, the k-th being chosen 1/k as often as the first (Zipf, exponent 1). */
export function zipfPicks(size: number, count: number): readonly number[] {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let at = 0; at < size; at += 1) {
    sum += 1 / (at + 1);
    sums[at] = sum;
  }
  return Array.from({ length: count }, () => {
    const wanted = Math.random() * sum;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}
