// The engine: every verb over one store, for the HTTP side and for whoever embeds it.

import type { Caller, MaybeCaller } from '../invite/caller.js';
import type { Snowflake } from '../invite/id.js';
import type { InviteRecord } from '../invite/records.js';
import type { Traceparent } from '../invite/trace.js';
import type { WantedVersion } from '../invite/version.js';
import { type Client, SOMEBODY } from '../store/batcher.js';
import type { InviteEdit, ListPage } from '../store/invites.js';
import type { Store } from '../store/store.js';
import { accept } from './accept.js';
import { type CreateRequest, create, createOnce, type Once } from './create.js';
import * as bans from './directory-bans.js';
import * as guilds from './directory-guilds.js';
import * as people from './directory-people.js';
import { edit } from './edit.js';
import { listChannel, listGuild } from './list.js';
import { putInvite } from './put-invite.js';
import { read } from './read.js';
import { revoke } from './revoke.js';
import { getVanity, setVanity } from './vanity.js';

export interface EngineOptions {
  /** Characters of a generated code, 6–10. */
  readonly codeLength: number;
  /** Live invites that a guild or group DM may have. */
  readonly maxInvitesPerGuild: number;
}

type MaybeTrace = Traceparent | null;

const WHOLE_LIST: ListPage = { limit: null, after: null };

export type Engine = ReturnType<typeof createEngine>;

export function createEngine(store: Store, options: EngineOptions) {
  const limits = { codeLength: options.codeLength, invitesMax: options.maxInvitesPerGuild };
  const { directory } = store;
  // `trace`, wherever it is taken: that of the request, for the events that come of it (W3C traceparent).
  return {
    /** `wantsCounts` false: of a revision that was told before, its counts may be missing. `client`: whoever waits for the answer; if he goes before it was asked for, it is not. */
    read: (code: string, caller: MaybeCaller, wantsCounts = true, client: Client = SOMEBODY) =>
      read(store, code, caller, wantsCounts, client),
    accept: (
      code: string,
      userId: Snowflake,
      banKey: string | null,
      client: Client = SOMEBODY,
      trace: MaybeTrace = null,
    ) => accept(store, code, userId, banKey, client, trace),
    revoke: (code: string, caller: Caller, wanted: WantedVersion = 'any', trace: MaybeTrace = null) =>
      revoke(store, code, caller, wanted, trace),
    edit: (
      code: string,
      caller: Caller,
      changes: InviteEdit,
      wanted: WantedVersion = 'any',
      trace: MaybeTrace = null,
    ) => edit(store, code, caller, wanted, changes, trace),
    create: (request: CreateRequest, caller: Caller, trace: MaybeTrace = null) =>
      create(store, limits, request, caller, trace),
    createOnce: (request: CreateRequest, caller: Caller, once: Once, trace: MaybeTrace = null) =>
      createOnce(store, limits, request, caller, once, trace),
    listGuild: (guildId: Snowflake, caller: Caller, page: ListPage = WHOLE_LIST) =>
      listGuild(store, guildId, caller, page),
    listChannel: (channelId: Snowflake, caller: Caller, page: ListPage = WHOLE_LIST) =>
      listChannel(store, channelId, caller, page),
    getVanity: (guildId: Snowflake, caller: Caller) => getVanity(store, guildId, caller),
    setVanity: (
      guildId: Snowflake,
      caller: Caller,
      code: string | null,
      wanted: WantedVersion = 'any',
      trace: MaybeTrace = null,
    ) => setVanity(store, guildId, caller, code, wanted, trace),

    putGuild: guilds.putGuild.bind(null, store),
    getGuild: guilds.getGuild.bind(null, store),
    deleteGuild: guilds.deleteGuild.bind(null, store),
    putChannel: guilds.putChannel.bind(null, store),
    getChannel: guilds.getChannel.bind(null, store),
    deleteChannel: guilds.deleteChannel.bind(null, store),
    putMember: guilds.putMember.bind(null, store),
    getMember: guilds.getMember.bind(null, store),
    deleteMember: directory.deleteMember,
    putBan: bans.putBan.bind(null, store),
    getBan: bans.getBan.bind(null, store),
    deleteBan: bans.deleteBan.bind(null, store),
    putIpBan: bans.putIpBan.bind(null, store),
    getIpBan: bans.getIpBan.bind(null, store),
    deleteIpBan: bans.deleteIpBan.bind(null, store),
    putGroupDm: people.putGroupDm.bind(null, store),
    getGroupDm: people.getGroupDm.bind(null, store),
    deleteGroupDm: people.deleteGroupDm.bind(null, store),
    putUser: people.putUser.bind(null, store),
    getUser: people.getUser.bind(null, store),
    deleteUser: directory.deleteUser,
    disconnect: directory.disconnect,
    putInvite: (invite: InviteRecord) => putInvite(store, limits.invitesMax, invite),

    /** Rejects while the engine can't serve. */
    checkReady: () => store.checkReady(),
  };
}
