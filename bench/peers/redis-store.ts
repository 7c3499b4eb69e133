// The store of the two Redis peers: hashes, and one script for each request, called by its digest.

import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { PeerStore, StoredInvite } from './store.js';

type Reply = readonly [status: string, ...fields: (string | null)[]];

/** As ioredis gives its client the commands that scripts define. */
interface Commands {
  acceptInvite(inviteKey: string, code: string, userId: string, banKey: string): Promise<Reply>;
  readInvite(inviteKey: string): Promise<Reply>;
  createInvite(
    inviteKey: string,
    channelKey: string,
    channelId: string,
    userId: string,
    maxAgeS: number,
    maxUses: number,
    temporary: 0 | 1,
  ): Promise<Reply>;
}

export async function openRedisStore(url: string): Promise<PeerStore> {
  const redis = new Redis(url.startsWith('unix://') ? url.slice('unix://'.length) : url, {
    lazyConnect: true,
    // Measured here (wrk, 256 connections, hot invite): auto-pipelining takes a quarter off the throughput of both peers.
    enableAutoPipelining: false,
    maxRetriesPerRequest: 1,
  });
  redis.on('error', (error: Error) => console.error('redis:', error.message));
  await redis.connect();
  redis.defineCommand('acceptInvite', { numberOfKeys: 1, lua: script('accept') });
  redis.defineCommand('readInvite', { numberOfKeys: 1, lua: script('read') });
  redis.defineCommand('createInvite', { numberOfKeys: 2, lua: script('create') });
  const commands = redis as unknown as Commands;

  return {
    async accept({ code, userId, banKey }) {
      const [status, ...row] = await commands.acceptInvite(`invite:${code}`, code, userId, banKey);
      switch (status) {
        case 'accepted':
        case 'member':
          return { status, invite: toInvite(code, row) };
        case 'unknown':
        case 'banned':
        case 'ip_banned':
        case 'guild_full':
          return { status };
        default:
          throw new Error(`accept.lua: ${status}`);
      }
    },

    async read(code) {
      const [status, ...row] = await commands.readInvite(`invite:${code}`);
      return status === 'found' ? toInvite(code, row) : null;
    },

    async create({ code, channelId, userId, maxAgeS, maxUses, isTemporary }) {
      const [status, ...row] = await commands.createInvite(
        `invite:${code}`,
        `channel:${channelId}`,
        channelId,
        userId,
        maxAgeS,
        maxUses,
        isTemporary ? 1 : 0,
      );
      switch (status) {
        case 'created':
          return { status, invite: toInvite(code, row) };
        case 'unknown_channel':
        case 'missing_permissions':
        case 'taken':
          return { status };
        default:
          throw new Error(`create.lua: ${status}`);
      }
    },

    async close() {
      await redis.quit();
    },
  };
}

/** The text of a script, with the row that they all read and reply in front of it. */
function script(name: string): string {
  const read = (file: string) => readFileSync(new URL(`./${file}.lua`, import.meta.url), 'utf8');
  return `${read('invite-row')}\n${read(name)}`;
}

/** The fields in the order of invite-row.lua. */
function toInvite(code: string, row: readonly (string | null)[]): StoredInvite {
  return {
    code,
    guildId: row[0] ?? '',
    channelId: row[1] ?? '',
    inviterId: row[2] ?? '',
    createdAtMs: Number(row[3]),
    expiresAtMs: row[4] ? Number(row[4]) : null,
    maxAgeS: Number(row[5]),
    maxUses: Number(row[6]),
    uses: Number(row[7]),
    isTemporary: row[8] === '1',
    version: Number(row[9]),
    guildJson: row[10] ?? '',
    channelJson: row[11] ?? null,
    inviterJson: row[12] ?? null,
  };
}
