// What the directory shows of a world, in the JSON that the peers keep ready for their answers.

import type { WorldGuild } from '../contender.js';

/** The world's channels have no names of their own. */
const CHANNEL_NAME = 'general';

export function guildJson({ id, name }: WorldGuild): string {
  return JSON.stringify({ id, name, icon_hash: null, banner_hash: null, splash_hash: null, features: [] });
}

export function channelJson({ channelId }: WorldGuild): string {
  return JSON.stringify({ id: channelId, name: CHANNEL_NAME, type: 0 });
}

export function userJson(user: {
  readonly id: string;
  readonly username: string;
  readonly discriminator: number;
}): string {
  const { id, username, discriminator } = user;
  return JSON.stringify({ id, username, discriminator, avatar_hash: null });
}

/** Parts of at most `size`, in order. */
export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
